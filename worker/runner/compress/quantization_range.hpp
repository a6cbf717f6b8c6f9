// From observed values to the scale and zero point of an 8-bit tensor. Affine quantization as in Jacob et al.
// 2018: real = scale x (integer - zero_point), and 0 is always exact, so that padding and relu cost no
// accuracy. Pure.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace espalier::runner {

enum class Observer { minmax, histogram, percentile };

struct ActivationQuantization {
  Observer observer = Observer::minmax;
  bool symmetric = false;
  int bits = 8;  // 7 on CPUs whose 8-bit products saturate (x86 without VNNI)
};

struct QuantizationParameters {
  double scale = 1;
  std::int64_t zero_point = 0;
};

// What one value did during calibration. Every batch is seen twice: first for the range, then, within that
// range, for the distribution, so that bins never have to be moved.
class ObservedRange {
 public:
  void see_range(const at::Tensor& values);
  void see_distribution(const at::Tensor& values);  // after every see_range
  [[nodiscard]] double low() const { return low_; }
  [[nodiscard]] double high() const { return high_; }
  [[nodiscard]] const std::vector<double>& bins() const { return bins_; }  // equal widths from low to high
  [[nodiscard]] bool finite() const;

 private:
  double low_ = 0;
  double high_ = 0;
  std::vector<double> bins_;
};

// minmax: the whole range. percentile: without the outermost 0.01 % at each end. histogram: the range with
// the least expected squared error, clipping included.
QuantizationParameters parameters_for(const ObservedRange& range, const ActivationQuantization& how);

// Symmetric signed 8-bit weights, each output channel with its own scale or all with one; `bias_limit[c]` is
// the smallest scale with which channel c's bias still fits the 32-bit accumulator (0: no limit). A channel
// of zeros gets its neighbours' scale, never 0. Quantized along dimension 0.
at::Tensor quantize_weight(const at::Tensor& weight, bool per_channel, const std::vector<double>& bias_limit);

}  // namespace espalier::runner
