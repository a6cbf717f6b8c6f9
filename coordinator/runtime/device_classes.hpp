// What a job's device selector means, for the planning thread: told by the loop, asked by plans.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>

namespace espalier::runtime {

class DeviceClasses {
 public:
  // From the loop: how many workers live, and the class that all of them share, if they do.
  void tell(std::size_t live_workers, std::optional<std::string> common);
  // From the planning thread. Waits for a first worker, at most `patience`: a job and the worker for it are
  // often started together, and the class is part of a benchmark's key. The selector itself if there is no
  // one class.
  std::string resolve(const std::string& selector, std::chrono::milliseconds patience);
  void stop();  // nobody waits any more

 private:
  std::mutex mutex_;
  std::condition_variable told_;
  std::size_t live_workers_ = 0;
  std::optional<std::string> common_;
  bool stopped_ = false;
};

}  // namespace espalier::runtime
