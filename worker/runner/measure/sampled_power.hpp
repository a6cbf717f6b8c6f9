// Energy of a source that tells only its power: read at a steady rate, integrated by the trapezoidal rule.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

namespace espalier::runner {

class SampledPower {
 public:
  // `watts` is called by a thread of this object's, and by whoever asks for joules, one at a time.
  explicit SampledPower(std::function<std::optional<double>()> watts);

  // Since construction, up to now. Unset once the source has failed.
  std::optional<double> joules();

 private:
  void sample(const std::stop_token& stop);
  void take();

  std::function<std::optional<double>()> watts_;
  std::mutex mutex_;  // of all below
  std::condition_variable_any wake_;
  double last_s_ = 0;
  std::optional<double> last_watts_;
  double joules_ = 0;
  std::jthread thread_;  // last: it ends before what it uses
};

}  // namespace espalier::runner
