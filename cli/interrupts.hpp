// Ctrl-C and its kin as something to wait on: from construction on, SIGINT, SIGTERM and SIGHUP no longer end
// the process but make `descriptor()` readable. Make it before any thread.
#pragma once

#include <chrono>
#include <vector>

namespace espalier::cli {

class Interrupts {
 public:
  Interrupts();
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  // Waits until a signal came (then true, and from then on always), a descriptor of `others` is readable, or
  // the time is over.
  bool wait(std::chrono::milliseconds limit, const std::vector<int>& others = {});
  [[nodiscard]] bool came() const { return came_; }

 private:
  int descriptor_;
  bool came_ = false;
};

}  // namespace espalier::cli
