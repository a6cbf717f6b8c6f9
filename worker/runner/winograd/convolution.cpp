#include "worker/runner/winograd/convolution.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "worker/runner/winograd/kernels.hpp"

namespace espalier::runner {

using winograd::Cut;
using winograd::kernels_here;
using winograd::kernels_of;

std::vector<int> winograd_lanes_for(const WinogradShape& shape) {
  std::vector<int> found;
  if (shape.out_height() <= 0 || shape.out_width() <= 0) return found;
  for (const auto& kernels : kernels_here()) {
    if (shape.channels % kernels.lanes == 0 && shape.filters % (2 * kernels.lanes) == 0)
      found.push_back(kernels.lanes);
  }
  return found;
}

int winograd_widest_lanes() {
  return kernels_here().front().lanes;
}

WinogradConvolution::WinogradConvolution(const WinogradShape& shape, const float* weights, int lanes,
                                         int tile, std::int64_t cache_bytes)
    : shape_(shape), lanes_(lanes), tile_(tile), cache_bytes_(cache_bytes) {
  weights_.resize(static_cast<std::size_t>((tile + 2) * (tile + 2) * shape.filters * shape.channels));
  kernels_of(lanes).of_tile(tile).pack(shape, weights, weights_.data());
}

void WinogradConvolution::run(const float* input, const float* bias, const WinogradEnd& end,
                              float* output) const {
  const auto& kernels = kernels_of(lanes_);
  const winograd::Convolution task{shape_, end, weights_.data(), bias, input, output};
  const Cut cut(shape_, tile_, kernels.rows, cache_bytes_);
  at::parallel_for(0, cut.runs(), 1, [&](std::int64_t first, std::int64_t last) {
    const auto scratch = at::empty({cut.scratch()});
    for (auto i = first; i < last; ++i)
      kernels.of_tile(tile_).convolve(task, cut.run(i), scratch.data_ptr<float>());
  });
}

}  // namespace espalier::runner
