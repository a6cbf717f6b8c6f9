// Where a net's weights happen to lie in memory moves its time by up to a percent, for as long as they lie
// there: two copies of one net differ by that, and no number of rounds shows it. So what is compared is timed
// in parts, each with all arms made anew at other places, and the parts tell how much the places matter
// (Mytkowicz et al. 2009; Curtsinger and Berger 2013).
#pragma once

#include "worker/runner/measure/latency.hpp"

namespace espalier::runner {

constexpr std::size_t kPlacements = 8;

struct PlacedArm {
  std::string name;
  std::function<std::function<void()>()> anew;  // one forward pass of the same net, its weights elsewhere
};

struct PlacedLatency {
  LatencyResult latency;            // of all parts together
  std::vector<std::size_t> rounds;  // of each part, in their order
};

// As measure_latency, with the plan's seconds and samples divided among kPlacements parts; and as many again,
// up to three times, until the medians' intervals over all parts are narrow enough.
PlacedLatency measure_in_placements(const std::vector<PlacedArm>& arms, const LatencyPlan& plan,
                                    const std::function<void(double)>& on_progress);

}  // namespace espalier::runner
