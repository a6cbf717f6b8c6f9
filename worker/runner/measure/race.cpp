#include "worker/runner/measure/race.hpp"

#include <ATen/Parallel.h>

#include <algorithm>
#include <limits>

#include "worker/runner/measure/conditions.hpp"

namespace espalier::runner {
namespace {

constexpr double kFirstLook_s = 0.01;
constexpr double kWorthAHeat = 1.5;  // x the fastest of the first look
constexpr double kWorthTheFinal = 1.1;
constexpr std::size_t kFewestSamplesOfHeat = 3;
constexpr std::size_t kFewestSamplesOfFinal = 6;
constexpr double kLongerFinal = 4;  // than the heat

LatencyResult race(const std::vector<Arm>& contenders, double budget_s, std::size_t fewest_samples) {
  LatencyPlan plan;
  plan.min_seconds = budget_s;
  plan.is_part = true;
  plan.fewest_samples = fewest_samples;
  plan.one_thread = at::get_num_threads() == 1;
  return measure_latency(contenders, plan, [](double) {});
}

// By how much longer each arm took than the first one in the same round: what a slow moment of the machine
// changes least.
std::vector<double> times_of_first(const std::vector<ArmSamples>& arms) {
  std::vector<double> ratios;
  for (const auto& arm : arms)
    ratios.push_back(paired_ratio(arm.blocks_s, arms.front().blocks_s, /*replicates=*/1, /*seed=*/1).value);
  return ratios;
}

// Of one run that isn't the first, the shortest of as many as fit into a moment.
double first_look_s(const Arm& arm) {
  double shortest = std::numeric_limits<double>::infinity();
  for (double spent = 0; spent < kFirstLook_s;) {
    const double begin = running_seconds();
    arm.run();
    const double seconds = running_seconds() - begin;
    shortest = std::min(shortest, seconds);
    spent += seconds;
  }
  return shortest;
}

// Times those again, in turns, that took at most `limit` times as long as the fastest. The others keep their
// ratio to the fastest.
void race_again(const std::vector<Arm>& contenders, std::vector<double>& seconds, double limit,
                double budget_s, std::size_t fewest_samples) {
  const double fastest_before = *std::min_element(seconds.begin(), seconds.end());
  std::vector<std::size_t> places;
  std::vector<Arm> left;
  for (std::size_t i = 0; i < contenders.size(); ++i) {
    if (seconds[i] > limit * fastest_before) continue;
    places.push_back(i);
    left.push_back(contenders[i]);
  }
  if (left.size() == 1) return;
  const auto again = race(left, budget_s, fewest_samples);
  auto times = times_of_first(again.arms);
  for (auto& time : times) time *= again.arms.front().median_s;
  const double fastest = *std::min_element(times.begin(), times.end());
  for (auto& time : seconds) time *= fastest / fastest_before;
  for (std::size_t i = 0; i < places.size(); ++i) seconds[places[i]] = times[i];
}

}  // namespace

std::vector<double> race_times(const std::vector<Arm>& contenders, double budget_s) {
  std::vector<double> seconds;
  for (const auto& arm : contenders) seconds.push_back(first_look_s(arm));
  race_again(contenders, seconds, kWorthAHeat, budget_s, kFewestSamplesOfHeat);
  race_again(contenders, seconds, kWorthTheFinal, kLongerFinal * budget_s, kFewestSamplesOfFinal);
  return seconds;
}

}  // namespace espalier::runner
