#include "worker/runner/compress/prunable.hpp"
#include "worker/runner/symbol.hpp"

#include <torch/csrc/jit/passes/inliner.h>

#include <map>
#include <optional>
#include <set>

namespace espalier::runner {
namespace {

using torch::jit::Block;
using torch::jit::Node;
using torch::jit::Value;

// "layer1.0.conv1.weight" if the value is read by a chain of attributes from self.
std::optional<std::string> attribute_path(const Value* value, const Value* self) {
  if (value == self) return std::string();
  const Node* node = value->node();
  if (node->kind() != c10::prim::GetAttr) return std::nullopt;
  auto owner = attribute_path(node->input(), self);
  if (!owner) return std::nullopt;
  const auto& name = node->s(c10::attr::name);
  return owner->empty() ? name : *owner + "." + name;
}

// A weight may be transposed on its way to a matrix product.
const Value* before_transposition(const Value* value) {
  const auto kind = value->node()->kind();
  const bool transposes =
      kind == c10::aten::t || kind == symbol("aten::transpose") || kind == symbol("aten::permute");
  return transposes ? before_transposition(value->node()->input(0)) : value;
}

struct Slots {
  LayerType type;
  std::size_t weight;
  std::optional<std::size_t> bias;
};

std::optional<Slots> slots_of(const Node* node) {
  const auto kind = node->kind();
  if (kind == symbol("aten::conv2d") || kind == symbol("aten::_convolution") ||
      kind == symbol("aten::convolution")) {
    return Slots{LayerType::conv2d, 1, 2};
  }
  if (kind == symbol("aten::linear")) return Slots{LayerType::linear, 1, 2};
  if (kind == symbol("aten::addmm")) return Slots{LayerType::linear, 2, 0};
  if (kind == symbol("aten::matmul") || kind == symbol("aten::mm"))
    return Slots{LayerType::linear, 1, std::nullopt};
  return std::nullopt;
}

struct Search {
  const Value* self;
  std::map<std::string, at::Tensor> parameters;
  std::set<std::string> seen;
  std::vector<PrunableParameter> found;

  void take(const Value* value, const std::string& layer, const std::string& role, LayerType type) {
    const auto path = attribute_path(before_transposition(value), self);
    if (!path || !parameters.contains(*path) || !seen.insert(*path).second) return;
    found.push_back({*path, layer, role, type, parameters.at(*path)});
  }

  void visit(const Node* node) {
    for (const Block* block : node->blocks()) visit(block);
    const auto slots = slots_of(node);
    if (!slots) return;
    const auto weight_path = attribute_path(before_transposition(node->input(slots->weight)), self);
    if (!weight_path || !parameters.contains(*weight_path)) return;
    const auto expected_dim = slots->type == LayerType::conv2d ? 4 : 2;
    if (parameters.at(*weight_path).dim() != expected_dim) return;
    const auto dot = weight_path->rfind('.');
    const auto layer = dot == std::string::npos ? *weight_path : weight_path->substr(0, dot);
    take(node->input(slots->weight), layer, "weight", slots->type);
    if (slots->bias) take(node->input(*slots->bias), layer, "bias", slots->type);
  }

  void visit(const Block* block) {
    for (const Node* node : block->nodes()) visit(node);
  }
};

}  // namespace

std::vector<PrunableParameter> prunable_parameters(const torch::jit::Module& module) {
  auto graph = module.get_method("forward").graph()->copy();
  torch::jit::Inline(*graph);
  Search search{graph->inputs().at(0), {}, {}, {}};
  for (const auto& entry : module.named_parameters()) search.parameters.emplace(entry.name, entry.value);
  search.visit(graph->block());
  return std::move(search.found);
}

}  // namespace espalier::runner
