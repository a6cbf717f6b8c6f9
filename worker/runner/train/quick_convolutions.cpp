#include "worker/runner/train/quick_convolutions.hpp"

#include <ATen/CompositeExplicitAutogradFunctions.h>
#include <torch/library.h>

#include <algorithm>
#include <array>
#include <optional>
#include <tuple>

#include "worker/runner/winograd/convolution.hpp"
#include "worker/runner/winograd/weight_gradient.hpp"

namespace espalier::runner {
namespace {

using OptionalTensor = c10::optional<at::Tensor>;
using OptionalSizes = at::OptionalIntArrayRef;
using Gradients = std::tuple<at::Tensor, at::Tensor, at::Tensor>;  // of input, weights, bias

constexpr int kTile = 4;
constexpr std::int64_t kFewestTiles = 48;  // below, packing the weights costs more than is gained
constexpr auto kInnerChannels = at::MemoryFormat::ChannelsLast;

thread_local bool is_on = false;

struct Places {
  at::IntArrayRef stride, padding, dilation;  // of one number for both dimensions, or of two
  bool transposed;
  std::int64_t groups;
};

bool is_plain(const at::Tensor& tensor) {
  return tensor.dim() == 4 && tensor.scalar_type() == at::kFloat && tensor.layout() == at::kStrided;
}

bool are_all(at::IntArrayRef numbers, std::int64_t wanted) {
  return std::all_of(numbers.begin(), numbers.end(), [&](auto number) { return number == wanted; });
}

// Tiles that are mostly edge, or few of them, aren't worth it.
bool gains(const WinogradShape& shape) {
  const auto down = (shape.out_height() + kTile - 1) / kTile,
             across = (shape.out_width() + kTile - 1) / kTile;
  return shape.images * down * across >= kFewestTiles &&
         down * across * kTile * kTile <= 2 * shape.out_height() * shape.out_width();
}

// Half of a core's own cache; but each run of tiles passes over all weights, which must be worth it.
std::int64_t cache_bytes_for(const WinogradShape& shape) {
  constexpr std::int64_t kPoints = (kTile + 2) * (kTile + 2), kHalfOfOwn = 256 << 10;
  return std::max<std::int64_t>(kHalfOfOwn,
                                kPoints * shape.channels * shape.filters * std::int64_t{sizeof(float)});
}

// Of the widest vectors of this CPU; unset where the channels don't fill them.
std::optional<int> lanes_for(const WinogradShape& shape) {
  const auto lanes = winograd_lanes_for(shape);
  if (lanes.empty() || lanes.front() != winograd_widest_lanes()) return std::nullopt;
  return lanes.front();
}

// What doesn't fit together is left to LibTorch too, which says so.
std::optional<WinogradShape> shape_of(const at::Tensor& input, const at::Tensor& weight,
                                      const Places& places) {
  if (!is_on || places.transposed || places.groups != 1 || !is_plain(input) || !is_plain(weight) ||
      weight.size(1) != input.size(1) || weight.size(2) != 3 || weight.size(3) != 3 ||
      !are_all(places.stride, 1) || !are_all(places.dilation, 1) || places.padding.front() < 0 ||
      places.padding.back() < 0 || !input.is_contiguous(kInnerChannels))
    return std::nullopt;
  const WinogradShape shape{input.size(0),  input.size(1),          input.size(2),        input.size(3),
                            weight.size(0), places.padding.front(), places.padding.back()};
  return gains(shape) ? std::optional(shape) : std::nullopt;
}

// `weights`: [filters, channels, 3, 3] in any layout.
at::Tensor convolved(const WinogradShape& shape, int lanes, const at::Tensor& input,
                     const at::Tensor& weights, const at::Tensor& bias) {
  const auto packable = weights.permute({1, 2, 3, 0}).contiguous();
  const WinogradConvolution convolution(shape, packable.data_ptr<float>(), lanes, kTile,
                                        cache_bytes_for(shape));
  auto result = at::empty({shape.images, shape.filters, shape.out_height(), shape.out_width()},
                          input.options().memory_format(kInnerChannels));
  convolution.run(input.data_ptr<float>(), bias.data_ptr<float>(), {}, result.data_ptr<float>());
  return result;
}

at::Tensor convolution(const at::Tensor& input, const at::Tensor& weight, const OptionalTensor& bias,
                       at::IntArrayRef stride, at::IntArrayRef padding, at::IntArrayRef dilation,
                       bool transposed, at::IntArrayRef output_padding, std::int64_t groups, bool benchmark,
                       bool deterministic, bool cudnn_enabled, bool allow_tf32) {
  const bool has_bias = bias && bias->defined();
  const bool fits =
      !has_bias || (bias->dim() == 1 && bias->size(0) == weight.size(0) && bias->scalar_type() == at::kFloat);
  const auto shape = shape_of(input, weight, {stride, padding, dilation, transposed, groups});
  const auto lanes = shape && fits ? lanes_for(*shape) : std::nullopt;
  if (!lanes)
    return at::compositeexplicitautograd::_convolution(input, weight, bias, stride, padding, dilation,
                                                       transposed, output_padding, groups, benchmark,
                                                       deterministic, cudnn_enabled, allow_tf32);
  return convolved(*shape, *lanes, input, weight,
                   has_bias ? bias->contiguous() : at::zeros({shape->filters}, input.options()));
}

// A convolution too: of the output's gradient with the weights turned around.
std::optional<at::Tensor> input_gradient(const WinogradShape& forwards, const at::Tensor& gradient,
                                         const at::Tensor& weight) {
  const WinogradShape shape{forwards.images,      forwards.filters,  forwards.out_height(),
                            forwards.out_width(), forwards.channels, 2 - forwards.pad_y,
                            2 - forwards.pad_x};
  if (shape.pad_y < 0 || shape.pad_x < 0) return std::nullopt;
  const auto lanes = lanes_for(shape);
  if (!lanes) return std::nullopt;
  return convolved(shape, *lanes, gradient, weight.flip({2, 3}).transpose(0, 1),
                   at::zeros({shape.filters}, gradient.options()));
}

std::optional<at::Tensor> weight_gradient(const WinogradShape& shape, const at::Tensor& input,
                                          const at::Tensor& gradient, const at::Tensor& weight) {
  const auto lanes = lanes_for(shape);
  if (!lanes) return std::nullopt;
  const auto result = at::empty({shape.channels, 3, 3, shape.filters}, weight.options());
  winograd_weight_gradient(shape, input.data_ptr<float>(), gradient.data_ptr<float>(), *lanes,
                           cache_bytes_for(shape), result.data_ptr<float>());
  return result.permute({3, 0, 1, 2}).contiguous(weight.suggest_memory_format());
}

Gradients convolution_backward(const at::Tensor& gradient, const at::Tensor& input, const at::Tensor& weight,
                               OptionalSizes bias_sizes, at::IntArrayRef stride, at::IntArrayRef padding,
                               at::IntArrayRef dilation, bool transposed, at::IntArrayRef output_padding,
                               std::int64_t groups, std::array<bool, 3> wanted) {
  Gradients found;
  auto& [of_input, of_weight, of_bias] = found;
  const auto shape = shape_of(input, weight, {stride, padding, dilation, transposed, groups});
  if (shape && is_plain(gradient)) {
    const auto laid_out = gradient.contiguous(kInnerChannels);
    if (wanted[0]) of_input = input_gradient(*shape, laid_out, weight).value_or(at::Tensor());
    if (wanted[1]) of_weight = weight_gradient(*shape, input, laid_out, weight).value_or(at::Tensor());
  }
  const std::array<bool, 3> rest{wanted[0] && !of_input.defined(), wanted[1] && !of_weight.defined(),
                                 wanted[2]};
  if (rest[0] || rest[1] || !(of_input.defined() || of_weight.defined())) {
    const auto [input_rest, weight_rest, bias_rest] = at::compositeexplicitautograd::convolution_backward(
        gradient, input, weight, bias_sizes, stride, padding, dilation, transposed, output_padding, groups,
        rest);
    if (rest[0]) of_input = input_rest;
    if (rest[1]) of_weight = weight_rest;
    of_bias = bias_rest;
  } else if (wanted[2]) {
    of_bias = gradient.sum({0, 2, 3});
  }
  return found;
}

// LibTorch has one implementation for all kinds of devices, which chooses by itself: on the CPU it comes
// second.
TORCH_LIBRARY_IMPL(aten, CPU, library) {
  library.impl("_convolution", convolution);
  library.impl("convolution_backward", convolution_backward);
}

}  // namespace

QuickConvolutions::QuickConvolutions() : before_(is_on) {
  is_on = true;
}

QuickConvolutions::~QuickConvolutions() {
  is_on = before_;
}

}  // namespace espalier::runner
