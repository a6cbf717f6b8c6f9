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
#include "tests/simulation/experiment.hpp"

namespace espalier::simulation {

class Broken : public std::runtime_error {  // an invariant doesn't hold
 public:
  using std::runtime_error::runtime_error;
};

inline void require(bool condition, const std::string& invariant) {
  if (!condition) throw Broken(invariant);
}

struct Submission {
  core::JobRow job;
  std::optional<SearchText> search{};
  std::int64_t ticket = 0;  // its own number: one that is in doubt comes again
};

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
  // Rows as they are committed.
  std::optional<core::JobRow> submit(const Submission& submission, std::int64_t epoch);

  // The coordinator has acted on that submission. Until then it may cancel what only the new tasks' job
  // needs: it asks for them again.
  void learned(std::int64_t ticket) { news_.erase(ticket); }

  // store_searches.cpp: see coordinator/store/searches.hpp and extension.cpp. What writes is nothing, and
  // returns so, in an older epoch.
  struct Trial {
    std::string group;
    std::vector<double> point;
    std::int64_t generation = 0;
    std::size_t rung = 0;
    std::vector<core::TaskId> tasks{};  // in the pipeline's order
    std::vector<core::TaskId> evaluations{};
  };
  struct Search {
    SearchText text;
    std::vector<search::Rules> rules;
    std::vector<Trial> trials;
    std::map<std::string, std::set<std::int64_t>> generations{};  // that have ended, by group
  };
  struct Extended {
    bool outdated = false;  // the job has ended, or goes by another text
    core::JobRow job{};     // with the tasks of what was added, but for those that have a result
  };
  [[nodiscard]] const std::map<std::int64_t, Search>& searches() const { return searches_; }
  [[nodiscard]] bool is_searching(JobId job) const;  // neither paused nor ended, and its search isn't over
  [[nodiscard]] search::ToldByGroup told(JobId job) const;
  [[nodiscard]] bool is_as_measured(core::TaskId task) const;  // or has no result
  [[nodiscard]] core::JobRow job(JobId job) const { return with_states(jobs_.at(job.value).row); }
  std::optional<Extended> extend(JobId job, const SearchText& text, const std::vector<job::Proposal>& asked,
                                 std::int64_t ticket, std::int64_t epoch);
  void add_generations(JobId job, const search::JobAdvice& advice, std::int64_t epoch);
  bool end_search(JobId job, const SearchText& text, std::int64_t epoch);

  [[nodiscard]] bool is_news(
      std::int64_t job) const;  // more of it is on record than its coordinator has learned
  [[nodiscard]] bool knows(JobId job) const { return jobs_.contains(job.value); }
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
  [[nodiscard]] const std::string& key_of(core::TaskId task) const { return tasks_.at(task.value).key; }
  [[nodiscard]] std::set<WorkerName> cordoned() const { return cordoned_; }
  [[nodiscard]] const std::map<std::int64_t, Attempt>& attempts() const { return attempts_; }

 private:
  struct Task {
    core::TaskRow row;
    std::string key{};
    std::vector<wire::Metric> metrics{};
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
  static void add_to(core::JobRow& job, const core::TaskRow& task);
  void search_on(const Submission& submission, core::JobRow& known);
  core::TaskId number(PlannedTask planned, const Trial& trial);
  void add_trial(Search& search, const job::Proposal& proposal, core::JobRow& known, core::JobRow& added);
  [[nodiscard]] search::Told told(const Trial& trial, const search::Rules& rules) const;
  [[nodiscard]] std::optional<double> measured(core::TaskId task, const std::string& metric) const;
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
  std::map<std::int64_t, std::int64_t> news_;  // job of each submission that the coordinator doesn't know yet
  std::map<std::int64_t, Search> searches_;    // by job
  std::map<std::string, core::TaskId> numbers_;  // by key, of their tasks
  std::int64_t epoch_ = 0;
  bool again_ = false;
};

}  // namespace espalier::simulation
