#include "worker/runner/data/resample.hpp"

#include <algorithm>
#include <cmath>

namespace espalier::runner {
namespace {

// Weights are fixed-point numbers: a sum of 8-bit pixels times them stays within 32 bits.
constexpr int kFractionBits = 22;

struct Taps {
  std::int64_t first = 0;             // of the source pixels that count
  std::vector<std::int32_t> weights;  // sum: 1 << kFractionBits, but for rounding
};

// Of the pixels from `from` on, `count` many, of a line of `source` pixels that becomes `target` pixels.
std::vector<Taps> taps_of(std::int64_t source, std::int64_t target, std::int64_t from, std::int64_t count) {
  const double scale = static_cast<double>(source) / static_cast<double>(target);
  const double support = std::max(scale, 1.0), per_pixel = 1 / support;
  std::vector<Taps> all(static_cast<std::size_t>(count));
  std::vector<double> exact;
  for (std::int64_t at = 0; at < count; ++at) {
    auto& taps = all[static_cast<std::size_t>(at)];
    const double centre = (static_cast<double>(from + at) + 0.5) * scale;
    taps.first = std::max<std::int64_t>(static_cast<std::int64_t>(centre - support + 0.5), 0);
    const auto last = std::min(static_cast<std::int64_t>(centre + support + 0.5), source);
    exact.clear();
    double sum = 0;
    for (auto pixel = taps.first; pixel < last; ++pixel) {
      const double distance = std::abs((static_cast<double>(pixel) - centre + 0.5) * per_pixel);
      exact.push_back(distance < 1 ? 1 - distance : 0);
      sum += exact.back();
    }
    for (const auto weight : exact)
      taps.weights.push_back(static_cast<std::int32_t>(0.5 + weight / sum * (1 << kFractionBits)));
  }
  return all;
}

constexpr std::int32_t kHalf = 1 << (kFractionBits - 1);

std::uint8_t rounded(std::int32_t sum) {
  return static_cast<std::uint8_t>(std::clamp(sum >> kFractionBits, 0, 255));
}

// One channel of one pixel of a row that starts at `row`.
std::uint8_t weighed(const std::uint8_t* row, const Taps& taps) {
  auto sum = kHalf;
  row += taps.first * 3;
  for (const auto weight : taps.weights) {
    sum += weight * *row;
    row += 3;
  }
  return rounded(sum);
}

struct Middle {
  ImageSize scaled;
  std::int64_t left = 0, top = 0;
};

// Half of what is left over; halves of a pixel go to the even side, as in Python's round.
std::int64_t margin(std::int64_t length, std::int64_t side) {
  return std::llrint(static_cast<double>(length - side) / 2);
}

Middle middle_of(ImageSize size, std::int64_t shorter_side, std::int64_t side) {
  const auto shorter = std::min(size.width, size.height), longer = std::max(size.width, size.height);
  const auto scaled_longer =
      static_cast<std::int64_t>(static_cast<double>(shorter_side * longer) / static_cast<double>(shorter));
  const bool is_tall = size.width <= size.height;
  const ImageSize scaled{is_tall ? shorter_side : scaled_longer, is_tall ? scaled_longer : shorter_side};
  return {scaled, margin(scaled.width, side), margin(scaled.height, side)};
}

}  // namespace

Image shrunk_to_middle(const Image& image, std::int64_t shorter_side, std::int64_t side) {
  const auto middle = middle_of(image.size, shorter_side, side);
  const auto across = taps_of(image.size.width, middle.scaled.width, middle.left, side);
  const auto down = taps_of(image.size.height, middle.scaled.height, middle.top, side);
  const auto first_row = down.front().first;
  const auto end_row = down.back().first + static_cast<std::int64_t>(down.back().weights.size());

  const auto row_bytes = side * 3;
  std::vector<std::uint8_t> narrow(static_cast<std::size_t>((end_row - first_row) * row_bytes));
  auto* to = narrow.data();
  for (auto row = first_row; row < end_row; ++row) {
    const auto* line = image.pixels.data() + row * image.size.width * 3;
    for (const auto& taps : across)
      for (int channel = 0; channel < 3; ++channel) *to++ = weighed(line + channel, taps);
  }

  Image result{{side, side}, std::vector<std::uint8_t>(static_cast<std::size_t>(side * row_bytes))};
  to = result.pixels.data();
  std::vector<std::int32_t> sums(static_cast<std::size_t>(row_bytes));
  for (const auto& taps : down) {
    std::fill(sums.begin(), sums.end(), kHalf);
    const auto* line = narrow.data() + (taps.first - first_row) * row_bytes;
    for (const auto weight : taps.weights)
      for (auto& sum : sums) sum += weight * *line++;
    for (const auto sum : sums) *to++ = rounded(sum);
  }
  return result;
}

}  // namespace espalier::runner
