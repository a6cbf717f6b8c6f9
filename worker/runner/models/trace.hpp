// From torch::nn to TorchScript, and the rewriting that makes a traced graph trainable.
#pragma once

#include <torch/script.h>

#include <cstdint>
#include <vector>

#include "worker/runner/models/net.hpp"

namespace espalier::runner {

// A module with `net`'s parameters and buffers under the same dotted names (shared, not copied) and its
// forward pass as one flat graph. It is in evaluation mode.
torch::jit::Module trace(Net& net, const std::vector<std::int64_t>& input_shape);

// A trace bakes the mode it was made in into its batch norms and dropouts. This makes every constant
// `training` argument of module.forward follow the attribute `training` of the module, which train() and
// eval() set.
void follow_training_attribute(torch::jit::Module& module);

}  // namespace espalier::runner
