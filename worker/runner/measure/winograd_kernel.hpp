// The inner loops of WinogradConvolution, for vectors of any length: the channels of a point lie side by
// side, so that every step is the same for a whole vector of them.
#pragma once

#include <algorithm>
#include <cstdint>

#include "worker/runner/measure/winograd.hpp"

namespace espalier::runner::winograd {

// Into a function that is compiled for the vectors of one CPU.
#define ESPALIER_INLINE inline __attribute__((always_inline))

// Along one dimension, with the points 0, 1, -1 (2, -2) and infinity. `step`s lie between an array's
// elements.
template <int kTile>
struct Transform;

template <>
struct Transform<2> {
  static constexpr double kWeights[4][3] = {{1, 0, 0}, {.5, .5, .5}, {.5, -.5, .5}, {0, 0, 1}};

  template <typename Vector>
  static ESPALIER_INLINE void of_input(const Vector* in, Vector* out, int step) {
    out[0] = in[0] - in[2 * step];
    out[step] = in[step] + in[2 * step];
    out[2 * step] = in[2 * step] - in[step];
    out[3 * step] = in[3 * step] - in[step];
  }
  template <typename Vector>
  static ESPALIER_INLINE void of_output(const Vector* in, Vector* out, int step) {
    out[0] = in[0] + in[step] + in[2 * step];
    out[step] = in[step] - in[2 * step] + in[3 * step];
  }
};

template <>
struct Transform<4> {
  static constexpr double kWeights[6][3] = {{1. / 4, 0, 0},
                                            {-1. / 6, -1. / 6, -1. / 6},
                                            {-1. / 6, 1. / 6, -1. / 6},
                                            {1. / 24, 1. / 12, 1. / 6},
                                            {1. / 24, -1. / 12, 1. / 6},
                                            {0, 0, 1}};

  template <typename Vector>
  static ESPALIER_INLINE void of_input(const Vector* in, Vector* out, int step) {
    const Vector a = in[0], b = in[step], c = in[2 * step];
    const Vector d = in[3 * step], e = in[4 * step], f = in[5 * step];
    const Vector even_of_one = e - 4.0F * c, odd_of_one = d - 4.0F * b;
    const Vector even_of_two = e - c, odd_of_two = 2.0F * (d - b);
    out[0] = 4.0F * a - 5.0F * c + e;
    out[step] = even_of_one + odd_of_one;
    out[2 * step] = even_of_one - odd_of_one;
    out[3 * step] = even_of_two + odd_of_two;
    out[4 * step] = even_of_two - odd_of_two;
    out[5 * step] = 4.0F * b - 5.0F * d + f;
  }
  template <typename Vector>
  static ESPALIER_INLINE void of_output(const Vector* in, Vector* out, int step) {
    const Vector sum_of_one = in[step] + in[2 * step], difference_of_one = in[step] - in[2 * step];
    const Vector sum_of_two = in[3 * step] + in[4 * step], difference_of_two = in[3 * step] - in[4 * step];
    out[0] = in[0] + sum_of_one + sum_of_two;
    out[step] = difference_of_one + 2.0F * difference_of_two;
    out[2 * step] = sum_of_one + 4.0F * sum_of_two;
    out[3 * step] = difference_of_one + 8.0F * difference_of_two + in[5 * step];
  }
};

// A run of tiles, counted over all images.
struct Tiles {
  std::int64_t first = 0, count = 0;
};

struct Task {
  WinogradShape shape;
  WinogradEnd end;
  const float* weights = nullptr;
  const float* bias = nullptr;
  const float* input = nullptr;
  float* output = nullptr;
};

// `kRows` rows of two vectors each are summed in registers.
template <int kTile, int kLanes, int kRows>
class Kernel {
  using Vector __attribute__((vector_size(kLanes * sizeof(float)), aligned(alignof(float)), may_alias)) =
      float;
  static constexpr int kPatch = kTile + 2;
  static constexpr int kPoints = kPatch * kPatch;
  static constexpr int kPanel = 2 * kLanes;

