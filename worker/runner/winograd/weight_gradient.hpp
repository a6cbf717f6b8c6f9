// The gradient of a 3x3 convolution's weights by Winograd's filtering, with tiles of four.
#pragma once

#include <cstdint>

#include "worker/runner/winograd/convolution.hpp"

namespace espalier::runner {

// `input`: [images, height, width, channels], `gradient`: of the output, [images, out_height, out_width,
// filters]; `lanes` as for the convolution. Returns to `result`: [channels, 3, 3, filters]. The same number
// of LibTorch's threads always gives the same sums.
void winograd_weight_gradient(const WinogradShape& shape, const float* input, const float* gradient,
                              int lanes, std::int64_t cache_bytes, float* result);

}  // namespace espalier::runner
