// Ends runners from any thread, also while the loop that owns them is busy: the end of a lease can't wait.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>

namespace espalier::agent {

class KillSwitch {
 public:
  ~KillSwitch();
  // With a descriptor of the process (pidfd), which is duplicated. Kills it at once if that attempt's switch
  // was pulled before.
  void arm(std::int64_t attempt, int process);
  void disarm(std::int64_t attempt);  // the runner goes on, or is the loop's affair again
  void pull(std::int64_t attempt);    // kills the process that is armed, or that will be
  void forget(std::int64_t attempt);  // the attempt is over

 private:
  std::mutex mutex_;
  std::map<std::int64_t, int> processes_;
  std::set<std::int64_t> pulled_;
};

}  // namespace espalier::agent
