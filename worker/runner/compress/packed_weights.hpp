// int8 weights in the current engine's own layout, as objects that a TorchScript file can hold.
#pragma once

#include <ATen/core/ivalue.h>

#include <cstdint>
#include <string>
#include <vector>

#include "worker/runner/compress/frozen_graph.hpp"
#include "worker/runner/compress/quantization_range.hpp"

namespace espalier::runner {

// `input_scale` bounds the bias (see quantize_weight); 0 if it isn't known beforehand.
c10::IValue packed_weights(const Layer& layer, bool per_channel, double input_scale);

}  // namespace espalier::runner
