#include "coordinator/runtime/device_classes.hpp"

namespace espalier::runtime {

void DeviceClasses::tell(std::size_t live_workers, std::optional<std::string> common) {
  {
    const std::lock_guard lock(mutex_);
    live_workers_ = live_workers;
    // A class stays known when its last worker has left: the next one is most likely of the same kind.
    if (live_workers > 0) common_ = std::move(common);
  }
  told_.notify_all();
}

std::string DeviceClasses::resolve(const std::string& selector, std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  told_.wait_for(lock, patience, [this] { return stopped_ || live_workers_ > 0 || common_; });
  return common_.value_or(selector);
}

void DeviceClasses::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  told_.notify_all();
}

}  // namespace espalier::runtime
