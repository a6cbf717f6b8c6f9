#include "worker/runner/measure/latency.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "worker/runner/measure/conditions.hpp"
#include "worker/runner/measure/pace.hpp"

namespace espalier::runner {
namespace {

constexpr std::size_t kFewestOfSlowNets = 10;
constexpr double kBound = 5;                    // x min_seconds
constexpr std::size_t kFewestAtFullSpeed = 10;  // blocks
constexpr double kBlockSeconds = 0.001;   // a neighbour on the core comes and goes within a few of these
constexpr int kCalmLooks = 4;             // in a row, before a block
constexpr double kLongestWait_s = 0.005;  // for these
constexpr std::size_t kLongestBlock = 64;
constexpr double kWarmUpBound = 0.5;  // x min_seconds
constexpr double kWarmUpOfPart_s = 0.02;
constexpr double kWarmEnough = 0.02;  // medians of two windows in a row differ by less
constexpr int kStoppingReplicates = 200;
constexpr int kFinalReplicates = 2000;

// Below this, or below 2 % of the run, the difference of the clocks is the cost of reading them.
constexpr double kClockNoise = 5e-6;
constexpr double kClockNoisePart = 0.02;

struct Sample {
  double seconds = 0;  // without waiting
  double waited_s = 0;
};

Sample timed(const std::function<void()>& run, bool one_thread) {
  const double cpu_before = one_thread ? thread_cpu_seconds() : 0;
  const double start = monotonic_seconds();
  run();
  const double wall = monotonic_seconds() - start;
  if (!one_thread) return {wall, 0};
  const double waited = wall - (thread_cpu_seconds() - cpu_before);
  if (waited < std::max(kClockNoise, kClockNoisePart * wall)) return {wall, 0};
  return {wall - waited, waited};
}

// Returns the seconds of one run once warm.
double warm_up(const std::function<void()>& run, double bound_s, bool one_thread) {
  const double first = timed(run, one_thread).seconds;
  const auto window = static_cast<std::size_t>(std::clamp(bound_s / 8 / std::max(first, 1e-6), 2.0, 32.0));
  double spent = first;
  double previous = first;
  while (spent < bound_s) {
    std::vector<double> times(window);
    for (auto& time : times) {
      time = timed(run, one_thread).seconds;
      spent += time;
    }
    const double now = median(times);
    if (std::abs(now - previous) < kWarmEnough * now) return now;
    previous = now;
  }
  return previous;
}

struct Running {
  const Arm* arm = nullptr;
  ArmSamples samples;
  std::size_t block_length = 1;
  bool is_paced = false;
  double total_s = 0;  // without waiting
  double taken_s = 0;  // with it
  std::size_t count = 0;
};

// Of all arms together, the thrown-away first runs of blocks left out.
struct TimedTotals {
  double wall_s = 0;
  double cpu_s = 0;
  std::int64_t preemptions = 0;
};

// A neighbour comes and goes: a block that begins at full speed, and has seen it for a while, mostly ends so.
// Returns the last look's pace.
double wait_for_full_speed(Running& running) {
  const double begin = monotonic_seconds();
  double pace = core_pace();
  int looks = 0;
  while (looks < kCalmLooks && monotonic_seconds() - begin < kLongestWait_s) {
    looks = is_full_speed(pace) ? looks + 1 : 0;
    pace = core_pace();
  }
  running.taken_s += monotonic_seconds() - begin;
  return pace;
}

void run_block(Running& running, TimedTotals& totals, bool one_thread) {
  const double pace_before = running.is_paced ? wait_for_full_speed(running) : 0;
  // The other arm has just used the caches: the first run of a short block pays for that and isn't a sample.
  if (running.block_length > 1) running.arm->run();
  std::vector<double> block;
  std::vector<double> waited;
  const auto before = thread_usage_now();
  for (std::size_t i = 0; i < running.block_length; ++i) {
    const auto sample = timed(running.arm->run, one_thread);
    block.push_back(sample.seconds);
    waited.push_back(sample.waited_s);
    running.total_s += sample.seconds;
    running.taken_s += sample.seconds + sample.waited_s;
  }
  const auto after = thread_usage_now();
  totals.wall_s += after.wall_s - before.wall_s;
  totals.cpu_s += after.cpu_s - before.cpu_s;
  totals.preemptions += after.preemptions - before.preemptions;
  running.count += block.size();
  if (running.is_paced) running.samples.pace.push_back(worse_pace(pace_before, core_pace()));
  running.samples.blocks_s.push_back(std::move(block));
  running.samples.waited_s.push_back(std::move(waited));
}

bool has_the_least(const Running& running, const LatencyPlan& plan) {
  return running.total_s >= plan.min_seconds && running.count >= plan.fewest_samples;
}

// The blocks at the core's full speed.
Blocks undisturbed(const ArmSamples& samples) {
  Blocks blocks;
  for (std::size_t block = 0; block < samples.pace.size(); ++block)
    if (is_full_speed(samples.pace[block])) blocks.push_back(samples.blocks_s[block]);
  return blocks;
}

bool is_narrow(const Running& running, const LatencyPlan& plan) {
  const Blocks blocks = running.is_paced ? undisturbed(running.samples) : running.samples.blocks_s;
  if (running.is_paced && blocks.size() < kFewestAtFullSpeed) return false;
  const auto interval = median_interval(blocks, kStoppingReplicates, plan.seed);
  return (interval.high - interval.low) / 2 <= plan.target_ci * median(pooled(blocks));
}

bool past_the_bound(const Running& running, const LatencyPlan& plan) {
  return running.taken_s >= kBound * plan.min_seconds &&
         running.count >= std::min(kFewestOfSlowNets, plan.fewest_samples);
}

std::vector<std::size_t> shuffled(std::size_t count, SeededDraw& draw) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  for (std::size_t i = count; i > 1; --i) std::swap(order[i - 1], order[draw.below(i)]);
  return order;
}

}  // namespace

