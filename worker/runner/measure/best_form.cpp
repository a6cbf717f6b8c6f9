#include "worker/runner/measure/best_form.hpp"

#include <ATen/Parallel.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>
#include <torch/csrc/jit/runtime/graph_executor.h>

#include <algorithm>
#include <limits>
#include <memory>

#include "common/base/result.hpp"
#include "worker/runner/compress/frozen_graph.hpp"
#include "worker/runner/compress/probe.hpp"
#include "worker/runner/measure/latency.hpp"
#include "worker/runner/measure/onednn_form.hpp"
#include "worker/runner/symbol.hpp"

namespace espalier::runner {
namespace {

constexpr double kFp32Tolerance = 1e-4;
// Another order of fp32 sums can tip a value to the next of 127 steps.
constexpr double kInt8Tolerance = 5e-2;
constexpr double kBf16Tolerance = 5e-2;
constexpr std::size_t kFewestSearchSamples = 3;

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

// Weights in bf16, input and output in float.
Module bf16_copy(const Module& module) {
  auto copy = module.deepcopy();
  copy.eval();
  copy.to(at::kBFloat16);
  return copy;
}

at::Tensor output_of(const c10::IValue& value) {
  return value.toTensor().to(at::kFloat);
}

double relative_difference(const at::Tensor& reference, const at::Tensor& other) {
  if (reference.sizes() != other.sizes()) return std::numeric_limits<double>::infinity();
  const double scale = std::max(reference.abs().max().item<double>(), 1e-6);
  return (reference - other).abs().max().item<double>() / scale;
}

struct Maker {
  std::string name;
  std::function<Module()> make;
};

std::vector<Maker> makers_of(const Module& module, const at::Tensor& input, Precision precision) {
  std::vector<Maker> makers = {
      {"as is", [&] { return module; }},
      {"folded", [&] { return freeze_for_inference(module).module; }},
      {"folded channels-last", [&] { return channels_last_form(module); }},
  };
  if (precision == Precision::bf16) return makers;
  makers.push_back({"folded prepacked", [&] { return prepacked_form(module, input, false); }});
  makers.push_back({"folded prepacked channels-last", [&] { return prepacked_form(module, input, true); }});
  makers.push_back({"fused channels-last", [&] { return fused_form(module, input, false); }});
  makers.push_back({"fused", [&] { return fused_form(module, input, true); }});
  return makers;
}

// One forward pass without gradients and without the profiling executor, whose recompilations would land in
// samples.
std::function<void()> runner_of(const Module& module, const at::Tensor& input) {
  return [form = module, input]() mutable {
    const c10::InferenceMode no_gradients;
    const torch::jit::GraphOptimizerEnabledGuard plain(false);
    form.forward({input});
  };
}

at::Tensor run_once(Module module, const at::Tensor& input) {
  const c10::InferenceMode no_gradients;
  const torch::jit::GraphOptimizerEnabledGuard plain(false);
  return output_of(module.forward({input}));
}

// Interleaved like the measurement itself: timed one after the other, the machine's mood would choose.
void choose_fastest(Form& form, const std::vector<Arm>& contenders, double budget_s) {
  if (contenders.empty()) return;
  LatencyPlan plan;
  plan.min_seconds = budget_s;
  plan.target_ci = 1;
  plan.fewest_samples = kFewestSearchSamples;
  plan.one_thread = at::get_num_threads() == 1;
  const auto result = measure_latency(contenders, plan, [](double) {});
  std::size_t fastest = 0;
  for (std::size_t i = 0; i < contenders.size(); ++i) {
    for (auto& candidate : form.candidates) {
      if (candidate.name == contenders[i].name) candidate.median_s = result.arms[i].median_s;
    }
    if (result.arms[i].median_s < result.arms[fastest].median_s) fastest = i;
  }
  form.name = contenders[fastest].name;
  form.run = contenders[fastest].run;
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

Form best_form(Model& model, const at::Tensor& input, Precision precision, double budget_s) {
  model.module.eval();
  const bool int8 = model.info.form == "int8";
  const std::string prefix = int8 ? "int8 " + model.info.engine + ", " : "";
  const auto reference = run_once(model.module, input);
  const bool half = precision == Precision::bf16 && !int8;
  const Module timed = half ? bf16_copy(model.module) : model.module;
  const auto timed_input = half && input.is_floating_point() ? input.to(at::kBFloat16) : input;
  const double tolerance = int8 ? kInt8Tolerance : half ? kBf16Tolerance : kFp32Tolerance;
  Form best;
  std::vector<Arm> contenders;
  for (const auto& maker : makers_of(timed, timed_input, half ? Precision::bf16 : Precision::fp32)) {
    Candidate candidate;
    candidate.name = prefix + (half ? "bf16 " : "") + maker.name;
    try {
      const auto form = maker.make();
      candidate.difference = relative_difference(reference, run_once(form, timed_input));
      // Written so that a difference that isn't a number is refused too.
      if (!(candidate.difference <= tolerance)) {
        candidate.rejected = "other numbers than the net itself";
      } else {
        contenders.push_back({candidate.name, runner_of(form, timed_input)});
      }
    } catch (const std::exception& failure) {
      // One graph may lack what one form needs (a control flow, a data type); the others still stand.
      const std::string text = failure.what();
      candidate.rejected = text.substr(0, text.find('\n'));
    }
    best.candidates.push_back(std::move(candidate));
  }
  choose_fastest(best, contenders, budget_s);
  if (!best.run) {
    throw ErrorException(
        {ErrorKind::failed,
         "no form of the model reproduces its own output: " + best.candidates.front().rejected,
         half ? "use precision = \"fp32\"" : "check that the model is deterministic in eval mode"});
  }
  return best;
}

}  // namespace espalier::runner
