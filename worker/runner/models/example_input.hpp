// Inputs that a model takes, where any will do.
#pragma once

#include <torch/torch.h>

#include <cstdint>

#include "worker/runner/models/model.hpp"

namespace espalier::runner {

// Normally distributed floats [batch, …input_shape], or token ids below the vocabulary; drawn from `seed`.
torch::Tensor example_input(const ModelInfo& info, std::int64_t batch, std::uint64_t seed);

}  // namespace espalier::runner
