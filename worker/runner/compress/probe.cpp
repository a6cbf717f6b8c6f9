#include "worker/runner/compress/probe.hpp"

namespace espalier::runner {
namespace {

std::shared_ptr<torch::jit::Graph> with_further_outputs(FrozenNet& net, const std::vector<Value*>& values) {
  auto graph = net.graph();
  const auto own = graph->outputs().size();
  for (Value* value : values) graph->registerOutput(value);
  auto copy = graph->copy();
  while (graph->outputs().size() > own) graph->eraseOutput(graph->outputs().size() - 1);
  return copy;
}

}  // namespace

Probe::Probe(FrozenNet& net, const std::vector<Value*>& values)
    : executor_(with_further_outputs(net, values), "probe"),
      self_(net.module._ivalue()),
      first_(net.graph()->outputs().size()) {}

std::vector<at::Tensor> Probe::look(const at::Tensor& input) {
  const c10::InferenceMode no_gradients;
  const torch::jit::GraphOptimizerEnabledGuard plain(false);
  torch::jit::Stack stack{self_, input};
  executor_.run(stack);
  std::vector<at::Tensor> seen;
  for (std::size_t i = first_; i < stack.size(); ++i) seen.push_back(stack[i].toTensor());
  return seen;
}

}  // namespace espalier::runner
