#include "worker/runner/measure/winograd.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>

#include "worker/runner/measure/winograd_kernel.hpp"

namespace espalier::runner {
namespace {

using winograd::Kernel;
using winograd::Task;
using winograd::Tiles;

using Run = void (*)(const Task&, const Tiles&, float* scratch);

// Compiled for vectors of so many numbers; the registers hold the sums of so many rows.
struct Kernels {
  int lanes;
  int rows;
  Run two, four;  // for tiles of that many
};

template <int kTile>
void on_any(const Task& task, const Tiles& tiles, float* scratch) {
  Kernel<kTile, 4, 6>::run(task, tiles, scratch);
}

#if defined(__x86_64__)
template <int kTile>
__attribute__((target("avx2,fma"))) void on_avx2(const Task& task, const Tiles& tiles, float* scratch) {
  Kernel<kTile, 8, 6>::run(task, tiles, scratch);
}

template <int kTile>
__attribute__((target("avx512f,fma"))) void on_avx512(const Task& task, const Tiles& tiles, float* scratch) {
  Kernel<kTile, 16, 12>::run(task, tiles, scratch);
}
#endif

// Those that this CPU can run, the widest first.
const std::vector<Kernels>& kernels_here() {
  static const std::vector<Kernels> all = [] {
    std::vector<Kernels> found;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) found.push_back({16, 12, on_avx512<2>, on_avx512<4>});
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
      found.push_back({8, 6, on_avx2<2>, on_avx2<4>});
#endif
    found.push_back({4, 6, on_any<2>, on_any<4>});
    return found;
  }();
  return all;
}

const Kernels& kernels_of(int lanes) {
  const auto& all = kernels_here();
  return *std::find_if(all.begin(), all.end(), [&](const Kernels& some) { return some.lanes == lanes; });
}

std::int64_t divided_up(std::int64_t whole, std::int64_t part) {
  return (whole + part - 1) / part;
}

// G g G^T of one filter's channel, at one point.
template <int kTile>
float transformed_weight(const float* weights, int i, int j) {
  const auto& factors = winograd::Transform<kTile>::kWeights;
  double sum = 0;
  for (int y = 0; y < 3; ++y)
    for (int x = 0; x < 3; ++x) sum += factors[i][y] * factors[j][x] * weights[3 * y + x];
  return static_cast<float>(sum);
}

template <int kTile>
std::vector<float> transformed_weights(const WinogradShape& shape, const float* weights, int lanes) {
  constexpr int kPatch = kTile + 2;
  const std::int64_t panel = 2 * lanes;
  std::vector<float> all(static_cast<std::size_t>(kPatch * kPatch * shape.filters * shape.channels));
  for (std::int64_t k = 0; k < shape.filters; ++k) {
    for (std::int64_t c = 0; c < shape.channels; ++c) {
      const float* of_channel = weights + (k * shape.channels + c) * 9;
      for (int point = 0; point < kPatch * kPatch; ++point) {
        const auto place =
            (point * shape.filters + k / panel * panel) * shape.channels + c * panel + k % panel;
        all[static_cast<std::size_t>(place)] =
            transformed_weight<kTile>(of_channel, point / kPatch, point % kPatch);
      }
    }
  }
  return all;
}

}  // namespace

std::vector<int> WinogradConvolution::lanes_for(const WinogradShape& shape) {
  std::vector<int> found;
  if (shape.out_height() <= 0 || shape.out_width() <= 0) return found;
  for (const auto& kernels : kernels_here()) {
    if (shape.channels % kernels.lanes == 0 && shape.filters % (2 * kernels.lanes) == 0)
      found.push_back(kernels.lanes);
  }
  return found;
}

WinogradConvolution::WinogradConvolution(const WinogradShape& shape, const float* weights, int lanes,
                                         int tile, std::int64_t cache_bytes)
    : shape_(shape),
      lanes_(lanes),
      tile_(tile),
      cache_bytes_(cache_bytes),
      weights_(tile == 2 ? transformed_weights<2>(shape, weights, lanes)
                         : transformed_weights<4>(shape, weights, lanes)) {}

void WinogradConvolution::run(const float* input, const float* bias, const WinogradEnd& end,
                              float* output) const {
  const auto& kernels = kernels_of(lanes_);
  const Task task{shape_, end, weights_.data(), bias, input, output};
  const auto all =
      shape_.images * divided_up(shape_.out_height(), tile_) * divided_up(shape_.out_width(), tile_);
  const auto floats_of_tile = (tile_ + 2) * (tile_ + 2) * (shape_.channels + shape_.filters);
  const auto fitting = std::max<std::int64_t>(
      cache_bytes_ / (floats_of_tile * static_cast<std::int64_t>(sizeof(float))), kernels.rows);
  const auto parts = std::max<std::int64_t>(divided_up(all, fitting), at::get_num_threads());
  const auto size = divided_up(divided_up(all, parts), kernels.rows) * kernels.rows;
  at::parallel_for(0, divided_up(all, size), 1, [&](std::int64_t begin, std::int64_t end_of_parts) {
    const auto scratch = at::empty({std::min(size, all) * floats_of_tile});
    for (auto part = begin; part < end_of_parts; ++part) {
      const Tiles tiles{part * size, std::min(size, all - part * size)};
      (tile_ == 2 ? kernels.two : kernels.four)(task, tiles, scratch.data_ptr<float>());
    }
  });
}

}  // namespace espalier::runner
