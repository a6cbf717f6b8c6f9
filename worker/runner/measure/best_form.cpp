#include "worker/runner/measure/best_form.hpp"

#include <torch/csrc/jit/runtime/graph_executor.h>

#include <algorithm>
#include <limits>

#include "common/base/result.hpp"
#include "worker/runner/compress/frozen_graph.hpp"
#include "worker/runner/libtorch_version.hpp"
#include "worker/runner/measure/layout_forms.hpp"
#include "worker/runner/measure/onednn_form.hpp"
#include "worker/runner/measure/race.hpp"

namespace espalier::runner {
namespace {

constexpr double kFp32Tolerance = 1e-4;
// Another order of fp32 sums can tip a value to the next of 127 steps.
constexpr double kInt8Tolerance = 5e-2;
constexpr double kBf16Tolerance = 5e-2;

using torch::jit::Module;

Module bf16_copy(const Module& module) {
  auto copy = module.deepcopy();
  copy.eval();
  copy.to(at::kBFloat16);
  return copy;
}

double relative_difference(const at::Tensor& reference, const at::Tensor& other) {
  if (reference.sizes() != other.sizes()) return std::numeric_limits<double>::infinity();
  const double scale = std::max(reference.abs().max().item<double>(), 1e-6);
  return (reference - other).abs().max().item<double>() / scale;
}

// One forward pass: images in fp32 go in, scores in fp32 come out. Without gradients, and without the
// profiling executor, whose recompilations would land in samples.
using Pass = std::function<at::Tensor()>;

Pass fp32_pass(const Module& module, const at::Tensor& input) {
  return [form = module, input]() mutable {
    const c10::InferenceMode no_gradients;
    const torch::jit::GraphOptimizerEnabledGuard plain(false);
    return form.forward({input}).toTensor();
  };
}

// Of a net whose weights are bf16.
Pass bf16_pass(const Module& module, const at::Tensor& input) {
  return [form = module, input]() mutable {
    const c10::InferenceMode no_gradients;
    const torch::jit::GraphOptimizerEnabledGuard plain(false);
    const auto images = input.is_floating_point() ? input.to(at::kBFloat16) : input;
    return form.forward({images}).toTensor().to(at::kFloat);
  };
}

// Of a net whose weights are fp32.
Pass autocast_pass(const Module& module, const at::Tensor& input) {
  return [form = module, input]() mutable {
    const c10::InferenceMode no_gradients;
    const torch::jit::GraphOptimizerEnabledGuard plain(false);
    const Arithmetic arithmetic(Precision::bf16);
    return form.forward({input}).toTensor().to(at::kFloat);
  };
}

// A way to run a net: its weights in a number format, its layers in a layout.
struct Maker {
  std::string format;  // empty: the net's own
  std::string layout;
  std::function<Pass(const Module&, const at::Tensor& input)> make;
};

struct Layout {
  std::string name;
  std::function<Module(const Module&, const at::Tensor& input)> lay_out;
};

// Those that any number format can take.
std::vector<Layout> layouts() {
  return {
      {"as is", [](const Module& module, const at::Tensor&) { return module; }},
      {"folded", [](const Module& module, const at::Tensor&) { return freeze_for_inference(module).module; }},
      {"folded channels-last",
       [](const Module& module, const at::Tensor&) { return channels_last_form(module); }}};
}

std::vector<Layout> fp32_layouts() {
  auto all = layouts();
  all.push_back({"folded prepacked", [](const Module& module, const at::Tensor& input) {
                   return prepacked_form(module, input, false);
                 }});
  all.push_back({"folded prepacked channels-last", [](const Module& module, const at::Tensor& input) {
                   return prepacked_form(module, input, true);
                 }});
  for (const auto& [name, values] : {std::pair{"fused channels-last", LayerLayout::channels_last},
                                     {"fused", LayerLayout::fastest_alone},
                                     {"fused blocked", LayerLayout::onednn}})
    all.push_back({name, [values = values](const Module& module, const at::Tensor& input) {
                     return fused_form(module, input, values);
                   }});
  return all;
}

std::vector<Maker> fp32_makers() {
  std::vector<Maker> makers;
  for (const auto& layout : fp32_layouts())
    makers.push_back({"", layout.name, [layout](const Module& module, const at::Tensor& input) {
                        return fp32_pass(layout.lay_out(module, input), input);
                      }});
  return makers;
}

std::vector<Maker> bf16_makers() {
  std::vector<Maker> makers;
  for (const auto& layout : layouts())
    makers.push_back({"bf16 ", layout.name, [layout](const Module& module, const at::Tensor& input) {
                        return bf16_pass(layout.lay_out(bf16_copy(module), input), input);
                      }});
  for (const auto& layout : layouts())
    makers.push_back(
        {"bf16 autocast, ", layout.name, [layout](const Module& module, const at::Tensor& input) {
           return autocast_pass(layout.lay_out(module, input), input);
         }});
  return makers;
}

// Objects of C++ code that can't be copied stay where they are, for all of their net.
Module copy_of(const Module& module) {
  try {
    return module.deepcopy();
  } catch (const std::exception&) {
    return module;
  }
}

// Packed weights are packed anew by the engine that is current.
std::function<std::function<void()>()> maker_of_copies(const Maker& maker, const Module& module,
                                                       const at::Tensor& input, const std::string& engine) {
  return [make = maker.make, module, input, engine]() -> std::function<void()> {
    if (!engine.empty()) select_quantized_engine(engine);
    return [pass = make(copy_of(module), input.clone())] { pass(); };
  };
}

void choose_fastest(Form& form, const std::vector<Arm>& contenders, double budget_s) {
  if (contenders.empty()) return;
  const auto seconds = race_times(contenders, budget_s);
  const auto fastest =
      static_cast<std::size_t>(std::min_element(seconds.begin(), seconds.end()) - seconds.begin());
  form.name = contenders[fastest].name;
  form.run = contenders[fastest].run;
  for (auto& candidate : form.candidates) {
    if (candidate.name == form.name) form.difference = candidate.difference;
    for (std::size_t i = 0; i < contenders.size(); ++i)
      if (candidate.name == contenders[i].name) candidate.median_s = seconds[i];
  }
}

}  // namespace

Form best_form(Model& model, const at::Tensor& input, Precision precision, double budget_s) {
  model.module.eval();
  const bool int8 = model.info.form == "int8";
  const bool half = precision == Precision::bf16 && !int8;
  const std::string prefix = int8 ? "int8 " + model.info.engine + ", " : "";
  const double tolerance = int8 ? kInt8Tolerance : half ? kBf16Tolerance : kFp32Tolerance;
  const auto reference = fp32_pass(model.module, input)();
  Form best;
  std::vector<Arm> contenders;
  for (const auto& maker : half ? bf16_makers() : fp32_makers()) {
    Candidate candidate;
    candidate.name = prefix + maker.format + maker.layout;
    candidate.layout = maker.layout;
    try {
      const auto pass = maker.make(model.module, input);
      candidate.difference = relative_difference(reference, pass());
      // Written so that a difference that isn't a number is refused too.
      if (!(candidate.difference <= tolerance)) {
        candidate.rejected = "other numbers than the net itself";
      } else {
        contenders.push_back({candidate.name, [pass] { pass(); }});
        candidate.anew =
            maker_of_copies(maker, model.module, input, int8 ? model.info.engine : std::string());
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
