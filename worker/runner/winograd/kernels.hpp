// The inner loops as compiled for the CPUs there are, chosen at run time.
#pragma once

#include <cstdint>
#include <vector>

#include "worker/runner/winograd/kernel.hpp"

namespace espalier::runner::winograd {

// For vectors of so many numbers; the registers hold the sums of so many rows. See Kernel for what each does.
struct Kernels {
  struct OfTile {
    void (*pack)(const WinogradShape&, const float* weights, float* packed);
    void (*convolve)(const Convolution&, const Tiles&, float* scratch);
  };
  int lanes;
  int rows;
  OfTile two, four;
  // With tiles of four.
  void (*gather)(const WeightGradient&, const Tiles&, float* scratch, float* sums);
  void (*finish)(const WinogradShape&, const float* sums, float* result);

  [[nodiscard]] const OfTile& of_tile(int tile) const { return tile == 2 ? two : four; }
};

// Those that this CPU can run, the widest first.
const std::vector<Kernels>& kernels_here();
const Kernels& kernels_of(int lanes);

// How runs of tiles are cut: what is worked on at once fits into `cache_bytes`, is a multiple of `rows`, and
// gives every thread something to do.
struct Cut {
  std::int64_t tiles = 0;  // in all
  std::int64_t size = 0;   // of a run
  std::int64_t floats_of_tile = 0;

  Cut(const WinogradShape& shape, int tile, int rows, std::int64_t cache_bytes);
  [[nodiscard]] std::int64_t runs() const { return (tiles + size - 1) / size; }
  [[nodiscard]] std::int64_t scratch() const { return std::min(size, tiles) * floats_of_tile; }  // numbers
  [[nodiscard]] Tiles run(std::int64_t i) const { return {i * size, std::min(size, tiles - i * size)}; }
};

}  // namespace espalier::runner::winograd
