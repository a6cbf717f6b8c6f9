// The unfinished jobs, and the order in which they are served: higher priority first, then the older one.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <tuple>
#include <vector>

#include "common/base/ids.hpp"
#include "coordinator/core/index_set.hpp"
#include "coordinator/core/task_table.hpp"

namespace espalier::core {

struct Job {
  JobId id;
  JobState state{};
  std::int64_t priority = 0;
  int retries = 0;
  double timeout_s = 0;
  std::int64_t memory_bytes = 0;
  std::vector<TaskIndex> tasks;  // by position, in the plan's order
  std::size_t unfinished = 0;    // tasks that haven't ended
  std::size_t unsuccessful = 0;  // tasks that failed or were cancelled
  IndexSet ready;                // positions of ready tasks that share a worker
  IndexSet ready_exclusive;      // positions of ready tasks that need a worker for themselves
  bool incomplete = false;       // more tasks are about to come
  bool changed = false;          // in this step
};

class JobTable {
 public:
  [[nodiscard]] std::optional<JobIndex> find(JobId id) const;
  JobIndex add(JobId id);
  void remove(JobIndex job);
  Job& operator[](JobIndex job) { return *jobs_[job.value]; }
  const Job& operator[](JobIndex job) const { return *jobs_[job.value]; }

  // Puts the job into or takes it out of the order, after its state or its ready sets have changed.
  void reorder(JobIndex job);
  struct Place {
    std::int64_t negated_priority = 0;
    JobId id;
    JobIndex job;
    friend auto operator<=>(const Place&, const Place&) = default;
  };
  [[nodiscard]] const std::set<Place>& order() const { return order_; }  // running jobs with ready tasks

 private:
  std::vector<std::unique_ptr<Job>> jobs_;  // pointers: a Job must stay where it is while others are added
  std::map<JobId, JobIndex> by_id_;
  std::vector<JobIndex> free_;
  std::set<Place> order_;
};

}  // namespace espalier::core
