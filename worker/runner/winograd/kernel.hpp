// The inner loops, for vectors of any length: the channels of a point lie side by side, so that every step is
// the same for a whole vector of them.
#pragma once

#include <algorithm>
#include <cstdint>

#include "worker/runner/winograd/convolution.hpp"
#include "worker/runner/winograd/transform.hpp"

namespace espalier::runner::winograd {

// A run of tiles, counted over all images.
struct Tiles {
  std::int64_t first = 0, count = 0;
};

struct Convolution {
  WinogradShape shape;
  WinogradEnd end;
  const float* weights = nullptr;  // packed
  const float* bias = nullptr;
  const float* input = nullptr;
  float* output = nullptr;
};

struct WeightGradient {
  WinogradShape shape;
  const float* input = nullptr;
  const float* gradient = nullptr;  // of the output
};

// `kRows` rows of two vectors each are summed in registers.
template <int kTile, int kLanes, int kRows>
class Kernel {
  using Vector __attribute__((vector_size(kLanes * sizeof(float)), aligned(alignof(float)), may_alias)) =
      float;
  static constexpr int kPatch = kTile + 2;
  static constexpr int kPoints = kPatch * kPatch;
  static constexpr int kPanel = 2 * kLanes;
  static constexpr int kColumns = 4;  // divides every length of vectors

 public:
  // `weights`: [channels, 3, 3, filters]. `packed`: [points, filters / panel, channels, panel].
  static ESPALIER_INLINE void pack(const WinogradShape& shape, const float* weights, float* packed) {
    for (std::int64_t c = 0; c < shape.channels; ++c) {
      for (std::int64_t k = 0; k < shape.filters; k += kLanes) {
        Vector given[9], half[3 * kPatch], patch[kPoints];
        for (int i = 0; i < 9; ++i) given[i] = at(weights + (c * 9 + i) * shape.filters + k);
        for (int j = 0; j < 3; ++j) Transform<kTile>::of_weights(given + j, half + j, 3);
        for (int i = 0; i < kPatch; ++i) Transform<kTile>::of_weights(half + i * 3, patch + i * kPatch, 1);
        float* to = packed + k / kPanel * kPanel * shape.channels + c * kPanel + k % kPanel;
        for (int i = 0; i < kPoints; ++i) at(to + i * shape.filters * shape.channels) = patch[i];
      }
    }
  }

  // `scratch`: points * tiles.count * (channels + filters) numbers.
  static ESPALIER_INLINE void convolve(const Convolution& task, const Tiles& tiles, float* scratch) {
    const auto& shape = task.shape;
    float* transformed = scratch;
    float* products = scratch + kPoints * tiles.count * shape.channels;
    for (std::int64_t t = 0; t < tiles.count; ++t)
      transform_input(shape, task.input, place_of(shape, tiles.first + t), transformed + t * shape.channels,
                      tiles.count * shape.channels);
    multiply(task, transformed, tiles.count, products);
    for (std::int64_t t = 0; t < tiles.count; ++t)
      transform_output(task, products + t * shape.filters, tiles.count * shape.filters,
                       place_of(shape, tiles.first + t));
  }

  // Adds to `sums`, [points, channels, filters]. `scratch` as for a convolution.
  static ESPALIER_INLINE void gather(const WeightGradient& task, const Tiles& tiles, float* scratch,
                                     float* sums) {
    const auto& shape = task.shape;
    const auto channels = shape.channels, filters = shape.filters;
    float* inputs = scratch;
    float* gradients = scratch + kPoints * tiles.count * channels;
    for (std::int64_t t = 0; t < tiles.count; ++t) {
      const auto place = place_of(shape, tiles.first + t);
      transform_input(shape, task.input, place, inputs + t * channels, tiles.count * channels);
      transform_gradient(shape, task.gradient, place, gradients + t * filters, tiles.count * filters);
    }
    for (int i = 0; i < kPoints; ++i) {
      const float* in = inputs + i * tiles.count * channels;
      const float* of_gradient = gradients + i * tiles.count * filters;
      float* sum = sums + i * channels * filters;
      for (std::int64_t k = 0; k < filters; k += kPanel)
        for (std::int64_t c = 0; c < channels; c += kColumns)
          columns(in + c, channels, of_gradient + k, filters, tiles.count, sum + c * filters + k);
    }
  }

