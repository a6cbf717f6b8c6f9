// Which of several ways to run a net is fastest, found out quickly: a first look drops those that are far
// behind, a heat leaves those near the fastest, and these are timed longer.
#pragma once

#include <vector>

#include "worker/runner/measure/latency.hpp"

namespace espalier::runner {

// Seconds of each. Those that matter are interleaved like the measurement itself: timed one after the other,
// the machine's mood would choose. `budget_s`: timed seconds of each in the heat.
std::vector<double> race_times(const std::vector<Arm>& contenders, double budget_s);

}  // namespace espalier::runner
