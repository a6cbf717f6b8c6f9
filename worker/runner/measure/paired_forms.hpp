// A net in its best form, or two in turns.
#pragma once

#include "worker/runner/measure/best_form.hpp"
#include "worker/runner/measure/placements.hpp"

namespace espalier::runner {

// One net; the only arm. Its form's time depends on where it lies, see placements.
PlacedLatency measure_alone(const Form& model, const LatencyPlan& plan,
                            const std::function<void(double)>& on_progress);

// Arms: the model, the baseline. Where the quick searches have chosen different forms for the two, chance may
// have: then both forms of both are timed, and each net keeps the one that was faster in the end.
PlacedLatency measure_pair(Form& model, Form& baseline, const LatencyPlan& plan,
                           const std::function<void(double)>& on_progress);

}  // namespace espalier::runner
