// What the core is told about jobs and tasks, by the store: at the start and with every submission.
#pragma once

#include <cstdint>
#include <vector>

#include "common/base/ids.hpp"
#include "coordinator/core/states.hpp"

namespace espalier::core {

// What the core has to know of a task; the rest stays in the database until the task is assigned.
struct TaskRow {
  TaskKey key;
  TaskState state{};
  bool exclusive = false;
  int failures = 0;             // attempts that count against `retries`
  std::vector<TaskKey> inputs;  // tasks it waits for; each is one of the job's tasks too
};

struct JobRow {
  JobId id;
  JobState state{};
  std::int64_t priority = 50;  // a higher one goes first
  int retries = 2;
  double timeout_s = 0;           // of each attempt; 0: none
  std::int64_t memory_bytes = 0;  // of each attempt; 0: no limit
  std::vector<TaskRow> tasks;     // every task the job needs, finished ones too, in the plan's order
};

struct OpenAttempt {  // was running when the last coordinator stopped
  AttemptId attempt;
  TaskKey task;
  WorkerName worker;
};

struct Recovered {
  std::int64_t epoch = 0;         // ours, newly begun
  std::int64_t next_attempt = 1;  // attempt numbers never repeat
  std::vector<JobRow> jobs;       // unfinished ones, paused ones too
  std::vector<OpenAttempt> attempts;
};

}  // namespace espalier::core
