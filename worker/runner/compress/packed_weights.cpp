#include "worker/runner/compress/packed_weights.hpp"

#include <ATen/core/dispatch/Dispatcher.h>

#include <cmath>

namespace espalier::runner {
namespace {

// Engines add the bias as a 32-bit integer in units of input scale x weight scale; four spare bits leave room
// for the products.
constexpr double kBiasLimit = static_cast<double>(1 << 27);

std::vector<double> bias_limits(const Layer& layer, double input_scale) {
  std::vector<double> limits;
  if (!layer.bias.defined() || input_scale <= 0) return limits;
  const auto bias = layer.bias.data().to(at::kDouble).contiguous();
  const auto* data = bias.data_ptr<double>();
  for (std::int64_t c = 0; c < bias.numel(); ++c)
    limits.push_back(std::abs(data[c]) / (input_scale * kBiasLimit));
  return limits;
}

c10::IValue call_quantized(const char* name, std::vector<c10::IValue> stack) {
  c10::Dispatcher::singleton().findSchemaOrThrow(name, "").callBoxed(&stack);
  return stack.at(0);
}

}  // namespace

c10::IValue packed_weights(const Layer& layer, bool per_channel, double input_scale) {
  const auto weight = quantize_weight(layer.weight, per_channel, bias_limits(layer, input_scale));
  const auto bias = layer.bias.defined() ? c10::IValue(layer.bias.data().contiguous()) : c10::IValue();
  if (!layer.is_convolution) return call_quantized("quantized::linear_prepack", {weight, bias});
  return call_quantized("quantized::conv2d_prepack",
                        {weight, bias, layer.stride, layer.padding, layer.dilation, layer.groups});
}

}  // namespace espalier::runner
