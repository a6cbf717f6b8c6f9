// What the core has decided to put on record. The writes of a step are committed in their order and in one
// transaction; each is idempotent, since a commit that is in doubt is repeated.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "common/base/ids.hpp"
#include "common/base/json.hpp"
#include "common/wire/messages.hpp"
#include "coordinator/core/rows.hpp"
#include "coordinator/core/states.hpp"

namespace espalier::core {

struct StartAttempt {  // its task is assigned from now on
  AttemptId attempt;
  TaskId task;
  WorkerName worker;
};

// An attempt that has ended keeps its state, with one exception: `superseded` replaces `lost` and
// `cancelled`, and nothing else. So a repeated or forged report of an end changes nothing.
struct EndAttempt {
  AttemptId attempt;
  AttemptState state{};
  std::string reason;  // in words; empty if it succeeded
  double seconds = 0;
  std::string device_class;
  WorkerName worker{};  // who had it; an end that comes late is only believed from that one
  std::vector<wire::Metric> late_metrics{};  // of a success that came too late to be the task's result
};

struct SetTask {  // for what no attempt of it tells: not for assigned, running, succeeded
  TaskId task;
  TaskState state{};
  int failures = 0;
  std::string reason;
};

struct AcceptResult {  // exactly one a task, ever; the task has succeeded
  TaskId task;
  AttemptId attempt;
  std::vector<wire::Metric> metrics;
  std::vector<wire::Output> outputs;
};

struct AddPoints {  // the same points may be added again
  AttemptId attempt;
  TaskId task;
  std::vector<wire::CurvePoint> points;
};

// The latest attempt's furthest is kept, until the task has a result.
struct SaveCheckpoint {
  TaskId task;
  AttemptId attempt;
  wire::Checkpoint checkpoint;
};

struct AddLog {  // nothing happens if the worker never had the attempt, or this part of its log is there
  AttemptId attempt;
  WorkerName worker;
  std::int64_t offset = 0;
  std::string text;
};

struct SetProgress {  // the worker speaks of it: its task runs
  AttemptId attempt;
  double fraction = 0;
};

struct SetJob {
  JobId job;
  JobState state{};
};

struct SeeWorker {
  WorkerName name;
  std::string session;
  std::string device_class;
  int slots = 0;
  json::object facts;
  bool alive = true;  // false: lost or gone; the other fields are then empty but for the name
};

struct CordonWorker {
  WorkerName name;
  bool cordoned = true;
};

using Write = std::variant<StartAttempt, EndAttempt, SetTask, AcceptResult, AddPoints, SaveCheckpoint, AddLog,
                           SetProgress, SetJob, SeeWorker, CordonWorker>;

}  // namespace espalier::core
