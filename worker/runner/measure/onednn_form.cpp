#include "worker/runner/measure/onednn_form.hpp"

#include <torch/csrc/jit/passes/dead_code_elimination.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <unordered_map>

#include "worker/runner/compress/probe.hpp"
#include "worker/runner/symbol.hpp"

namespace espalier::runner {
namespace {

// A layer and what directly follows it: what one primitive does.
struct Fusion {
  FusedLayer fused;
  Node* add = nullptr;
  Value* added = nullptr;
  Node* activation = nullptr;

  [[nodiscard]] Node* last() const {
    return activation != nullptr ? activation : add != nullptr ? add : fused.layer.node;
  }
};

bool is_operator(const Node* node, const char* name) {
  return node->kind() == symbol(name);
}

std::optional<double> number_at(const Node* node, std::size_t input) {
  const auto constant = constant_of(node->input(input));
  if (!constant || !constant->isScalar()) return std::nullopt;
  return constant->toScalar().toDouble();
}

std::optional<FusedActivation> activation_of(const Node* node) {
  using Kind = FusedActivation::Kind;
  if (is_operator(node, "aten::relu")) return FusedActivation{Kind::relu};
  if (is_operator(node, "aten::relu6")) return FusedActivation{Kind::clip, 0, 6};
  if (is_operator(node, "aten::silu")) return FusedActivation{Kind::silu};
  if (is_operator(node, "aten::hardswish")) return FusedActivation{Kind::hardswish};
  if (is_operator(node, "aten::sigmoid")) return FusedActivation{Kind::sigmoid};
  if (is_operator(node, "aten::hardtanh")) {
    const auto low = number_at(node, 1), high = number_at(node, 2);
    if (low && high) return FusedActivation{Kind::clip, *low, *high};
  }
  if (is_operator(node, "aten::gelu")) {
    const auto kind = constant_of(node->input(1));
    if (kind && kind->isString() && kind->toStringRef() == "none") return FusedActivation{Kind::gelu};
  }
  return std::nullopt;
}

// What `node` adds to `value`, if it is an addition of two tensors as they are.
Value* added_to(const Value* value, Node* node) {
  if (node == nullptr || !is_operator(node, "aten::add") || node->inputs().size() != 3) return nullptr;
  if (number_at(node, 2) != 1.0) return nullptr;
  Value* other = node->input(0) == value ? node->input(1) : node->input(0);
  const bool is_tensor = other->type()->isSubtypeOf(*c10::TensorType::get());
  return is_tensor && other != value && other->node()->kind() != c10::prim::Constant ? other : nullptr;
}

// Additions are looked at before it is known whether the two shapes are the same.
std::vector<Fusion> possible_fusions(const FrozenNet& net) {
  std::vector<Fusion> fusions;
  for (auto& layer : layers_of(net)) {
    Fusion fusion;
    Node* user = only_user(layer.node->output());
    if (Value* added = added_to(layer.node->output(), user); added != nullptr) {
      fusion.add = user;
      fusion.added = added;
    }
    fusion.fused.layer = std::move(layer);
    fusions.push_back(std::move(fusion));
  }
  return fusions;
}

// Shapes of every layer's input and output, and of what is added to it.
void settle_by_shapes(FrozenNet& net, std::vector<Fusion>& fusions, const at::Tensor& example) {
  std::vector<Value*> values;
  for (const auto& fusion : fusions) {
    Value* output = fusion.fused.layer.node->output();
    values.insert(values.end(), {fusion.fused.layer.input(), output, fusion.added ? fusion.added : output});
  }
  const auto seen = Probe(net, values).look(example);
  std::set<const Node*> taken;
  std::int64_t numbers = 0;
  for (std::size_t i = 0; i < fusions.size(); ++i)
    numbers += fusions[i].fused.layer.weight.numel() + seen[3 * i + 1].numel();
  for (std::size_t i = 0; i < fusions.size(); ++i) {
    auto& fusion = fusions[i];
    fusion.fused.input_sizes = seen[3 * i].sizes().vec();
    fusion.fused.bytes_of_net = numbers * static_cast<std::int64_t>(sizeof(float));
    const auto &output = seen[3 * i + 1], &added = seen[3 * i + 2];
    const bool same = output.sizes() == added.sizes() && added.scalar_type() == at::kFloat;
    // Where two layers are added, the first takes the second's result along.
    if (fusion.add != nullptr && (!same || !taken.insert(fusion.add).second)) fusion.add = nullptr;
    fusion.fused.adds = fusion.add != nullptr;
    Node* before = fusion.fused.adds ? fusion.add : fusion.fused.layer.node;
    Node* user = only_user(before->output());
    const auto activation = user != nullptr ? activation_of(user) : std::nullopt;
    if (!activation) continue;
    fusion.activation = user;
    fusion.fused.activation = *activation;
  }
}

bool can_be_packed(const Fusion& fusion) {
  const auto& layer = fusion.fused.layer;
  return layer.weight.scalar_type() == at::kFloat &&
         (!layer.is_convolution || fusion.fused.input_sizes.size() == 4);
}

// Which layer made a value that lies in its own layout.
using Makers = std::unordered_map<const Value*, c10::IValue>;

c10::IValue maker_of(const Makers& makers, const Value* value) {
  const auto found = makers.find(value);
  return found != makers.end() ? found->second : c10::IValue();
}

void replace(FrozenNet& net, Fusion& fusion, std::size_t number, Makers& makers) {
  auto graph = net.graph();
  auto& fused = fusion.fused;
  Node* last = fusion.last();
  std::vector<Value*> inputs = {fused.layer.input()};
  if (fused.adds) inputs.push_back(added_to(fused.layer.node->output(), fusion.add));
  fused.input_from = maker_of(makers, inputs.front());
  if (fused.adds) fused.added_from = maker_of(makers, inputs.back());
  const auto packed = pack_layer(fused);
  inputs.push_back(attach(net, "onednn_" + std::to_string(number), packed, last));
  torch::jit::WithInsertPoint at(last);
  const char* name = fused.adds ? "espalier::run_layer_add" : "espalier::run_layer";
  Node* run = graph->insertNode(graph->create(symbol(name), inputs, 1));
  if (fused.keeps_layout) makers.emplace(run->output(), packed);
  last->output()->replaceAllUsesWith(run->output());
}

// A value that convolutions alone read may lie as they like it best.
void let_layouts_be_kept(std::vector<Fusion>& fusions, LayerLayout layout) {
  std::set<const Node*> convolutions;
  for (const auto& fusion : fusions) {
    if (!fusion.fused.layer.is_convolution) continue;
    convolutions.insert(fusion.fused.layer.node);
    if (fusion.fused.adds) convolutions.insert(fusion.add);
  }
  for (auto& fusion : fusions) {
    if (!fusion.fused.layer.is_convolution) continue;
    const auto& uses = fusion.last()->output()->uses();
    fusion.fused.layout = layout;
    fusion.fused.keeps_layout = std::all_of(uses.begin(), uses.end(), [&](const torch::jit::Use& use) {
      return convolutions.contains(use.user);
    });
  }
}

// Operators whose result shares no memory with what they read.
bool gives_new_memory(const Node* node) {
  constexpr std::array kOperators = {"espalier::run_layer",      "espalier::run_layer_add",
                                     "espalier::run_layer_add_", "aten::add",
                                     "aten::max_pool2d",         "aten::layer_norm"};
  return std::any_of(kOperators.begin(), kOperators.end(),
                     [&](const char* name) { return is_operator(node, name); });
}

bool is_read_last_by(const Value* value, const Node* node) {
  return std::all_of(value->uses().begin(), value->uses().end(), [&](const torch::jit::Use& use) {
    return use.user == node || (gives_new_memory(use.user) && use.user->isBefore(node));
  });
}

// A residual that nobody reads afterwards becomes the sum itself, instead of being copied first.
void add_in_place(FrozenNet& net) {
  std::vector<Node*> additions;
  for (Node* node : net.graph()->nodes()) {
    if (is_operator(node, "espalier::run_layer_add")) additions.push_back(node);
  }
  for (Node* node : additions) {
    Value* added = node->input(1);
    if (!gives_new_memory(added->node()) || !is_read_last_by(added, node) || node->input(0) == added)
      continue;
    torch::jit::WithInsertPoint at(node);
    Node* in_place =
        net.graph()->insertNode(net.graph()->create(symbol("espalier::run_layer_add_"), node->inputs(), 1));
    node->output()->replaceAllUsesWith(in_place->output());
    node->destroy();
  }
}

}  // namespace

torch::jit::Module fused_form(const torch::jit::Module& module, const at::Tensor& example,
                              LayerLayout layout) {
  const c10::InferenceMode no_gradients;
  auto net = freeze_for_inference(module);
  auto fusions = possible_fusions(net);
  settle_by_shapes(net, fusions, example);
  std::erase_if(fusions, [](const Fusion& fusion) { return !can_be_packed(fusion); });
  if (layout != LayerLayout::channels_last) let_layouts_be_kept(fusions, layout);
  // Who reads a value comes after who makes it.
  std::sort(fusions.begin(), fusions.end(), [](const Fusion& one, const Fusion& other) {
    return one.last() != other.last() && one.last()->isBefore(other.last());
  });
  Makers makers;
  for (std::size_t i = 0; i < fusions.size(); ++i) replace(net, fusions[i], i, makers);
  torch::jit::EliminateDeadCode(net.graph());
  add_in_place(net);
  replace_views_by_reshapes(net);
  return net.module;
}

}  // namespace espalier::runner
