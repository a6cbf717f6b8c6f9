// What happens to the core. Every event may come twice, late or not at all: none of them may be relied on.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/base/ids.hpp"
#include "common/wire/messages.hpp"
#include "coordinator/core/rows.hpp"

namespace espalier::core {

// The first event. Then, between SubmissionBegun and SubmissionEnded, the unfinished jobs come as JobAdded
// and AttemptsFound; workers only after that.
struct Started {
  std::int64_t epoch = 0;         // ours, newly begun
  std::int64_t next_attempt = 1;  // attempt numbers never repeat
  std::vector<WorkerName> cordoned{};
  std::vector<Pace> paces{};  // of what has ended before
};

// Attempts that were under way when the last coordinator stopped: their workers have one lease to come back.
struct AttemptsFound {
  std::vector<OpenAttempt> attempts;
};

// A submission is on its way through the store. Until its end the core forgets no task and no job, so
// that the rows which the store read meanwhile can't bring back a task that has ended since.
struct SubmissionBegun {
  std::optional<JobId> job;  // known already, gets more tasks: until then it doesn't end
  bool by_search = false;    // whether it is paused or cancelled stays as it is
};
struct SubmissionEnded {
  std::optional<JobId> job;
};

// A new job; or more tasks, or the same again, for one that is known. A task comes after its inputs: in the
// same event, or in an earlier one.
struct JobAdded {
  JobRow row;
  bool ask_again = true;  // its failed and cancelled tasks are; else only those that its rows call unfinished
  bool more = false;      // further parts of it follow: it doesn't end before the last
  // Its own search asks for them: that changes nothing about its state, nor what has failed of it, and if it
  // has ended meanwhile they go with it.
  bool by_search = false;
};
struct SearchEnded {  // nothing more will be asked for: the job ends with its last task
  JobId job;
  bool failed = false;  // the search couldn't go on, and so the job fails
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
// Somebody wants the worker, known or not, to be given nothing any more, or something again.
struct WorkerCordoned {
  WorkerName name;
  bool cordoned = true;
  bool drain = false;  // trainings of it go on elsewhere, from where they have saved themselves
};
struct WorkerGoodbye {
  wire::Goodbye message;
};
struct WorkerRevoked {  // it may not speak to us any more: what it holds goes to others at once
  WorkerName name;
};
struct AttemptProgress {
  std::string peer;
  wire::Progress message;
};
struct AttemptLogged {
  std::string peer;
  wire::LogText message;
};
struct AttemptFinished {
  std::string peer;
  wire::Finished message;
};

// The assignments of these attempts were handed to the network. A worker that still doesn't speak of one a
// lease later is asked to give it back.
struct AssignmentsSent {
  std::vector<AttemptId> attempts;
};

struct Tick {};  // time has passed

using Event =
    std::variant<Started, AttemptsFound, SubmissionBegun, SubmissionEnded, JobAdded, SearchEnded, JobPaused,
                 JobResumed, JobCancelled, WorkerHello, WorkerHeartbeat, WorkerCordoned, WorkerGoodbye,
                 WorkerRevoked, AttemptProgress, AttemptLogged, AttemptFinished, AssignmentsSent, Tick>;

}  // namespace espalier::core
