// 3x3 convolutions of stride 1 by Winograd's minimal filtering (Lavin and Gray, arXiv:1509.09308): a tile of
// m x m results costs (m + 2)^2 multiplications a channel instead of 9 m^2. oneDNN has it for AVX-512 alone.
// The numbers differ from the direct sum's by some 1e-6 of the largest.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

namespace espalier::runner {

struct WinogradShape {
  std::int64_t images = 0, channels = 0, height = 0, width = 0;  // of the input
  std::int64_t filters = 0;
  std::int64_t pad_y = 0, pad_x = 0;  // on either side

  [[nodiscard]] std::int64_t out_height() const { return height + 2 * pad_y - 2; }
  [[nodiscard]] std::int64_t out_width() const { return width + 2 * pad_x - 2; }
};

// What happens to a sum before it is written.
struct WinogradEnd {
  bool adds = false;  // to what lies in the result already
  float low = -std::numeric_limits<float>::infinity();
  float high = std::numeric_limits<float>::infinity();
};

// How long the vectors may be, the longest first: this CPU must have them, and channels and filters must fill
// them. Empty: it can't be done.
std::vector<int> winograd_lanes_for(const WinogradShape& shape);
int winograd_widest_lanes();

class WinogradConvolution {
 public:
  // `weights`: [channels, 3, 3, filters]. `lanes`: one of winograd_lanes_for. `tile`: 2 or 4. As many tiles
  // are worked on at once as fit into `cache_bytes`.
  WinogradConvolution(const WinogradShape& shape, const float* weights, int lanes, int tile,
                      std::int64_t cache_bytes);

  // `input`, `output`: [images, height, width, channels]. `bias`: [filters]. On LibTorch's threads.
  void run(const float* input, const float* bias, const WinogradEnd& end, float* output) const;

 private:
  WinogradShape shape_;
  int lanes_, tile_;
  std::int64_t cache_bytes_;
  std::vector<float> weights_;  // [(tile + 2)^2, filters / panel, channels, panel]
};

}  // namespace espalier::runner
