// The fastest way that we know to run a net at one batch size: speed-ups are taken against this, because
// against an untuned net anything looks fast. Candidates must give the same numbers as the net itself, or
// they don't count.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "worker/runner/models/model.hpp"
#include "worker/runner/precision.hpp"

namespace espalier::runner {

struct Candidate {
  std::string name;       // "as is", "folded", "folded channels-last", "folded prepacked", "folded prepacked
                          // channels-last", "fused channels-last", "fused" (onednn_form.hpp); "bf16 as
                          // is" …, "bf16 autocast, as is" …
  double median_s = 0;    // of the quick timing, comparable among candidates
  double difference = 0;  // largest, relative to the largest output
  std::string rejected;   // why it doesn't count; empty if it does
  std::string layout = {};  // its name without its number format
  // One forward pass of the same, its weights elsewhere in memory. Unset if it is rejected.
  std::function<std::function<void()>()> anew = {};
};

struct Form {
  std::string name;
  double difference = 0;              // the chosen candidate's
  std::function<void()> run;          // one forward pass of the input it was searched with, gradients off
  std::vector<Candidate> candidates;  // all that were tried
};

// Tries every candidate for about `budget_s` each. What an int8 model leaves in float is tuned like any fp32
// net, whatever `precision` says; its forms are named "int8 ENGINE, …". In bf16 either weights are
// converted beforehand or autocast converts what an operator gains by. The input is fp32 and taken as it
// lies, and the output is fp32: a form that wants another memory layout or number format pays for the
// conversion. Throws ErrorException if no candidate gives the fp32 model's numbers (largest difference over
// the largest output: 1e-4 in fp32, 5e-2 in bf16 and int8).
Form best_form(Model& model, const at::Tensor& input, Precision precision, double budget_s);

}  // namespace espalier::runner
