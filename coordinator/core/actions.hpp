// What the core wants done, in this order: the writes of a step are committed before anything else of the
// same step or of a later one leaves the process. Beats alone may overtake.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "common/base/ids.hpp"
#include "common/wire/messages.hpp"
#include "coordinator/core/writes.hpp"

namespace espalier::core {

struct Send {
  std::string peer;
  wire::ToWorker message;
};

// Send the assignment of an attempt that this step's StartAttempt has put on record; the store knows the rest
// of it.
struct GiveOut {
  std::string peer;
  AttemptId attempt;
  TaskId task;
  double timeout_s = 0;           // 0: none
  std::int64_t memory_bytes = 0;  // 0: no limit
};

struct PublishJob {  // something about the job has changed
  JobId job;
  bool ended = false;   // its last change
  bool search = false;  // one of its tasks has ended, or it begins: its search may have more to ask for
};
struct PublishWorkers {};

using Action = std::variant<Write, Send, GiveOut, PublishJob, PublishWorkers>;
using Actions = std::vector<Action>;

// Whether it rests on nothing that could still be undone, and so needn't wait for a commit.
[[nodiscard]] bool may_overtake(const Action& action);

}  // namespace espalier::core
