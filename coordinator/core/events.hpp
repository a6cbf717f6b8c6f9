// What happens to the core. Every event may come twice, late or not at all: none of them may be relied on.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "common/base/ids.hpp"
#include "common/wire/messages.hpp"
#include "coordinator/core/rows.hpp"

namespace espalier::core {

// The first event: what the store knows of unfinished work.
struct Started {
  Recovered recovered;
};

// A submission is on its way through the store. Until its end the core forgets no task and ends no job, so
// that the rows which the store read meanwhile can't bring back a task that has ended since.
struct SubmissionBegun {};
struct SubmissionEnded {};

// A new job; or more tasks, or the same again, for one that is known. Its failed and cancelled tasks are
// asked for again.
struct JobAdded {
  JobRow row;
};
struct JobPaused {  // nothing of it starts any more; what runs goes on
  JobId job;
};
struct JobResumed {
  JobId job;
};
struct JobCancelled {  // cancels its tasks, but for those that another unfinished job needs
  JobId job;
};

// A message and where its answer goes: the sender's address in whatever carries the messages.
struct WorkerHello {
  std::string peer;
  wire::Hello message;
};
struct WorkerHeartbeat {
  std::string peer;
  wire::Heartbeat message;
};
struct WorkerGoodbye {
  wire::Goodbye message;
};
struct AttemptProgress {
  std::string peer;
  wire::Progress message;
};
struct AttemptFinished {
  std::string peer;
  wire::Finished message;
};

// The assignments of these attempts were handed to the network. A worker that still doesn't speak of one a
// lease later has never got it.
struct AssignmentsSent {
  std::vector<AttemptId> attempts;
};

struct Tick {};  // time has passed

using Event = std::variant<Started, SubmissionBegun, SubmissionEnded, JobAdded, JobPaused, JobResumed,
                           JobCancelled, WorkerHello, WorkerHeartbeat, WorkerGoodbye, AttemptProgress,
                           AttemptFinished, AssignmentsSent, Tick>;

}  // namespace espalier::core
