// A net as it is deployed: a graph whose parameters are constants, batch norms folded into convolutions,
// nothing written in place, and its convolutions and linear layers recognised whatever way they were written.
// Works on any graph that LibTorch can freeze; what it doesn't recognise stays as it is.
#pragma once

#include <torch/script.h>

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace espalier::runner {

using torch::jit::Node;
using torch::jit::Value;

// A convolution or linear layer whose weight and bias are constants.
struct Layer {
  Node* node = nullptr;
  std::string name;            // path of its weight without ".weight"; "layer3" if the weight has none
  std::size_t input_slot = 0;  // which of the node's inputs is the activation
  at::Tensor weight;           // convolution: [out, in / groups, kh, kw]; linear: [out, in]
  at::Tensor bias;             // [out], or undefined
  bool is_convolution = false;
  std::vector<std::int64_t> stride, padding, dilation;  // two each; convolution only
  std::int64_t groups = 1;

  // Read from the node each time: rewriting an earlier layer replaces it.
  [[nodiscard]] Value* input() const { return node->input(input_slot); }
};

struct FrozenNet {
  torch::jit::Module module;
  std::unordered_map<const Node*, std::string> names;  // of layers, by node

  [[nodiscard]] std::shared_ptr<torch::jit::Graph> graph() const {
    return module.get_method("forward").graph();
  }
  [[nodiscard]] Value* self() const { return graph()->inputs().at(0); }
  [[nodiscard]] Value* image_input() const { return graph()->inputs().at(1); }
};

// `module` itself is left alone; its tensors are shared where they don't change. Throws c10::Error if it
// can't be frozen.
FrozenNet freeze_for_inference(const torch::jit::Module& module);

// 2-D convolutions (not transposed, padding given as numbers) and linear layers (linear, addmm, matmul with a
// constant matrix) of the graph's top level, in order.
std::vector<Layer> layers_of(const FrozenNet& net);

// The node's value if it is a constant: a tensor, a number, a list of integers, a bool.
std::optional<c10::IValue> constant_of(const Value* value);

// The only user of `value`, or nullptr if it has several, or is returned.
Node* only_user(const Value* value);

// Puts an object (packed weights) into the module as attribute `name` and reads it before `where`.
Value* attach(FrozenNet& net, const std::string& name, const c10::IValue& object, Node* where);

// aten::view demands a memory layout that channels-last values lack; aten::reshape gives the same numbers.
void replace_views_by_reshapes(FrozenNet& net);

}  // namespace espalier::runner
