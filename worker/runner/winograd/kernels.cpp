#include "worker/runner/winograd/kernels.hpp"

#include <ATen/Parallel.h>

#include <algorithm>

namespace espalier::runner::winograd {
namespace {

template <int kTile>
struct Pack {
  template <int kLanes, int kRows>
  static ESPALIER_INLINE void run(const WinogradShape& shape, const float* weights, float* packed) {
    Kernel<kTile, kLanes, kRows>::pack(shape, weights, packed);
  }
};

template <int kTile>
struct Convolve {
  template <int kLanes, int kRows>
  static ESPALIER_INLINE void run(const Convolution& task, const Tiles& tiles, float* scratch) {
    Kernel<kTile, kLanes, kRows>::convolve(task, tiles, scratch);
  }
};

struct Gather {
  template <int kLanes, int kRows>
  static ESPALIER_INLINE void run(const WeightGradient& task, const Tiles& tiles, float* scratch,
                                  float* sums) {
    Kernel<4, kLanes, kRows>::gather(task, tiles, scratch, sums);
  }
};

struct Finish {
  template <int kLanes, int kRows>
  static ESPALIER_INLINE void run(const WinogradShape& shape, const float* sums, float* result) {
    Kernel<4, kLanes, kRows>::finish(shape, sums, result);
  }
};

template <typename Step, typename... Given>
void on_any(Given... given) {
  Step::template run<4, 6>(given...);
}

#if defined(__x86_64__)
template <typename Step, typename... Given>
__attribute__((target("avx2,fma"))) void on_avx2(Given... given) {
  Step::template run<8, 6>(given...);
}

template <typename Step, typename... Given>
__attribute__((target("avx512f,fma"))) void on_avx512(Given... given) {
  Step::template run<16, 12>(given...);
}
#endif

std::int64_t divided_up(std::int64_t whole, std::int64_t part) {
  return (whole + part - 1) / part;
}

}  // namespace

const std::vector<Kernels>& kernels_here() {
  static const std::vector<Kernels> all = [] {
    std::vector<Kernels> found;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f"))
      found.push_back({16,
                       12,
                       {on_avx512<Pack<2>>, on_avx512<Convolve<2>>},
                       {on_avx512<Pack<4>>, on_avx512<Convolve<4>>},
                       on_avx512<Gather>,
                       on_avx512<Finish>});
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
      found.push_back({8,
                       6,
                       {on_avx2<Pack<2>>, on_avx2<Convolve<2>>},
                       {on_avx2<Pack<4>>, on_avx2<Convolve<4>>},
                       on_avx2<Gather>,
                       on_avx2<Finish>});
#endif
    found.push_back({4,
                     6,
                     {on_any<Pack<2>>, on_any<Convolve<2>>},
                     {on_any<Pack<4>>, on_any<Convolve<4>>},
                     on_any<Gather>,
                     on_any<Finish>});
    return found;
  }();
  return all;
}

const Kernels& kernels_of(int lanes) {
  const auto& all = kernels_here();
  return *std::find_if(all.begin(), all.end(), [&](const Kernels& some) { return some.lanes == lanes; });
}

Cut::Cut(const WinogradShape& shape, int tile, int rows, std::int64_t cache_bytes)
    : tiles(shape.images * divided_up(shape.out_height(), tile) * divided_up(shape.out_width(), tile)),
      floats_of_tile((tile + 2) * (tile + 2) * (shape.channels + shape.filters)) {
  const auto fitting =
      std::max<std::int64_t>(cache_bytes / (floats_of_tile * static_cast<std::int64_t>(sizeof(float))), rows);
  const auto parts = std::max<std::int64_t>(divided_up(tiles, fitting), at::get_num_threads());
  size = divided_up(divided_up(tiles, parts), rows) * rows;
}

}  // namespace espalier::runner::winograd
