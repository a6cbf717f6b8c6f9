// A net whose convolutions and linear layers are oneDNN primitives that take the additions and activations
// behind them along.
#pragma once

#include <torch/script.h>

namespace espalier::runner {

// Folded, for inputs of this shape; values lie with the channels innermost, or, between convolutions, as
// these are fastest (`any_layout`). Throws if oneDNN has nothing for one of the layers.
torch::jit::Module fused_form(const torch::jit::Module& module, const at::Tensor& example, bool any_layout);

}  // namespace espalier::runner
