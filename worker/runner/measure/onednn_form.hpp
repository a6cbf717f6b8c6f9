// A net whose convolutions and linear layers are oneDNN primitives that take the additions and activations
// behind them along.
#pragma once

#include <torch/script.h>

#include "worker/runner/measure/onednn_layer.hpp"

namespace espalier::runner {

// Folded, for inputs of this shape; values between convolutions lie as `layout` says, all others with the
// channels innermost. Throws if oneDNN has nothing for one of the layers.
torch::jit::Module fused_form(const torch::jit::Module& module, const at::Tensor& example,
                              LayerLayout layout);

}  // namespace espalier::runner
