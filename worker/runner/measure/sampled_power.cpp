#include "worker/runner/measure/sampled_power.hpp"

#include <chrono>
#include <utility>

#include "worker/runner/measure/conditions.hpp"

namespace espalier::runner {
namespace {

constexpr std::chrono::milliseconds kBetweenPowerSamples{10};

}  // namespace

SampledPower::SampledPower(std::function<std::optional<double>()> watts)
    : watts_(std::move(watts)), last_s_(monotonic_seconds()), last_watts_(watts_()) {
  thread_ = std::jthread([this](const std::stop_token& stop) { sample(stop); });
}

void SampledPower::sample(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    wake_.wait_for(lock, stop, kBetweenPowerSamples, [] { return false; });
    take();
  }
}

void SampledPower::take() {
  if (!last_watts_) return;
  const auto now_watts = watts_();
  const double now_s = monotonic_seconds();
  if (now_watts) joules_ += (*last_watts_ + *now_watts) / 2 * (now_s - last_s_);
  last_s_ = now_s;
  last_watts_ = now_watts;
}

std::optional<double> SampledPower::joules() {
  const std::lock_guard lock(mutex_);
  take();
  return last_watts_ ? std::optional(joules_) : std::nullopt;
}

}  // namespace espalier::runner
