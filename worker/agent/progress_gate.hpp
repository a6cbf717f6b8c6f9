// Joins a runner's progress so that at most four messages a second leave for each attempt, more only of one
// that makes thousands of points. No point is dropped.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.hpp"
#include "common/wire/messages.hpp"
#include "worker/agent/runner_protocol.hpp"

namespace espalier::agent {

class ProgressGate {
 public:
  void take(RunnerProgress progress);
  void take(wire::Checkpoint checkpoint);  // it is in the store
  // The joined progress, if there is news and the last one left long enough ago; `last`: at once.
  std::optional<wire::Progress> release(MonotonicTime now, bool last = false);
  std::int64_t next_seq() { return ++seq_; }

 private:
  std::optional<wire::Progress> joined_;
  double fraction_ = 0;
  std::string note_;
  std::optional<MonotonicTime> released_;
  std::int64_t seq_ = 0;
};

}  // namespace espalier::agent
