// A store in memory that follows the rules of writes.hpp and checks what must hold for every commit.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "coordinator/core/events.hpp"
#include "coordinator/core/rows.hpp"
#include "coordinator/core/writes.hpp"
#include "tests/simulation/chance.hpp"

namespace espalier::simulation {

class Broken : public std::runtime_error {  // an invariant doesn't hold
 public:
  using std::runtime_error::runtime_error;
};

inline void require(bool condition, const std::string& invariant) {
  if (!condition) throw Broken(invariant);
}

class Store {
 public:
  explicit Store(Trace& trace) : trace_(trace) {}

  struct Recovered {
    core::Started started;
    std::vector<core::JobRow> jobs;
    std::vector<core::OpenAttempt> attempts;
  };
  Recovered begin_epoch();
  [[nodiscard]] std::int64_t epoch() const { return epoch_; }

  // False, and nothing happens, in an older epoch. A commit that was in doubt comes again: then it changes
  // nothing that it has changed already.
  bool commit(const std::vector<core::Write>& writes, std::int64_t epoch, bool again = false);
  std::optional<core::JobRow> submit(core::JobRow job, std::int64_t epoch);  // rows as they are committed

  // The coordinator has acted on that submission. Until then it may cancel what only the new tasks' job
  // needs: it asks for them again.
  void learned(JobId job) {
    const auto news = news_.find(job.value);
    if (news != news_.end()) news_.erase(news);  // one of them: there may be two of a job
  }

  [[nodiscard]] core::JobState state_of(JobId job) const { return jobs_.at(job.value).row.state; }
  [[nodiscard]] std::size_t open_attempts() const;
  [[nodiscard]] std::vector<JobId> unfinished_jobs() const;
  [[nodiscard]] std::int64_t last_attempt() const {
    return attempts_.empty() ? 0 : attempts_.rbegin()->first;
  }
  [[nodiscard]] std::string describe() const;
  void at_the_end() const;  // when no job is unfinished any more

  struct Attempt {
    core::TaskId task;
    WorkerName worker;
    bool heard = false;
    core::AttemptState state = core::AttemptState::running;
    std::set<std::int64_t> points;  // their steps
  };
  [[nodiscard]] std::set<WorkerName> cordoned() const { return cordoned_; }
  [[nodiscard]] const std::map<std::int64_t, Attempt>& attempts() const { return attempts_; }

 private:
  struct Task {
    core::TaskRow row;
    int results = 0;
    std::int64_t result_of = 0;
    int failed_ends = 0;  // since somebody last asked for it
  };
  struct Job {
    core::JobRow row;  // its tasks' states are in tasks_
  };
  static bool contains(const Job& job, core::TaskId task);
  [[nodiscard]] bool is_needed(core::TaskId task) const;  // by an unfinished job
  [[nodiscard]] int most_retries(core::TaskId task) const;
  core::JobRow with_states(core::JobRow row) const;
  void apply(const core::StartAttempt& write);
  void apply(const core::EndAttempt& write);
  void apply(const core::SetTask& write);
  void apply(const core::AcceptResult& write);
  void apply(const core::AddPoints& write);
  void apply(const core::SaveCheckpoint&) {}
  void apply(const core::AddLog&) {}
  void apply(const core::SetProgress& write);
  void apply(const core::SetJob& write);
  void apply(const core::SeeWorker& write);
  void apply(const core::CordonWorker& write);
  [[nodiscard]] std::string host_of(const WorkerName& worker) const;

  Trace& trace_;
  std::map<std::int64_t, Task> tasks_;
  std::map<std::int64_t, Job> jobs_;
  std::map<std::int64_t, Attempt> attempts_;
  std::map<WorkerName, std::string> hosts_;  // as the workers said last
  std::set<WorkerName> cordoned_;
  std::multiset<std::int64_t> news_;  // jobs of submissions that the coordinator doesn't know yet
  std::int64_t epoch_ = 0;
  bool again_ = false;
};

}  // namespace espalier::simulation
