// Inputs that a model takes, where any will do.
#pragma once

#include <torch/torch.h>

#include <cstdint>

#include "worker/runner/models/model.hpp"

namespace espalier::runner {

// Normally distributed floats [batch, …input_shape], or token ids below the vocabulary; drawn from `seed`.
torch::Tensor example_input(const ModelInfo& info, std::int64_t batch, std::uint64_t seed);

// The same, or floats between 0 and 1 if a net needs them: inputs for which all `models` give finite numbers.
// Throws ErrorException if neither will do.
torch::Tensor finite_example(const std::vector<Model>& models, std::int64_t batch, std::uint64_t seed);

}  // namespace espalier::runner
