#include "worker/runner/compress/quantization_range.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

namespace espalier::runner {
namespace {

constexpr std::int64_t kBins = 2048;
constexpr double kTail = 1e-4;
constexpr double kSmallestScale = 1e-7;
constexpr double kWeightLimit = 127;
constexpr int kClipSteps = 64;

using Range = std::pair<double, double>;

double bin_width(const ObservedRange& range) {
  return (range.high() - range.low()) / static_cast<double>(kBins);
}

Range without_tails(const ObservedRange& range) {
  const auto& bins = range.bins();
  const double total = std::accumulate(bins.begin(), bins.end(), 0.0);
  const double width = bin_width(range);
  double low = range.low();
  double high = range.high();
  double seen = 0;
  for (std::size_t i = 0; i < bins.size() && (seen += bins[i]) <= kTail * total; ++i) low += width;
  seen = 0;
  for (std::size_t i = bins.size(); i > 0 && (seen += bins[i - 1]) <= kTail * total; --i) high -= width;
  return {low, std::max(low, high)};
}

// Sum of squared errors: uniform rounding noise inside the range, the whole distance outside.
double expected_error(const ObservedRange& range, const Range& clip, double levels) {
  const double step = (clip.second - clip.first) / levels;
  const double rounding = step * step / 12;
  const double width = bin_width(range);
  double error = 0;
  double centre = range.low() + width / 2;
  for (const double count : range.bins()) {
    const double beyond = std::max({clip.first - centre, centre - clip.second, 0.0});
    error += count * (beyond > 0 ? beyond * beyond : rounding);
    centre += width;
  }
  return error;
}

Range least_error(const ObservedRange& range, double levels) {
  Range best{range.low(), range.high()};
  double best_error = expected_error(range, best, levels);
  const int low_steps = range.low() < 0 ? kClipSteps : 1;
  for (int low = 0; low < low_steps; ++low) {
    for (int high = 0; high < kClipSteps; ++high) {
      const auto kept = [](int step) { return 1.0 - static_cast<double>(step) / kClipSteps; };
      const Range clip{range.low() * kept(low), range.high() * kept(high)};
      if (clip.second - clip.first <= 0) continue;
      const double error = expected_error(range, clip, levels);
      if (error < best_error) {
        best_error = error;
        best = clip;
      }
    }
  }
  return best;
}

Range chosen_range(const ObservedRange& range, const ActivationQuantization& how, double levels) {
  if (range.bins().empty() || range.high() <= range.low()) return {range.low(), range.high()};
  switch (how.observer) {
    case Observer::minmax:
      return {range.low(), range.high()};
    case Observer::percentile:
      return without_tails(range);
    case Observer::histogram:
      return least_error(range, levels);
  }
  return {range.low(), range.high()};
}

}  // namespace

void ObservedRange::see_range(const at::Tensor& values) {
  if (values.numel() == 0) return;
  const auto [low, high] = values.data().aminmax();
  // Comparisons with a value that isn't a number are false: it has to be let in explicitly.
  const double batch_low = low.item<double>();
  const double batch_high = high.item<double>();
  low_ = std::isnan(batch_low) ? batch_low : std::min(low_, batch_low);
  high_ = std::isnan(batch_high) ? batch_high : std::max(high_, batch_high);
}

void ObservedRange::see_distribution(const at::Tensor& values) {
  if (!(high_ > low_) || !finite()) return;
  const auto counts = values.data().to(at::kFloat).reshape(-1).histc(kBins, low_, high_);
  bins_.resize(static_cast<std::size_t>(kBins), 0.0);
  const auto* data = counts.data_ptr<float>();
  for (std::size_t i = 0; i < bins_.size(); ++i) bins_[i] += static_cast<double>(data[i]);
}

bool ObservedRange::finite() const {
  return std::isfinite(low_) && std::isfinite(high_);
}

QuantizationParameters parameters_for(const ObservedRange& range, const ActivationQuantization& how) {
  const double levels = static_cast<double>((1 << how.bits) - 1);
  auto [low, high] = chosen_range(range, how, levels);
  low = std::min(low, 0.0);
  high = std::max(high, 0.0);
  if (how.symmetric) {
    const double reach = std::max(-low, high);
    const auto middle = std::int64_t{1} << (how.bits - 1);
    return {std::max(2 * reach / levels, kSmallestScale), middle};
  }
  const double scale = std::max((high - low) / levels, kSmallestScale);
  return {scale, std::clamp<std::int64_t>(std::llround(-low / scale), 0, static_cast<std::int64_t>(levels))};
}

at::Tensor quantize_weight(const at::Tensor& weight, bool per_channel,
                           const std::vector<double>& bias_limit) {
  const auto contiguous = weight.data().contiguous();
  const auto channels = contiguous.size(0);
  const double largest = contiguous.numel() > 0 ? contiguous.abs().max().item<double>() : 0.0;
  const double fallback = largest > 0 ? largest / kWeightLimit : 1.0;
  if (!per_channel) {
    double scale = fallback;
    for (const double limit : bias_limit) scale = std::max(scale, limit);
    return at::quantize_per_tensor(contiguous, scale, 0, at::kQInt8);
  }
  auto scales = contiguous.reshape({channels, -1}).abs().amax(1).to(at::kDouble) / kWeightLimit;
  auto* data = scales.data_ptr<double>();
  for (std::int64_t c = 0; c < channels; ++c) {
    const double limit = bias_limit.empty() ? 0.0 : bias_limit[static_cast<std::size_t>(c)];
    data[c] = data[c] > 0 ? std::max({data[c], limit, kSmallestScale}) : std::max(fallback, limit);
  }
  return at::quantize_per_channel(contiguous, scales, at::zeros({channels}, at::kLong), 0, at::kQInt8);
}

}  // namespace espalier::runner
