// The stage `quantize`.
#include "worker/runner/compress/quantize.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "common/base/log.hpp"
#include "worker/runner/data/dataset.hpp"
#include "worker/runner/fields.hpp"
#include "worker/runner/libtorch_version.hpp"
#include "worker/runner/refuse.hpp"
#include "worker/runner/task.hpp"

namespace espalier::runner {
namespace {

constexpr std::int64_t kCalibrationSamples = 512;
constexpr std::int64_t kCalibrationBatch = 64;
constexpr std::int64_t kCalibrationStream = 0x0ca1;  // keeps this draw apart from the training's shuffles

Observer observer_from(const std::string& name) {
  if (name == "minmax") return Observer::minmax;
  if (name == "histogram") return Observer::histogram;
  if (name == "percentile") return Observer::percentile;
  refuse("quantize.observer is \"" + name + "\"", "use minmax, histogram or percentile");
}

QuantizePlan plan_from(const json::object& fields, const std::string& engine) {
  if (integer_field(fields, "bits", 8) != 8)
    refuse("quantize.bits is not 8", "dynamic and static make 8-bit nets");
  const auto weights = text_field(fields, "weight_scheme", "per_channel");
  if (weights != "per_channel" && weights != "per_tensor") {
    refuse("quantize.weight_scheme is \"" + weights + "\"", "use per_channel or per_tensor");
  }
  QuantizePlan plan;
  plan.per_channel = weights == "per_channel";
  plan.activation.observer = observer_from(text_field(fields, "observer", "histogram"));
  plan.activation.symmetric = bool_field(fields, "symmetric", false);
  plan.activation.bits = engine_saturates(engine) ? 7 : 8;
  plan.skip = texts_field(fields, "skip");
  return plan;
}

// Calibration batches from the train subset: the same samples, in the same order, each time it is called.
ForEachBatch calibration_of(TaskContext& task) {
  const auto& dataset = load_dataset(data_of(task), seed_of(task));
  const auto wanted = integer_field(settings_of(task), "calibration_samples", kCalibrationSamples);
  if (wanted < 1) refuse("quantize.calibration_samples is below 1", "a few hundred are enough");
  const auto count = std::min(wanted, dataset.train.size());
  const auto indices =
      shuffled_indices(dataset.train.size(), seed_of(task), kCalibrationStream).slice(0, 0, count);
  return [&task, &dataset, indices, count](const std::function<void(const at::Tensor&)>& take) {
    for (std::int64_t first = 0; first < count; first += kCalibrationBatch) {
      const auto last = std::min(count, first + kCalibrationBatch);
      take(batch_images(dataset, dataset.train, indices.slice(0, first, last)));
      task.progress(0.9 * static_cast<double>(last) / static_cast<double>(count), "calibrating", {});
    }
  };
}

QuantizedNet quantized(TaskContext& task, const std::string& method, const Model& model,
                       const QuantizePlan& plan) {
  if (method == "dynamic") return quantize_dynamic(model.module, plan);
  if (method == "static") return quantize_static(model.module, plan, calibration_of(task));
  refuse("quantize.method \"" + method + "\" is not one this runner knows", "use dynamic or static");
}

Metric layer_count(std::string name, const std::vector<std::string>& layers) {
  Metric metric;
  metric.name = std::move(name);
  metric.value = static_cast<double>(layers.size());
  return metric;
}

}  // namespace

TaskOutcome run_quantize(TaskContext& task) {
  const auto& fields = settings_of(task);
  const auto method = text_field(fields, "method", "static");
  auto model = model_of(task);
  if (model.info.form != "fp32") refuse("the model is already int8", "quantize once in a pipeline");
  const auto engine = select_quantized_engine(text_field(fields, "engine", "auto"));
  const auto plan = plan_from(fields, engine);
  auto net = quantized(task, method, model, plan);
  log::info("engine {}, activations in {} bits; int8: {}; float: {}", engine, plan.activation.bits,
            fmt::join(net.quantized_layers, ", "), fmt::join(net.float_layers, ", "));
  if (net.quantized_layers.empty()) {
    throw ErrorException(
        method == "dynamic"
            ? Error{ErrorKind::failed, "no linear layer: dynamic quantization has nothing to do",
                    "use method = \"static\""}
            : Error{ErrorKind::failed, "no convolution or linear layer that could be quantized",
                    "check quantize.skip, and that the model's weights are constants once it is frozen"});
  }
  model.module = net.module;
  model.info.form = "int8";
  model.info.engine = engine;
  const auto path = task.folder / "model.pt";
  save_model(model, path);
  task.progress(1.0, fmt::format("{} layers in int8 by {}", net.quantized_layers.size(), engine), {});
  return {
      {layer_count("quantized_layers", net.quantized_layers), layer_count("float_layers", net.float_layers)},
      {{"model", path}}};
}

}  // namespace espalier::runner
