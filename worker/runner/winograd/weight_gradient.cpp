#include "worker/runner/winograd/weight_gradient.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "worker/runner/winograd/kernels.hpp"

namespace espalier::runner {

// Each part of the tiles has sums of its own, added up in order: never in that of the threads' ends.
void winograd_weight_gradient(const WinogradShape& shape, const float* input, const float* gradient,
                              int lanes, std::int64_t cache_bytes, float* result) {
  const auto& kernels = winograd::kernels_of(lanes);
  const winograd::WeightGradient task{shape, input, gradient};
  const winograd::Cut cut(shape, 4, kernels.rows, cache_bytes);
  const auto parts = std::min<std::int64_t>(at::get_num_threads(), cut.runs());
  const auto sums = at::zeros({parts, 36 * shape.channels * shape.filters});
  at::parallel_for(0, parts, 1, [&](std::int64_t first, std::int64_t last) {
    const auto scratch = at::empty({cut.scratch()});
    for (auto part = first; part < last; ++part)
      for (auto i = part * cut.runs() / parts; i < (part + 1) * cut.runs() / parts; ++i)
        kernels.gather(task, cut.run(i), scratch.data_ptr<float>(), sums[part].data_ptr<float>());
  });
  const auto whole = parts > 1 ? sums.sum(0) : sums;
  kernels.finish(shape, whole.data_ptr<float>(), result);
}

}  // namespace espalier::runner
