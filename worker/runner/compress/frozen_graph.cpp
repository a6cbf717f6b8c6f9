#include "worker/runner/compress/frozen_graph.hpp"

#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/passes/constant_propagation.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>
#include <torch/csrc/jit/passes/freeze_module.h>
#include <torch/csrc/jit/passes/frozen_conv_folding.h>
#include <torch/csrc/jit/passes/fuse_linear.h>
#include <torch/csrc/jit/passes/inliner.h>
#include <torch/csrc/jit/passes/remove_dropout.h>
#include <torch/csrc/jit/passes/remove_mutation.h>

#include <algorithm>

namespace espalier::runner {
namespace {

using torch::jit::Graph;

bool is(const Node* node, const char* name) {
  return node->kind() == c10::Symbol::fromQualString(name);
}

std::optional<at::Tensor> constant_tensor(const Value* value) {
  const auto constant = constant_of(value);
  if (!constant || !constant->isTensor() || !constant->toTensor().defined()) return std::nullopt;
  return constant->toTensor();
}

// A bias: a constant tensor, or none.
bool read_bias(const Value* value, at::Tensor& bias) {
  const auto constant = constant_of(value);
  if (!constant || (!constant->isNone() && !constant->isTensor())) return false;
  if (constant->isTensor()) bias = constant->toTensor();
  return true;
}

std::optional<std::vector<std::int64_t>> pair_of(const Value* value) {
  const auto constant = constant_of(value);
  if (!constant || !constant->isIntList()) return std::nullopt;
  auto numbers = constant->toIntVector();
  if (numbers.size() == 1) numbers.push_back(numbers[0]);
  if (numbers.size() != 2) return std::nullopt;
  return numbers;
}

bool is_constant_number(const Value* value, double number) {
  const auto constant = constant_of(value);
  return constant && constant->isScalar() && constant->toScalar().toDouble() == number;
}

std::optional<Layer> convolution_of(Node* node) {
  const bool plain = is(node, "aten::conv2d");
  const bool general = is(node, "aten::_convolution") || is(node, "aten::convolution");
  if (!plain && !general) return std::nullopt;
  Layer layer;
  layer.node = node;
  layer.is_convolution = true;
  const auto weight = constant_tensor(node->input(1));
  const auto stride = pair_of(node->input(3));
  const auto padding = pair_of(node->input(4));
  const auto dilation = pair_of(node->input(5));
  if (!weight || weight->dim() != 4 || !weight->is_floating_point()) return std::nullopt;
  if (!read_bias(node->input(2), layer.bias) || !stride || !padding || !dilation) return std::nullopt;
  if (general) {
    const auto transposed = constant_of(node->input(6));
    if (!transposed || !transposed->isBool() || transposed->toBool()) return std::nullopt;
  }
  const auto groups = constant_of(node->input(general ? 8 : 6));
  if (!groups || !groups->isInt()) return std::nullopt;
  layer.weight = *weight;
  layer.stride = *stride;
  layer.padding = *padding;
  layer.dilation = *dilation;
  layer.groups = groups->toInt();
  return layer;
}

std::optional<Layer> linear_of(Node* node) {
  Layer layer;
  layer.node = node;
  if (is(node, "aten::linear")) {
    const auto weight = constant_tensor(node->input(1));
    if (!weight || !read_bias(node->input(2), layer.bias)) return std::nullopt;
    layer.weight = *weight;
  } else if (is(node, "aten::addmm")) {
    const auto matrix = constant_tensor(node->input(2));
    if (!matrix || !read_bias(node->input(0), layer.bias)) return std::nullopt;
    if (!is_constant_number(node->input(3), 1) || !is_constant_number(node->input(4), 1)) return std::nullopt;
    layer.input_slot = 1;
    layer.weight = matrix->t();
  } else if (is(node, "aten::matmul") || is(node, "aten::mm")) {
    const auto matrix = constant_tensor(node->input(1));
    if (!matrix || matrix->dim() != 2) return std::nullopt;
    layer.weight = matrix->t();
  } else {
    return std::nullopt;
  }
  if (layer.weight.dim() != 2 || !layer.weight.is_floating_point()) return std::nullopt;
  if (layer.bias.defined() && (layer.bias.dim() != 1 || layer.bias.size(0) != layer.weight.size(0))) {
    return std::nullopt;
  }
  return layer;
}

std::optional<Layer> layer_of(Node* node) {
  if (auto convolution = convolution_of(node)) return convolution;
  return linear_of(node);
}

std::string without_suffix(std::string path, const std::string& suffix) {
  if (path.ends_with(suffix)) path.resize(path.size() - suffix.size());
  return path;
}

// Freezing turns parameters into constants that share their memory: that is how a layer finds its name again.
// Must run before batch norms are folded, which makes new weights.
void name_layers(FrozenNet& net, const torch::jit::Module& original) {
  std::map<const void*, std::string> paths;
  for (const auto& entry : original.named_parameters()) {
    paths.emplace(entry.value.data_ptr(), without_suffix(entry.name, ".weight"));
  }
  for (const auto& entry : original.named_buffers()) {
    if (entry.value.numel() > 0) paths.emplace(entry.value.data_ptr(), without_suffix(entry.name, ".weight"));
  }
  int unnamed = 0;
  for (Node* node : net.graph()->nodes()) {
    const auto layer = layer_of(node);
    if (!layer) continue;
    ++unnamed;
    const auto found = paths.find(layer->weight.data_ptr());
    net.names[node] = found != paths.end() ? found->second : "layer" + std::to_string(unnamed);
  }
}

// C++'s torch::nn::Linear is a matrix product and an addition: one layer again. Its weight shares the memory
// of the matrix, by which it finds its name.
void join_products_with_biases(const std::shared_ptr<Graph>& graph) {
  std::vector<Node*> products;
  for (Node* node : graph->nodes())
    if (is(node, "aten::matmul") || is(node, "aten::mm")) products.push_back(node);
  for (Node* product : products) {
    const auto matrix = constant_tensor(product->input(1));
    Node* add = only_user(product->output());
    if (!matrix || matrix->dim() != 2 || add == nullptr || !is(add, "aten::add")) continue;
    if (add->inputs().size() != 3 || !is_constant_number(add->input(2), 1)) continue;
    Value* other = add->input(add->input(0) == product->output() ? 1 : 0);
    const auto bias = constant_tensor(other);
    if (!bias || bias->dim() != 1 || bias->size(0) != matrix->size(1)) continue;
    if (bias->scalar_type() != matrix->scalar_type()) continue;  // the addition also converts
    torch::jit::WithInsertPoint at(add);
    Value* weight = graph->insertConstant(matrix->t());
    Node* linear = graph->insertNode(
        graph->create(c10::Symbol::fromQualString("aten::linear"), {product->input(0), weight, other}, 1));
    add->output()->replaceAllUsesWith(linear->output());
    add->destroy();
    product->destroy();
  }
}

// What stochastic depth leaves behind once its dropout is gone: a dimension added and taken away again.
void erase_undone_dimensions(const std::shared_ptr<Graph>& graph) {
  for (Node* node : graph->nodes()) {
    if (!is(node, "aten::squeeze") || node->inputs().size() != 2) continue;
    const Node* before = node->input(0)->node();
    if (!is(before, "aten::unsqueeze")) continue;
    const auto added = constant_of(before->input(1)), taken = constant_of(node->input(1));
    if (added && taken && added->isInt() && taken->isInt() && added->toInt() == taken->toInt())
      node->output()->replaceAllUsesWith(before->input(0));
  }
}

}  // namespace

FrozenNet freeze_for_inference(const torch::jit::Module& module) {
  auto copy = module.clone();
  copy.eval();
  FrozenNet net;
  net.module = torch::jit::freeze_module(copy);
  auto graph = net.graph();
  torch::jit::Inline(*graph);
  torch::jit::RemoveTensorMutation(graph);
  torch::jit::FuseLinear(graph);
  torch::jit::ConstantPropagation(graph);
  join_products_with_biases(graph);
  name_layers(net, copy);
  torch::jit::FoldFrozenConvBatchnorm(graph);
  torch::jit::removeDropout(graph);
  erase_undone_dimensions(graph);
  torch::jit::EliminateDeadCode(graph);
  return net;
}

std::vector<Layer> layers_of(const FrozenNet& net) {
  std::vector<Layer> layers;
  int position = 0;
  for (Node* node : net.graph()->nodes()) {
    auto layer = layer_of(node);
    if (!layer) continue;
    ++position;
    const auto name = net.names.find(node);
    layer->name = name != net.names.end() ? name->second : "layer" + std::to_string(position);
    layers.push_back(std::move(*layer));
  }
  return layers;
}

std::optional<c10::IValue> constant_of(const Value* value) {
  // Spelled out: an IValue can itself be made of an empty optional, and would be None.
  const auto constant = torch::jit::toIValue(value);
  return constant.has_value() ? std::optional<c10::IValue>(*constant) : std::nullopt;
}

Node* only_user(const Value* value) {
  if (value->uses().size() != 1) return nullptr;
  Node* user = value->uses()[0].user;
  return user->kind() == c10::prim::Return || user->owningBlock() != value->node()->owningBlock() ? nullptr
                                                                                                  : user;
}

Value* attach(FrozenNet& net, const std::string& name, const c10::IValue& object, Node* where) {
  net.module.register_attribute(name, object.type(), object);
  auto graph = net.graph();
  torch::jit::WithInsertPoint at(where);
  Value* self = net.self();
  self->setType(net.module.type());
  return graph->insertGetAttr(self, name);
}

void replace_views_by_reshapes(FrozenNet& net) {
  auto graph = net.graph();
  std::vector<Node*> views;
  for (Node* node : graph->nodes()) {
    if (is(node, "aten::view") && node->inputs().size() == 2 &&
        node->input(1)->type()->kind() != c10::TypeKind::IntType) {
      views.push_back(node);
    }
  }
  for (Node* node : views) {
    torch::jit::WithInsertPoint at(node);
    Node* reshape = graph->insertNode(
        graph->create(c10::Symbol::fromQualString("aten::reshape"), {node->input(0), node->input(1)}, 1));
    node->output()->replaceAllUsesWith(reshape->output());
    node->destroy();
  }
}

}  // namespace espalier::runner
