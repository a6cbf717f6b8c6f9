// A store in memory that follows the rules of writes.hpp and checks what must hold for every commit.
#pragma once

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "coordinator/core/events.hpp"
#include "coordinator/core/rows.hpp"
#include "coordinator/core/writes.hpp"

namespace espalier::simulation {

class Broken : public std::runtime_error {  // an invariant doesn't hold
 public:
  using std::runtime_error::runtime_error;
};

class Store {
 public:
  struct Recovered {
    core::Started started;
    std::vector<core::JobRow> jobs;
    std::vector<core::OpenAttempt> attempts;
  };
  Recovered begin_epoch();
  core::JobRow submit(core::JobRow job);  // inserts what is new; rows as they are committed
  void commit(const std::vector<core::Write>& writes,
              std::int64_t epoch);  // nothing happens in an older epoch

  [[nodiscard]] bool all_ended() const;
  [[nodiscard]] core::TaskState state_of(core::TaskId task) const { return tasks_.at(task.value).row.state; }
  [[nodiscard]] core::JobState state_of(JobId job) const { return jobs_.at(job.value).row.state; }
  [[nodiscard]] std::size_t open_attempts() const;
  [[nodiscard]] std::vector<JobId> unfinished_jobs() const;
  [[nodiscard]] std::string describe() const;

 private:
  struct Task {
    core::TaskRow row;
    int results = 0;
  };
  struct Attempt {
    core::TaskId task;
    WorkerName worker;
    bool heard = false;
    core::AttemptState state = core::AttemptState::running;
  };
  struct Job {
    core::JobRow row;  // its tasks' states are in tasks_
  };
  core::JobRow with_states(core::JobRow row) const;
  void apply(const core::StartAttempt& write);
  void apply(const core::EndAttempt& write);
  void apply(const core::SetTask& write);
  void apply(const core::AcceptResult& write);
  void apply(const core::AddPoints&) {}
  void apply(const core::SaveCheckpoint&) {}
  void apply(const core::AddLog&) {}
  void apply(const core::SetProgress& write);
  void apply(const core::SetJob& write);
  void apply(const core::SeeWorker&) {}

  std::map<std::int64_t, Task> tasks_;
  std::map<std::int64_t, Job> jobs_;
  std::map<std::int64_t, Attempt> attempts_;
  std::int64_t epoch_ = 0;
};

}  // namespace espalier::simulation
