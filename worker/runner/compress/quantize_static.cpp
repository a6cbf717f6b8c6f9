#include <fmt/format.h>

#include <fstream>
#include <string>

#include "common/base/result.hpp"
#include "worker/runner/compress/int8_rewriter.hpp"
#include "worker/runner/compress/probe.hpp"
#include "worker/runner/compress/quantize.hpp"

namespace espalier::runner {
namespace {

Parameters calibrate(FrozenNet& net, const std::vector<Value*>& values, const ActivationQuantization& how,
                     const ForEachBatch& calibration) {
  Probe probe(net, values);
  std::vector<ObservedRange> ranges(values.size());
  calibration([&](const at::Tensor& images) {
    const auto seen = probe.look(images);
    for (std::size_t i = 0; i < seen.size(); ++i) ranges[i].see_range(seen[i]);
  });
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    if (ranges[i].finite()) continue;
    throw ErrorException(
        {ErrorKind::failed,
         fmt::format("calibration gave a value that is not finite at \"{}\"", values[i]->debugName()),
         "the fp32 model already computes it: check its training"});
  }
  if (how.observer != Observer::minmax) {
    calibration([&](const at::Tensor& images) {
      const auto seen = probe.look(images);
      for (std::size_t i = 0; i < seen.size(); ++i) ranges[i].see_distribution(seen[i]);
    });
  }
  Parameters parameters;
  for (std::size_t i = 0; i < values.size(); ++i)
    parameters.emplace(values[i], parameters_for(ranges[i], how));
  return parameters;
}

}  // namespace

QuantizedNet quantize_static(const torch::jit::Module& module, const QuantizePlan& plan,
                             const ForEachBatch& calibration) {
  const torch::NoGradGuard no_gradients;
  auto net = freeze_for_inference(module);
  // int8 convolutions give channels-last values, for which a view is no longer possible.
  replace_views_by_reshapes(net);
  const auto values = values_to_calibrate(net, plan.skip);
  auto parameters = calibrate(net, values, plan.activation, calibration);
  return Int8Rewriter(net, plan, std::move(parameters)).rewrite();
}

bool engine_saturates(const std::string& engine) {
  if (engine == "qnnpack") return false;
  std::ifstream cpu("/proc/cpuinfo");
  std::string line;
  while (std::getline(cpu, line)) {
    if (!line.starts_with("flags")) continue;
    return line.find(" avx512_vnni") == std::string::npos && line.find(" avx_vnni") == std::string::npos;
  }
  // Not x86: the instruction in question doesn't exist.
  return false;
}

}  // namespace espalier::runner
