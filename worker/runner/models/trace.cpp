#include "worker/runner/models/trace.hpp"

#include <torch/csrc/jit/frontend/tracer.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>
#include <torch/csrc/jit/passes/inliner.h>
#include <torch/csrc/jit/passes/shape_analysis.h>

#include <optional>
#include <unordered_set>

namespace espalier::runner {
namespace {

namespace jit = torch::jit;

jit::Module mirror(const torch::nn::Module& net, const std::shared_ptr<jit::CompilationUnit>& unit) {
  jit::Module module(c10::QualifiedName("__torch__.espalier.Net"), unit, /*shouldMangle=*/true);
  for (const auto& item : net.named_parameters(/*recurse=*/false))
    module.register_parameter(item.key(), item.value(), /*is_buffer=*/false);
  for (const auto& item : net.named_buffers(/*recurse=*/false))
    module.register_buffer(item.key(), item.value());
  for (const auto& item : net.named_children())
    module.register_module(item.key(), mirror(*item.value(), unit));
  return module;
}

// Position of the `training` argument, by operator.
std::optional<std::size_t> training_argument(const jit::Node& node) {
  static const std::unordered_set<c10::Symbol> kDropouts = {c10::aten::dropout,
                                                            c10::aten::dropout_,
                                                            c10::aten::feature_dropout,
                                                            c10::aten::feature_dropout_,
                                                            c10::aten::alpha_dropout,
                                                            c10::aten::alpha_dropout_,
                                                            c10::aten::feature_alpha_dropout,
                                                            c10::aten::feature_alpha_dropout_};
  if (node.kind() == c10::aten::batch_norm) return 5;
  if (kDropouts.contains(node.kind())) return 2;
  return std::nullopt;
}

void collect_baked(jit::Block* block, std::vector<std::pair<jit::Node*, std::size_t>>& found) {
  for (auto* node : block->nodes()) {
    if (const auto position = training_argument(*node);
        position && node->input(*position)->node()->kind() == c10::prim::Constant)
      found.emplace_back(node, *position);
    for (auto* inner : node->blocks()) collect_baked(inner, found);
  }
}

}  // namespace

void follow_training_attribute(jit::Module& module) {
  auto graph = module.get_method("forward").graph();
  jit::Inline(*graph);
  std::vector<std::pair<jit::Node*, std::size_t>> baked;
  collect_baked(graph->block(), baked);
  if (!module.hasattr("training")) module.register_attribute("training", c10::BoolType::get(), false);
  if (baked.empty()) return;
  jit::WithInsertPoint at_start(*graph->nodes().begin());
  auto* training = graph->insertGetAttr(graph->inputs()[0], "training");
  for (const auto& [node, position] : baked) node->replaceInput(position, training);
  jit::EliminateDeadCode(graph);
}

jit::Module trace(Net& net, const std::vector<std::int64_t>& input_shape) {
  // In evaluation mode a batch norm doesn't count its batches, which would be traced as an in-place addition.
  net.eval();
  auto unit = std::make_shared<jit::CompilationUnit>();
  auto module = mirror(net, unit);
  auto sizes = input_shape;
  sizes.insert(sizes.begin(), 2);
  auto example = torch::zeros(sizes);
  const auto forward = [&net](jit::Stack inputs) -> jit::Stack {
    return {net.forward(inputs.at(0).toTensor())};
  };
  const auto unnamed = [](const torch::Tensor&) -> std::string { return ""; };
  auto graph = jit::tracer::trace({example}, forward, unnamed, /*strict=*/true, /*force_outplace=*/false,
                                  &module, {"images"})
                   .first->graph;
  jit::EraseShapeInformation(graph);
  auto* function = unit->create_function(c10::QualifiedName(*module.type()->name(), "forward"), graph);
  module.type()->addMethod(function);
  follow_training_attribute(module);
  module.eval();
  return module;
}

}  // namespace espalier::runner