 public:
  // `scratch`: kPoints * tiles.count * (channels + filters) numbers.
  static ESPALIER_INLINE void run(const Task& task, const Tiles& tiles, float* scratch) {
    const auto& shape = task.shape;
    const auto across = (shape.out_width() + kTile - 1) / kTile;
    const auto of_image = (shape.out_height() + kTile - 1) / kTile * across;
    float* transformed = scratch;
    float* products = scratch + kPoints * tiles.count * shape.channels;
    for (std::int64_t t = 0; t < tiles.count; ++t) {
      const auto image = (tiles.first + t) / of_image, place = (tiles.first + t) % of_image;
      transform_input(task, image, place / across * kTile, place % across * kTile,
                      transformed + t * shape.channels, tiles.count * shape.channels);
    }
    multiply(task, transformed, tiles.count, products);
    for (std::int64_t t = 0; t < tiles.count; ++t) {
      const auto image = (tiles.first + t) / of_image, place = (tiles.first + t) % of_image;
      transform_output(task, products + t * shape.filters, tiles.count * shape.filters, image,
                       place / across * kTile, place % across * kTile);
    }
  }

 private:
  static ESPALIER_INLINE Vector& at(float* place) { return *reinterpret_cast<Vector*>(place); }
  static ESPALIER_INLINE const Vector& at(const float* place) {
    return *reinterpret_cast<const Vector*>(place);
  }

  // `y`, `x`: the tile's first result. Points lie `step` apart.
  static ESPALIER_INLINE void transform_input(const Task& task, std::int64_t image, std::int64_t y,
                                              std::int64_t x, float* points, std::int64_t step) {
    const auto& shape = task.shape;
    const auto top = y - shape.pad_y, left = x - shape.pad_x;
    const float* from = task.input + ((image * shape.height + top) * shape.width + left) * shape.channels;
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

  static ESPALIER_INLINE void multiply(const Task& task, const float* transformed, std::int64_t tiles,
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

  static ESPALIER_INLINE void transform_output(const Task& task, const float* points, std::int64_t step,
                                               std::int64_t image, std::int64_t y, std::int64_t x) {
    const auto& shape = task.shape;
    const auto height = shape.out_height(), width = shape.out_width();
    const auto down = std::min<std::int64_t>(kTile, height - y),
               along = std::min<std::int64_t>(kTile, width - x);
    float* to = task.output + ((image * height + y) * width + x) * shape.filters;
    for (std::int64_t k = 0; k < shape.filters; k += kLanes) {
      Vector patch[kPoints], half[kTile * kPatch], sums[kTile * kTile];
      for (int i = 0; i < kPoints; ++i) patch[i] = at(points + i * step + k);
      for (int j = 0; j < kPatch; ++j) columns_of_output(patch + j, half + j);
      for (int i = 0; i < kTile; ++i) Transform<kTile>::of_output(half + i * kPatch, sums + i * kTile, 1);
      for (int i = 0; i < down; ++i)
        for (int j = 0; j < along; ++j)
          finish(task.end, sums[i * kTile + j] + at(task.bias + k), to + (i * width + j) * shape.filters + k);
    }
  }
  static ESPALIER_INLINE void columns_of_output(const Vector* in, Vector* out) {
    Transform<kTile>::of_output(in, out, kPatch);
  }

  static ESPALIER_INLINE void finish(const WinogradEnd& end, const Vector& sum, float* to) {
    const Vector whole = end.adds ? sum + at(to) : sum;
    const Vector raised = whole < end.low ? Vector{} + end.low : whole;  // what is no number stays so
    at(to) = raised > end.high ? Vector{} + end.high : raised;
  }
};

#undef ESPALIER_INLINE

}  // namespace espalier::runner::winograd
