// What the core is told about jobs and tasks, by the store: at the start and with every submission.
#pragma once

#include <cstdint>
#include <vector>

#include "common/base/ids.hpp"
#include "coordinator/core/states.hpp"

namespace espalier::core {

using TaskId = Id<struct TaskIdTag, std::int64_t>;  // the store's number of a task, one a key

// What the core has to know of a task; the rest stays in the database until the task is assigned.
struct TaskRow {
  TaskId id;
  TaskState state{};
  bool exclusive = false;
  int failures = 0;            // attempts that count against `retries`
  std::vector<TaskId> inputs;  // tasks it waits for. One that the core doesn't know has its result already
};

struct JobRow {
  JobId id;
  JobState state{};
  std::int64_t priority = 50;  // a higher one goes first
  int retries = 2;
  double timeout_s = 0;           // of each attempt; 0: none
  std::int64_t memory_bytes = 0;  // of each attempt; 0: no limit
  std::vector<TaskRow> tasks;     // in the plan's order; those with a result may be left out
};

struct OpenAttempt {  // was running when the last coordinator stopped
  AttemptId attempt;
  TaskId task;
  WorkerName worker;
  bool heard = false;  // its worker has spoken of it
};

}  // namespace espalier::core
