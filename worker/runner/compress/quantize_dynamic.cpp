#include <torch/csrc/jit/passes/dead_code_elimination.h>

#include "worker/runner/compress/glob.hpp"
#include "worker/runner/compress/packed_weights.hpp"
#include "worker/runner/compress/quantize.hpp"

namespace espalier::runner {

QuantizedNet quantize_dynamic(const torch::jit::Module& module, const QuantizePlan& plan) {
  const torch::NoGradGuard no_gradients;
  auto net = freeze_for_inference(module);
  auto graph = net.graph();
  QuantizedNet result;
  for (const auto& layer : layers_of(net)) {
    if (layer.is_convolution || matches_any(plan.skip, layer.name)) {
      result.float_layers.push_back(layer.name);
      continue;
    }
    Value* packed = attach(net, "packed_" + std::to_string(result.quantized_layers.size()),
                           packed_weights(layer, plan.per_channel, 0), layer.node);
    torch::jit::WithInsertPoint at(layer.node);
    Value* reduce_range = graph->insertConstant(plan.activation.bits < 8);
    Node* run = graph->insertNode(graph->create(c10::Symbol::fromQualString("quantized::linear_dynamic"),
                                                {layer.input(), packed, reduce_range}, 1));
    layer.node->output()->replaceAllUsesWith(run->output());
    layer.node->destroy();
    result.quantized_layers.push_back(layer.name);
  }
  torch::jit::EliminateDeadCode(graph);
  result.module = net.module;
  return result;
}

}  // namespace espalier::runner
