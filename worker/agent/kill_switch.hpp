// Ends runners from any thread, also while the loop that owns them is busy: the end of a lease can't wait.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>

namespace espalier::agent {

class KillSwitch {
 public:
  ~KillSwitch();
  void arm(std::int64_t attempt, int process);  // a descriptor of the process (pidfd), which is duplicated
  void disarm(std::int64_t attempt);            // the runner goes on, or is the loop's affair again
  void pull(std::int64_t attempt);              // kills the process; nothing happens if none is armed

 private:
  std::mutex mutex_;
  std::map<std::int64_t, int> processes_;
};

}  // namespace espalier::agent
