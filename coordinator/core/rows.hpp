// What the core is told about jobs and tasks, by the store: at the start and with every submission.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/ids.hpp"
#include "common/job/plan.hpp"
#include "coordinator/core/states.hpp"

namespace espalier::core {

using TaskId = Id<struct TaskIdTag, std::int64_t>;  // the store's number of a task, one a key

// What the core has to know of a task; the rest stays in the database until the task is assigned.
struct TaskRow {
  TaskId id;
  TaskState state{};
  bool exclusive = false;
  bool preemptible =
      false;  // saves where it stands: may be taken from its worker for what has a higher priority
  std::uint16_t target = 0;  // of the job's targets
  int failures = 0;          // attempts that count against `retries`
  std::uint64_t kind = 0;    // of tasks that take as long on one device class for each unit of work; 0: none
  double work = 1;
  std::vector<TaskId> inputs;  // tasks it waits for. One that the core doesn't know has its result already
};

struct Pace {  // seconds for one unit of work of this kind
  std::uint64_t kind = 0;
  std::string device_class;
  double seconds = 0;
};

struct JobRow {
  JobId id;
  JobState state{};
  std::int64_t priority = 50;  // a higher one goes first
  std::string user;            // whose share of the slots it is on
  int retries = 2;
  double timeout_s = 0;           // of each attempt; 0: none
  std::int64_t memory_bytes = 0;  // of each attempt; 0: no limit
  std::int64_t max_parallel = 0;  // attempts at once; 0: no limit
  std::vector<job::Target> targets{{}};
  bool searching = false;      // more trials may be asked for: it doesn't end before that is over
  bool search_failed = false;  // it couldn't go on
  std::vector<TaskRow> tasks;  // in the plan's order; those with a result may be left out
};

struct OpenAttempt {  // was running when the last coordinator stopped
  AttemptId attempt;
  TaskId task;
  WorkerName worker;
  bool heard = false;  // its worker has spoken of it
  std::string host{};  // of the worker, as it said last; empty: not known
};

}  // namespace espalier::core