  // From `sums` to `result`, [channels, 3, 3, filters].
  static ESPALIER_INLINE void finish(const WinogradShape& shape, const float* sums, float* result) {
    for (std::int64_t c = 0; c < shape.channels; ++c) {
      for (std::int64_t k = 0; k < shape.filters; k += kLanes) {
        Vector patch[kPoints], half[3 * kPatch], weights[9];
        for (int i = 0; i < kPoints; ++i) patch[i] = at(sums + (i * shape.channels + c) * shape.filters + k);
        for (int j = 0; j < kPatch; ++j) Transform<kTile>::to_weights(patch + j, half + j, kPatch);
        for (int i = 0; i < 3; ++i) Transform<kTile>::to_weights(half + i * kPatch, weights + i * 3, 1);
        for (int i = 0; i < 9; ++i) at(result + (c * 9 + i) * shape.filters + k) = weights[i];
      }
    }
  }

 private:
  static ESPALIER_INLINE Vector& at(float* place) { return *reinterpret_cast<Vector*>(place); }
  static ESPALIER_INLINE const Vector& at(const float* place) {
    return *reinterpret_cast<const Vector*>(place);
  }

  // A tile's first result.
  struct Place {
    std::int64_t image, y, x;
  };
  static ESPALIER_INLINE Place place_of(const WinogradShape& shape, std::int64_t tile) {
    const auto across = (shape.out_width() + kTile - 1) / kTile;
    const auto of_image = (shape.out_height() + kTile - 1) / kTile * across;
    const auto inside = tile % of_image;
    return {tile / of_image, inside / across * kTile, inside % across * kTile};
  }

  // Points lie `step` apart.
  static ESPALIER_INLINE void transform_input(const WinogradShape& shape, const float* input,
                                              const Place& place, float* points, std::int64_t step) {
    const auto top = place.y - shape.pad_y, left = place.x - shape.pad_x;
    const float* from = input + ((place.image * shape.height + top) * shape.width + left) * shape.channels;
    const bool inside = top >= 0 && left >= 0 && top + kPatch <= shape.height && left + kPatch <= shape.width;
    for (std::int64_t c = 0; c < shape.channels; c += kLanes) {
      Vector patch[kPoints], half[kPoints];
      for (int i = 0; i < kPatch; ++i) {
        for (int j = 0; j < kPatch; ++j) {
          const bool here =
              inside || (top + i >= 0 && top + i < shape.height && left + j >= 0 && left + j < shape.width);
          patch[i * kPatch + j] = here ? at(from + (i * shape.width + j) * shape.channels + c) : Vector{};
        }
      }
      for (int j = 0; j < kPatch; ++j) Transform<kTile>::of_input(patch + j, half + j, kPatch);
      for (int i = 0; i < kPatch; ++i) Transform<kTile>::of_input(half + i * kPatch, patch + i * kPatch, 1);
      for (int i = 0; i < kPoints; ++i) at(points + i * step + c) = patch[i];
    }
  }

  static ESPALIER_INLINE void transform_gradient(const WinogradShape& shape, const float* gradient,
                                                 const Place& place, float* points, std::int64_t step) {
    const auto height = shape.out_height(), width = shape.out_width();
    const float* from = gradient + ((place.image * height + place.y) * width + place.x) * shape.filters;
    const bool inside = place.y + kTile <= height && place.x + kTile <= width;
    for (std::int64_t k = 0; k < shape.filters; k += kLanes) {
      Vector tile[kTile * kTile], half[kPatch * kTile], patch[kPoints];
      for (int i = 0; i < kTile; ++i) {
        for (int j = 0; j < kTile; ++j) {
          const bool here = inside || (place.y + i < height && place.x + j < width);
          tile[i * kTile + j] = here ? at(from + (i * width + j) * shape.filters + k) : Vector{};
        }
      }
      for (int j = 0; j < kTile; ++j) Transform<kTile>::of_gradient(tile + j, half + j, kTile);
      for (int i = 0; i < kPatch; ++i) Transform<kTile>::of_gradient(half + i * kTile, patch + i * kPatch, 1);
      for (int i = 0; i < kPoints; ++i) at(points + i * step + k) = patch[i];
    }
  }

