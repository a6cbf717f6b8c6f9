// A convolution or linear layer as a product of known shapes.
#pragma once

#include <cstdint>
#include <vector>

#include "worker/runner/compress/frozen_graph.hpp"

namespace espalier::runner {

struct ProductShape {
  bool is_convolution = true;
  // Convolution: [N, C, H, W], weights [out, in, kh, kw] or [groups, out / groups, in / groups, kh, kw];
  // otherwise [rows, in] and [out, in].
  std::vector<std::int64_t> source, weights, result;
  std::vector<std::int64_t> stride, dilation, padding;  // dilation as oneDNN counts: 0 for none
};

// All that give the layer's numbers: a linear layer is an inner product, and also a convolution of one pixel.
std::vector<ProductShape> product_shapes_of(const Layer& layer, const std::vector<std::int64_t>& input_sizes);

}  // namespace espalier::runner
