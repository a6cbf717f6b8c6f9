#include "worker/runner/compress/int8_rewriter.hpp"

#include <torch/csrc/jit/passes/dead_code_elimination.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "common/base/log.hpp"
#include "worker/runner/compress/glob.hpp"
#include "worker/runner/compress/packed_weights.hpp"
#include "worker/runner/symbol.hpp"

namespace espalier::runner {
namespace {

bool is_relu(const Node* node) {
  return node != nullptr && node->kind() == c10::aten::relu;
}

bool is_zero(const Value* value) {
  const auto constant = constant_of(value);
  return constant && constant->isScalar() && constant->toScalar().toDouble() == 0;
}

// Clamps from below at 0, as relu6 does: its own clamp from above stays an operator of its own.
bool is_relu_with_ceiling(const Node* node) {
  return node != nullptr && (node->kind() == c10::aten::relu6 ||
                             (node->kind() == c10::aten::hardtanh && is_zero(node->input(1))));
}

bool is_sum(const Node* node) {
  return node->kind() == c10::aten::add && node->inputs().size() == 3 &&
         node->input(0)->type()->isSubtypeOf(*c10::TensorType::get()) &&
         node->input(1)->type()->isSubtypeOf(*c10::TensorType::get()) && !constant_of(node->input(0)) &&
         !constant_of(node->input(1)) && constant_of(node->input(2)) &&
         constant_of(node->input(2))->toScalar().toDouble() == 1;
}

bool is_concatenation(const Node* node) {
  return node->kind() == c10::aten::cat && node->input(0)->node()->kind() == c10::prim::ListConstruct;
}

// Operators whose int8 kernel keeps the scale of what comes in. A pad must fill with 0, which every scale
// has.
bool follows_its_input(const Node* node) {
  static const std::set<std::string_view> kNames = {"aten::relu",
                                                    "aten::relu6",
                                                    "aten::hardtanh",
                                                    "aten::clamp",
                                                    "aten::max_pool2d",
                                                    "aten::avg_pool2d",
                                                    "aten::adaptive_avg_pool2d",
                                                    "aten::mean",
                                                    "aten::flatten",
                                                    "aten::reshape",
                                                    "aten::view",
                                                    "aten::squeeze",
                                                    "aten::unsqueeze",
                                                    "aten::permute",
                                                    "aten::transpose",
                                                    "aten::contiguous",
                                                    "aten::dropout",
                                                    "aten::slice",
                                                    "aten::select",
                                                    "aten::constant_pad_nd"};
  const std::string_view name = node->kind().toQualString();
  if (name == "aten::constant_pad_nd") return is_zero(node->input(2));
  return kNames.contains(name) && node->outputs().size() == 1;
}

bool asks_only_for_shape(const Node* node) {
  return node->kind() == c10::aten::size || node->kind() == c10::aten::dim;
}

// int8 pooling wants two numbers where fp32 takes one for both sides, and the stride written out.
void spell_out_pooling(Node* pool, torch::jit::Graph& graph) {
  const std::string_view name = pool->kind().toQualString();
  if (name != "aten::max_pool2d" && name != "aten::avg_pool2d") return;
  const auto kernel = constant_of(pool->input(1));
  torch::jit::WithInsertPoint at(pool);
  for (std::size_t i = 1; i < pool->inputs().size(); ++i) {
    const auto constant = constant_of(pool->input(i));
    if (!constant || !constant->isIntList()) continue;
    auto sizes = constant->toIntVector();
    constexpr std::size_t kStride = 2;
    if (i == kStride && sizes.empty() && kernel) sizes = kernel->toIntVector();
    if (sizes.size() == 1) sizes.push_back(sizes.front());
    pool->replaceInput(i, graph.insertConstant(sizes));
  }
}

// The value that leaves the operator: after the relu that its int8 kernel takes along.
Value* result_of(Node* node) {
  Node* user = only_user(node->output());
  return is_relu(user) || is_relu_with_ceiling(user) ? user->output() : node->output();
}

}  // namespace

std::vector<Value*> values_to_calibrate(const FrozenNet& net, const std::vector<std::string>& skip) {
  std::vector<Value*> values;
  std::set<const Value*> seen;
  const auto want = [&](Value* value) {
    if (seen.insert(value).second) values.push_back(value);
  };
  for (const auto& layer : layers_of(net)) {
    if (matches_any(skip, layer.name)) continue;
    want(layer.input());
    want(result_of(layer.node));
  }
  for (Node* node : net.graph()->nodes()) {
    if (is_sum(node)) want(result_of(node));
    if (is_concatenation(node)) want(node->output());
  }
  return values;
}

Int8Rewriter::Int8Rewriter(FrozenNet& net, const QuantizePlan& plan, Parameters parameters)
    : net_(net), graph_(net.graph()), plan_(plan), parameters_(std::move(parameters)) {
  for (auto& layer : layers_of(net)) layers_.emplace(layer.node, layer);
}

QuantizedNet Int8Rewriter::rewrite() {
  const std::vector<Node*> nodes(graph_->nodes().begin(), graph_->nodes().end());
  for (Node* node : nodes) visit(node);
  hand_out_floats();
  for (auto node = replaced_.rbegin(); node != replaced_.rend(); ++node) (*node)->destroy();
  torch::jit::EliminateDeadCode(graph_);
  result_.module = net_.module;
  return std::move(result_);
}

void Int8Rewriter::visit(Node* node) {
  const bool already_taken_along = std::find(replaced_.begin(), replaced_.end(), node) != replaced_.end();
  if (already_taken_along) return;
  const auto layer = layers_.find(node);
  if (layer != layers_.end()) {
    auto& list = visit_layer(layer->second) ? result_.quantized_layers : result_.float_layers;
    list.push_back(layer->second.name);
    return;
  }
  if (visit_sum(node) || visit_concatenation(node) || visit_follower(node)) return;
  if (asks_only_for_shape(node)) {
    if (const auto* input = produced(node->input(0))) node->replaceInput(0, input->value);
  }
}

const Int8Rewriter::Quantized* Int8Rewriter::produced(const Value* value) const {
  const auto found = quantized_.find(value);
  return found != quantized_.end() && found->second.produced ? &found->second : nullptr;
}

Value* Int8Rewriter::quantized_input(Value* value, Node* where) {
  const auto found = quantized_.find(value);
  if (found != quantized_.end()) return found->second.value;
  const auto parameters = parameters_.at(value);
  torch::jit::WithInsertPoint at(where);
  Node* quantize = graph_->insertNode(graph_->create(
      symbol("aten::quantize_per_tensor"),
      {value, graph_->insertConstant(parameters.scale), graph_->insertConstant(parameters.zero_point),
       graph_->insertConstant(static_cast<std::int64_t>(at::kQUInt8))},
      1));
  quantized_[value] = {quantize->output(), parameters, false};
  return quantize->output();
}

void Int8Rewriter::produce(const char* name, std::vector<Value*> inputs, Value* stands_for, Node* where) {
  const auto parameters = parameters_.at(stands_for);
  torch::jit::WithInsertPoint at(where);
  inputs.push_back(graph_->insertConstant(parameters.scale));
  inputs.push_back(graph_->insertConstant(parameters.zero_point));
  Node* node = graph_->insertNode(graph_->create(symbol(name), inputs, 1));
  quantized_[stands_for] = {node->output(), parameters, true};
  in_order_.push_back(stands_for);
}

bool Int8Rewriter::visit_layer(const Layer& layer) {
  if (matches_any(plan_.skip, layer.name)) return false;
  Node* node = layer.node;
  Node* user = only_user(node->output());
  const bool relu = is_relu(user);
  const bool ceiling = is_relu_with_ceiling(user);
  Value* out = result_of(node);
  c10::IValue packed;
  const auto known = quantized_.find(layer.input());
  const auto input_scale =
      known != quantized_.end() ? known->second.parameters.scale : parameters_.at(layer.input()).scale;
  try {
    packed = packed_weights(layer, plan_.per_channel, input_scale);
  } catch (const c10::Error& error) {
    log::warn("{} stays float: the engine refuses it: {}", layer.name, error.what_without_backtrace());
    return false;
  }
  Value* input = quantized_input(layer.input(), node);
  Value* weights = attach(net_, "packed_" + std::to_string(result_.quantized_layers.size()), packed, node);
  const bool rectified = relu || ceiling;
  const char* name = layer.is_convolution ? (rectified ? "quantized::conv2d_relu" : "quantized::conv2d")
                                          : (rectified ? "quantized::linear_relu" : "quantized::linear");
  if (!ceiling) {
    produce(name, {input, weights}, out, node);
  } else {
    // In the scale of the clamped value; the clamp itself follows as an int8 operator. Left to the saturation
    // of 8 bits it would be lost when activations use only 7 of them.
    parameters_[node->output()] = parameters_.at(out);
    produce(name, {input, weights}, node->output(), node);
  }
  replaced_.push_back(node);
  if (relu) replaced_.push_back(user);
  return true;
}

bool Int8Rewriter::visit_sum(Node* node) {
  if (!is_sum(node)) return false;
  const auto* a = produced(node->input(0));
  const auto* b = produced(node->input(1));
  // A float operand means a residual stream that lives in float: rounding it at every sum would cost
  // accuracy.
  if (a == nullptr || b == nullptr) return false;
  Node* user = only_user(node->output());
  const bool relu = is_relu(user);
  if (is_relu_with_ceiling(user)) parameters_[node->output()] = parameters_.at(user->output());
  produce(relu ? "quantized::add_relu" : "quantized::add", {a->value, b->value},
          relu ? user->output() : node->output(), node);
  replaced_.push_back(node);
  if (relu) replaced_.push_back(user);
  return true;
}

bool Int8Rewriter::visit_concatenation(Node* node) {
  if (!is_concatenation(node)) return false;
  std::vector<Value*> parts;
  for (const Value* part : node->input(0)->node()->inputs()) {
    const auto* integers = produced(part);
    if (integers == nullptr) return false;
    parts.push_back(integers->value);
  }
  Value* list = nullptr;
  {
    torch::jit::WithInsertPoint at(node);
    list = graph_->insertNode(graph_->createList(c10::TensorType::get(), parts))->output();
  }
  // quantized::cat(list, dim, scale, zero_point)
  produce("quantized::cat", {list, node->input(1)}, node->output(), node);
  replaced_.push_back(node);
  return true;
}

bool Int8Rewriter::visit_follower(Node* node) {
  if (!follows_its_input(node)) return false;
  const auto* input = produced(node->input(0));
  if (input == nullptr) return false;
  const auto parameters = input->parameters;
  Node* clone =
      graph_->createClone(node, [&](Value* value) { return value == node->input(0) ? input->value : value; });
  clone->output()->setType(c10::TensorType::get());
  clone->insertBefore(node);
  spell_out_pooling(clone, *graph_);
  quantized_[node->output()] = {clone->output(), parameters, true};
  in_order_.push_back(node->output());
  replaced_.push_back(node);
  return true;
}

void Int8Rewriter::hand_out_floats() {
  for (Value* value : in_order_) {
    Value* integers = quantized_.at(value).value;
    Node* dequantize = graph_->create(symbol("aten::dequantize"), {integers}, 1);
    dequantize->insertAfter(integers->node());
    value->replaceAllUsesWith(dequantize->output());
  }
}

}  // namespace espalier::runner
