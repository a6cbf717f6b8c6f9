#include "worker/runner/measure/placements.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace espalier::runner {
namespace {

constexpr std::size_t kMostPasses = 2;
constexpr double kMostlyUndisturbed =
    0.75;  // a part with less of its blocks at full speed tells nothing of its places

// Blocks of many sizes that are held while arms are made, so that these get other places.
std::vector<std::unique_ptr<std::byte[]>> clutter(SeededDraw& draw) {
  constexpr std::size_t kBlocks = 48;
  constexpr std::size_t kSizes = 15;  // 64 bytes to 1 MiB
  std::vector<std::unique_ptr<std::byte[]>> blocks;
  for (std::size_t i = 0; i < kBlocks; ++i) {
    const std::size_t bytes = std::size_t{64} << draw.below(kSizes);
    blocks.push_back(std::make_unique<std::byte[]>(bytes / 2 + draw.below(bytes / 2) + 1));
  }
  return blocks;
}

LatencyPlan part_of(const LatencyPlan& plan) {
  LatencyPlan part = plan;
  part.min_seconds /= static_cast<double>(kPlacements);
  part.is_part = true;
  part.fewest_samples = (plan.fewest_samples + kPlacements - 1) / kPlacements;
  return part;
}

std::vector<Arm> made_anew(const std::vector<PlacedArm>& arms, SeededDraw& draw) {
  std::vector<std::size_t> order(arms.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[draw.below(i)]);
  std::vector<Arm> made(arms.size());
  for (const auto index : order) {
    const auto between = clutter(draw);
    made[index] = {arms[index].name, arms[index].anew()};
  }
  return made;
}

void append(PlacedLatency& whole, LatencyResult part) {
  const auto rounds = part.arms.front().blocks_s.size();
  const auto before = static_cast<double>(whole.rounds.size());
  whole.latency.busy = (whole.latency.busy * before + part.busy) / (before + 1);
  whole.latency.preemptions += part.preemptions;
  whole.rounds.push_back(rounds);
  if (whole.latency.arms.empty()) {
    whole.latency.arms = std::move(part.arms);
    return;
  }
  for (std::size_t i = 0; i < part.arms.size(); ++i) {
    auto& arm = whole.latency.arms[i];
    std::move(part.arms[i].blocks_s.begin(), part.arms[i].blocks_s.end(), std::back_inserter(arm.blocks_s));
    std::move(part.arms[i].waited_s.begin(), part.arms[i].waited_s.end(), std::back_inserter(arm.waited_s));
    arm.pace.insert(arm.pace.end(), part.arms[i].pace.begin(), part.arms[i].pace.end());
    // Near the limit of what can be judged by a look beside it one part was and another wasn't: none is.
    if (arm.pace.size() != arm.blocks_s.size()) arm.pace.clear();
  }
}

// Of the parts so far, by arm.
using MediansOfParts = std::vector<std::vector<double>>;

void note_medians(const LatencyResult& part, MediansOfParts& medians) {
  medians.resize(part.arms.size());
  if (part.full_speed.value_or(1) < kMostlyUndisturbed) return;
  for (std::size_t i = 0; i < part.arms.size(); ++i) medians[i].push_back(part.arms[i].median_s);
}

bool is_narrow(const ArmSamples& arm, const LatencyPlan& plan) {
  return (arm.interval_s.high - arm.interval_s.low) / 2 <= plan.target_ci * arm.median_s;
}

}  // namespace

PlacedLatency measure_in_placements(const std::vector<PlacedArm>& arms, const LatencyPlan& plan,
                                    const std::function<void(double)>& on_progress) {
  PlacedLatency whole;
  SeededDraw draw(plan.seed);
  auto part_plan = part_of(plan);
  std::vector<Arm> now;
  MediansOfParts medians;
  for (std::size_t pass = 0; pass < kMostPasses; ++pass) {
    for (std::size_t part = 0; part < kPlacements; ++part) {
      // Those of the part before are freed only then: the new ones can't take their places.
      now = made_anew(arms, draw);
      part_plan.seed = draw.next();
      auto measured = measure_latency(now, part_plan, [&](double fraction) {
        const double done = static_cast<double>(part) + fraction;
        if (pass == 0) on_progress(done / static_cast<double>(kPlacements));
      });
      note_medians(measured, medians);
      append(whole, std::move(measured));
    }
    sum_up(whole.latency, /*replicates=*/2000, plan.seed);
    for (std::size_t i = 0; i < medians.size(); ++i) {
      auto& arm = whole.latency.arms[i];
      arm.interval_s = interval_over_parts(arm.median_s, arm.interval_s, medians[i]);
    }
    whole.latency.reached_target = std::all_of(whole.latency.arms.begin(), whole.latency.arms.end(),
                                               [&](const ArmSamples& arm) { return is_narrow(arm, plan); });
    if (whole.latency.reached_target) break;
  }
  return whole;
}

}  // namespace espalier::runner