LatencyResult measure_latency(const std::vector<Arm>& arms, const LatencyPlan& plan,
                              const std::function<void(double)>& on_progress) {
  std::vector<Running> all;
  for (const auto& arm : arms) {
    const double bound_s = plan.is_part ? kWarmUpOfPart_s : std::max(kWarmUpBound * plan.min_seconds, 0.02);
    const double run_s = warm_up(arm.run, bound_s, plan.one_thread);
    const auto length = static_cast<std::size_t>(std::max(1.0, kBlockSeconds / std::max(run_s, 1e-7)));
    auto& running = all.emplace_back();
    running.arm = &arm;
    running.samples.name = arm.name;
    running.block_length = std::min(length, kLongestBlock);
    running.is_paced = plan.one_thread && run_s < kPaceHolds_s;
  }
  LatencyResult result;
  TimedTotals totals;
  SeededDraw draw(plan.seed);
  double next_check_s = 0;
  while (true) {
    for (const auto index : shuffled(all.size(), draw)) run_block(all[index], totals, plan.one_thread);
    const auto& slowest = *std::min_element(
        all.begin(), all.end(), [](const Running& a, const Running& b) { return a.total_s < b.total_s; });
    on_progress(std::min(1.0, slowest.total_s / plan.min_seconds));
    const auto within = [&](auto condition) {
      return std::all_of(all.begin(), all.end(), [&](const Running& r) { return condition(r, plan); });
    };
    if (slowest.total_s >= next_check_s && within(has_the_least)) {
      result.reached_target = plan.is_part || within(is_narrow);
      next_check_s = slowest.total_s * 1.2;
      if (result.reached_target) break;
    }
    if (within(past_the_bound)) break;
  }
  on_progress(1);  // also where the bound came before the seconds of runs
  result.busy = std::clamp(1.0 - totals.cpu_s / totals.wall_s, 0.0, 1.0);
  result.preemptions = totals.preemptions;
  for (auto& running : all) result.arms.push_back(std::move(running.samples));
  sum_up(result, plan.is_part ? 0 : kFinalReplicates, plan.seed);
  return result;
}

void sum_up(LatencyResult& result, int replicates, std::uint64_t seed) {
  std::size_t looked_at = 0;
  std::size_t at_full_speed = 0;
  for (auto& arm : result.arms) {
    arm.counted_s = undisturbed(arm);
    looked_at += arm.pace.size();
    at_full_speed += arm.counted_s.size();
    if (arm.counted_s.size() < kFewestAtFullSpeed) arm.counted_s = arm.blocks_s;
    arm.median_s = median(pooled(arm.counted_s));
    if (replicates > 0) arm.interval_s = median_interval(arm.counted_s, replicates, seed);
  }
  result.full_speed.reset();
  if (looked_at > 0) result.full_speed = static_cast<double>(at_full_speed) / static_cast<double>(looked_at);
}

}  // namespace espalier::runner
