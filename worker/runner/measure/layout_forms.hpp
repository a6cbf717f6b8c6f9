// A net with its layers laid out for speed: the same operators, their weights and values elsewhere in memory.
#pragma once

#include <torch/script.h>

namespace espalier::runner {

// Folded; weights and activations with the channels innermost in memory.
torch::jit::Module channels_last_form(const torch::jit::Module& module);

// Folded and with every fp32 convolution prepacked by oneDNN for inputs of this shape, relus fused.
torch::jit::Module prepacked_form(const torch::jit::Module& module, const at::Tensor& example,
                                  bool channels_last);

}  // namespace espalier::runner