  // Of kColumns channels and two vectors of filters, over all tiles.
  static ESPALIER_INLINE void columns(const float* in, std::int64_t channels, const float* gradient,
                                      std::int64_t filters, std::int64_t tiles, float* sum) {
    Vector sums[kColumns][2] = {};
    for (std::int64_t t = 0; t < tiles; ++t) {
      const Vector left = at(gradient + t * filters), right = at(gradient + t * filters + kLanes);
#pragma GCC unroll 16
      for (int c = 0; c < kColumns; ++c) {
        sums[c][0] += in[t * channels + c] * left;
        sums[c][1] += in[t * channels + c] * right;
      }
    }
#pragma GCC unroll 16
    for (int c = 0; c < kColumns; ++c) {
      at(sum + c * filters) += sums[c][0];
      at(sum + c * filters + kLanes) += sums[c][1];
    }
  }

  static ESPALIER_INLINE void multiply(const Convolution& task, const float* transformed, std::int64_t tiles,
                                       float* products) {
    const auto channels = task.shape.channels, filters = task.shape.filters;
    for (int i = 0; i < kPoints; ++i) {
      for (std::int64_t k = 0; k < filters; k += kPanel) {
        const float* panel = task.weights + (i * filters + k) * channels;
        const float* in = transformed + i * tiles * channels;
        float* out = products + i * tiles * filters + k;
        std::int64_t t = 0;
        for (; t + kRows <= tiles; t += kRows)
          rows<kRows>(in + t * channels, channels, panel, out + t * filters, filters);
        for (; t + 4 <= tiles; t += 4)
          rows<4>(in + t * channels, channels, panel, out + t * filters, filters);
        for (; t < tiles; ++t) rows<1>(in + t * channels, channels, panel, out + t * filters, filters);
      }
    }
  }

  template <int kCount>
  static ESPALIER_INLINE void rows(const float* in, std::int64_t channels, const float* panel, float* out,
                                   std::int64_t filters) {
    Vector sums[kCount][2] = {};
    for (std::int64_t c = 0; c < channels; ++c) {
      const Vector left = at(panel + c * kPanel), right = at(panel + c * kPanel + kLanes);
#pragma GCC unroll 16
      for (int r = 0; r < kCount; ++r) {
        sums[r][0] += in[r * channels + c] * left;
        sums[r][1] += in[r * channels + c] * right;
      }
    }
#pragma GCC unroll 16
    for (int r = 0; r < kCount; ++r) {
      at(out + r * filters) = sums[r][0];
      at(out + r * filters + kLanes) = sums[r][1];
    }
  }

  static ESPALIER_INLINE void transform_output(const Convolution& task, const float* points,
                                               std::int64_t step, const Place& place) {
    const auto& shape = task.shape;
    const auto height = shape.out_height(), width = shape.out_width();
    const auto down = std::min<std::int64_t>(kTile, height - place.y),
               along = std::min<std::int64_t>(kTile, width - place.x);
    float* to = task.output + ((place.image * height + place.y) * width + place.x) * shape.filters;
    for (std::int64_t k = 0; k < shape.filters; k += kLanes) {
      Vector patch[kPoints], half[kTile * kPatch], sums[kTile * kTile];
      for (int i = 0; i < kPoints; ++i) patch[i] = at(points + i * step + k);
      for (int j = 0; j < kPatch; ++j) columns_of_output(patch + j, half + j);
      for (int i = 0; i < kTile; ++i) Transform<kTile>::of_output(half + i * kPatch, sums + i * kTile, 1);
      for (int i = 0; i < down; ++i)
        for (int j = 0; j < along; ++j)
          put(task.end, sums[i * kTile + j] + at(task.bias + k), to + (i * width + j) * shape.filters + k);
    }
  }
  static ESPALIER_INLINE void columns_of_output(const Vector* in, Vector* out) {
    Transform<kTile>::of_output(in, out, kPatch);
  }

  static ESPALIER_INLINE void put(const WinogradEnd& end, const Vector& sum, float* to) {
    const Vector whole = end.adds ? sum + at(to) : sum;
    const Vector raised = whole < end.low ? Vector{} + end.low : whole;  // what is no number stays so
    at(to) = raised > end.high ? Vector{} + end.high : raised;
  }
};

}  // namespace espalier::runner::winograd
