// What a net costs on paper: multiply-accumulates, parameters, zeros.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "worker/runner/models/model.hpp"

namespace espalier::runner {

struct OperatorCost {
  std::int64_t calls = 0;
  std::int64_t macs = 0;
};

struct MacCount {
  std::int64_t total = 0;  // of one forward pass of `input`
  std::map<std::string, OperatorCost> by_operator;
  // Operators that ran and for which we know neither a rule nor that they multiply nothing, with their calls:
  // their cost is missing from `total`.
  std::map<std::string, std::int64_t> without_rule;
};

// One multiplication with its addition is one MAC. Counted: convolutions, linear layers, matrix products
// (attention's too, fused or not), in fp32 and int8. Batch norm, activations, pooling, element-wise operators
// count as 0: their cost is memory. An operator that is made of others counts as those.
MacCount count_macs(Model& model, const at::Tensor& input);
// The same of whatever `run` computes on this thread.
MacCount count_macs(const std::function<void()>& run);

struct WeightCount {
  std::int64_t params = 0;        // elements of all parameters; of an int8 net also of its packed weights
  std::int64_t weights = 0;       // of those, elements of tensors with two or more dimensions
  std::int64_t zero_weights = 0;  // of those, exactly 0
  [[nodiscard]] double sparsity() const {
    return weights == 0 ? 0.0 : static_cast<double>(zero_weights) / static_cast<double>(weights);
  }
};

WeightCount count_weights(const Model& model);

}  // namespace espalier::runner
