#include "worker/runner/measure/layout_forms.hpp"

#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>

#include "worker/runner/compress/frozen_graph.hpp"
#include "worker/runner/compress/probe.hpp"
#include "worker/runner/symbol.hpp"

namespace espalier::runner {
namespace {

using torch::jit::Module;

c10::IValue call_prepack(const char* name, std::vector<c10::IValue> stack) {
  c10::Dispatcher::singleton().findSchemaOrThrow(name, "").callBoxed(&stack);
  return stack.at(0);
}

// The image, laid out channels-last as the graph's first step.
void take_input_channels_last(FrozenNet& net) {
  auto graph = net.graph();
  Value* input = net.image_input();
  torch::jit::WithInsertPoint at(*graph->nodes().begin());
  Value* layout = graph->insertConstant(static_cast<std::int64_t>(at::MemoryFormat::ChannelsLast));
  torch::jit::Node* convert =
      graph->insertNode(graph->create(symbol("aten::contiguous"), {input, layout}, 1));
  input->replaceAllUsesWith(convert->output());
  convert->replaceInput(0, input);
}

void lay_out_weights_channels_last(FrozenNet& net) {
  auto graph = net.graph();
  for (const auto& layer : layers_of(net)) {
    if (!layer.is_convolution) continue;
    torch::jit::WithInsertPoint at(layer.node);
    layer.node->replaceInput(1,
                             graph->insertConstant(layer.weight.contiguous(at::MemoryFormat::ChannelsLast)));
  }
}

void make_channels_last(FrozenNet& net) {
  replace_views_by_reshapes(net);
  take_input_channels_last(net);
  lay_out_weights_channels_last(net);
}

void prepack_convolutions(FrozenNet& net, const at::Tensor& example) {
  auto graph = net.graph();
  std::vector<Layer> convolutions;
  for (auto& layer : layers_of(net)) {
    if (layer.is_convolution) convolutions.push_back(std::move(layer));
  }
  std::vector<Value*> inputs;
  for (const auto& convolution : convolutions) inputs.push_back(convolution.input());
  const auto seen = Probe(net, inputs).look(example);
  for (std::size_t i = 0; i < convolutions.size(); ++i) {
    const auto& layer = convolutions[i];
    torch::jit::Node* relu = only_user(layer.node->output());
    const bool fuse = relu != nullptr && relu->kind() == c10::aten::relu;
    const c10::IValue bias = layer.bias.defined() ? c10::IValue(layer.bias) : c10::IValue();
    const auto packed =
        call_prepack("mkldnn_prepacked::conv2d_prepack",
                     {layer.weight, bias, layer.stride, layer.padding, layer.dilation, layer.groups,
                      seen[i].sizes().vec(), std::string(fuse ? "relu" : "none")});
    Value* context = attach(net, "prepacked_" + std::to_string(i), packed, layer.node);
    torch::jit::WithInsertPoint at(layer.node);
    torch::jit::Node* run =
        graph->insertNode(graph->create(symbol("mkldnn_prepacked::conv2d_run"), {layer.input(), context}, 1));
    (fuse ? relu : layer.node)->output()->replaceAllUsesWith(run->output());
    if (fuse) relu->destroy();
    layer.node->destroy();
  }
  torch::jit::EliminateDeadCode(graph);
}

}  // namespace

Module channels_last_form(const Module& module) {
  auto net = freeze_for_inference(module);
  make_channels_last(net);
  return net.module;
}

Module prepacked_form(const Module& module, const at::Tensor& example, bool channels_last) {
  const c10::InferenceMode no_gradients;
  auto net = freeze_for_inference(module);
  prepack_convolutions(net, example);
  if (channels_last) {
    replace_views_by_reshapes(net);
    take_input_channels_last(net);
  }
  return net.module;
}

}  // namespace espalier::runner
