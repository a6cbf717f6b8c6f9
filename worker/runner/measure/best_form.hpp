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
                          // channels-last", "fused channels-last", "fused" (onednn_form.hpp)
  double median_s = 0;    // of the quick timing
  double difference = 0;  // largest, relative to the largest output
  std::string rejected;   // why it doesn't count; empty if it does
};

struct Form {
  std::string name;
  std::function<void()> run;          // one forward pass of the input it was searched with, gradients off
  std::vector<Candidate> candidates;  // all that were tried
};

// Tries every candidate for about `budget_s` each. What an int8 model leaves in float is tuned like any fp32
// net; its forms are named "int8 ENGINE, …". The input is taken as it lies: a form that wants another memory
// layout pays for the conversion. Throws ErrorException if no candidate gives the model's numbers (largest
// difference over the largest output: 1e-4 in fp32, 5e-2 in bf16 and int8).
Form best_form(Model& model, const at::Tensor& input, Precision precision, double budget_s);

// Folded and with every fp32 convolution prepacked by oneDNN for inputs of this shape, relus fused.
torch::jit::Module prepacked_form(const torch::jit::Module& module, const at::Tensor& example,
                                  bool channels_last);

// Folded; weights and activations with the channels innermost in memory.
torch::jit::Module channels_last_form(const torch::jit::Module& module);

}  // namespace espalier::runner
