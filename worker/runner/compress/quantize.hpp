// Post-training quantization of any frozen net, by rewriting its graph to LibTorch's int8 operators. Weights
// are symmetric int8, activations affine uint8; what has no int8 operator stays float between a dequantize
// and a quantize.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "worker/runner/compress/frozen_graph.hpp"
#include "worker/runner/compress/quantization_range.hpp"

namespace espalier::runner {

struct QuantizePlan {
  bool per_channel = true;
  ActivationQuantization activation;
  std::vector<std::string> skip;  // globs on layer names
};

struct QuantizedNet {
  torch::jit::Module module;
  std::vector<std::string> quantized_layers;  // names, in the order of the graph
  std::vector<std::string> float_layers;
};

// Called with a function that takes one batch of images; calls it for each calibration batch. Called twice.
using ForEachBatch = std::function<void(const std::function<void(const at::Tensor&)>&)>;

// Linear layers only; activations are quantized by the range that each batch has when it comes (7 bits if the
// plan says 7).
QuantizedNet quantize_dynamic(const torch::jit::Module& module, const QuantizePlan& plan);

// Convolutions, linear layers, additions and what lies between them; ranges from the calibration batches.
// Throws ErrorException if calibration gives values that aren't finite.
QuantizedNet quantize_static(const torch::jit::Module& module, const QuantizePlan& plan,
                             const ForEachBatch& calibration);

// True if sums of two 8-bit products can overflow in this engine's kernels on this CPU: x86 without VNNI
// multiplies by VPMADDUBSW, which saturates at 16 bits. QNNPACK widens first.
bool engine_saturates(const std::string& engine);

}  // namespace espalier::runner
