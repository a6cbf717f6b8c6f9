#include "worker/runner/measure/product_shape.hpp"

namespace espalier::runner {
namespace {

ProductShape convolution_shape(const Layer& layer, const std::vector<std::int64_t>& input_sizes) {
  ProductShape shape;
  shape.source = input_sizes;
  shape.weights = layer.weight.sizes().vec();
  shape.result = {shape.source.at(0), shape.weights.at(0)};
  for (std::size_t i = 0; i < 2; ++i) {
    const auto reach = layer.dilation[i] * (shape.weights.at(i + 2) - 1) + 1;
    shape.result.push_back((shape.source.at(i + 2) + 2 * layer.padding[i] - reach) / layer.stride[i] + 1);
    shape.dilation.push_back(layer.dilation[i] - 1);
  }
  shape.stride = layer.stride;
  shape.padding = layer.padding;
  if (layer.groups > 1) {
    shape.weights[0] /= layer.groups;
    shape.weights.insert(shape.weights.begin(), layer.groups);
  }
  return shape;
}

}  // namespace

std::vector<ProductShape> product_shapes_of(const Layer& layer,
                                            const std::vector<std::int64_t>& input_sizes) {
  if (layer.is_convolution) return {convolution_shape(layer, input_sizes)};
  const auto out = layer.weight.size(0), in = layer.weight.size(1);
  const auto rows = c10::multiply_integers(input_sizes) / in;
  return {{false, {rows, in}, {out, in}, {rows, out}, {}, {}, {}},
          {true, {1, in, rows, 1}, {out, in, 1, 1}, {1, out, rows, 1}, {1, 1}, {0, 0}, {0, 0}}};
}

}  // namespace espalier::runner
