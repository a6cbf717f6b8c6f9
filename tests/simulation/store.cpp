#include "tests/simulation/store.hpp"

#include <algorithm>
#include <boost/describe/enum_to_string.hpp>
#include <utility>

namespace espalier::simulation {

namespace {

void require(bool condition, const std::string& invariant) {
  if (!condition) throw Broken(invariant);
}

}  // namespace

Store::Recovered Store::begin_epoch() {
  Recovered recovered;
  recovered.started.epoch = ++epoch_;
  recovered.started.next_attempt = attempts_.empty() ? 1 : attempts_.rbegin()->first + 1;
  for (const auto& [id, job] : jobs_) {
    if (!core::is_terminal(job.row.state)) recovered.jobs.push_back(with_states(job.row));
  }
  for (const auto& [id, attempt] : attempts_) {
    if (attempt.state == core::AttemptState::running) {
      recovered.attempts.push_back({AttemptId{id}, attempt.task, attempt.worker, attempt.heard});
    }
  }
  return recovered;
}

core::JobRow Store::submit(core::JobRow job) {
  for (const core::TaskRow& task : job.tasks) tasks_.try_emplace(task.id.value, Task{task, 0});
  core::JobRow& known = jobs_.try_emplace(job.id.value, Job{job}).first->second.row;
  known.state = core::JobState::running;
  for (const core::TaskRow& task : job.tasks) {
    const auto same = [&](const core::TaskRow& other) { return other.id == task.id; };
    if (std::none_of(known.tasks.begin(), known.tasks.end(), same)) known.tasks.push_back(task);
  }
  return with_states(known);
}

core::JobRow Store::with_states(core::JobRow row) const {
  for (core::TaskRow& task : row.tasks) {
    const Task& known = tasks_.at(task.id.value);
    task.state = known.row.state;
    task.failures = known.row.failures;
  }
  return row;
}

void Store::commit(const std::vector<core::Write>& writes, std::int64_t epoch) {
  if (epoch != epoch_) return;
  for (const core::Write& write : writes) {
    std::visit([this](const auto& it) { apply(it); }, write);
  }
}

void Store::apply(const core::StartAttempt& write) {
  const Task& task = tasks_.at(write.task.value);
  require(!attempts_.contains(write.attempt.value), "an attempt's number never repeats");
  require(attempts_.empty() || write.attempt.value > attempts_.rbegin()->first, "attempt numbers only rise");
  require(task.results == 0, "a task with a result is never run again");
  for (const auto& [id, attempt] : attempts_) {
    require(attempt.task != write.task || attempt.state != core::AttemptState::running,
            "no two live leases on one task");
  }
  for (const core::TaskId input : task.row.inputs) {
    require(tasks_.at(input.value).results == 1, "no task starts before its inputs");
  }
  attempts_[write.attempt.value] = {write.task, write.worker, false, core::AttemptState::running};
}

void Store::apply(const core::EndAttempt& write) {
  const auto found = attempts_.find(write.attempt.value);
  if (found == attempts_.end()) return;
  core::AttemptState& state = found->second.state;
  if (write.state == core::AttemptState::superseded) {
    if (state == core::AttemptState::lost || state == core::AttemptState::cancelled) state = write.state;
  } else if (state == core::AttemptState::running) {
    state = write.state;
  }
}

void Store::apply(const core::SetTask& write) {
  Task& task = tasks_.at(write.task.value);
  require(write.state == task.row.state || core::is_terminal(task.row.state) == false ||
              core::edge_allowed(task.row.state, write.state),
          "an ended task stays ended unless it is asked for again");
  require(!core::is_held(write.state) && write.state != core::TaskState::succeeded,
          "what an attempt tells isn't told again");
  task.row.state = write.state;
  task.row.failures = write.failures;
}

void Store::apply(const core::SetProgress& write) {
  const auto found = attempts_.find(write.attempt.value);
  if (found != attempts_.end()) found->second.heard = true;
}

void Store::apply(const core::AcceptResult& write) {
  Task& task = tasks_.at(write.task.value);
  require(++task.results == 1, "exactly one accepted result a task");
  task.row.state = core::TaskState::succeeded;
  require(attempts_.at(write.attempt.value).task == write.task, "a result belongs to the attempt's task");
  require(attempts_.at(write.attempt.value).state == core::AttemptState::succeeded,
          "a result comes from an attempt that was live until its end");
}

void Store::apply(const core::SetJob& write) {
  const Job& job = jobs_.at(write.job.value);
  if (write.state == core::JobState::succeeded) {
    for (const core::TaskRow& task : job.row.tasks) {
      require(state_of(task.id) == core::TaskState::succeeded, "a job succeeds with all of its tasks");
    }
  }
  jobs_.at(write.job.value).row.state = write.state;
}

bool Store::all_ended() const {
  return unfinished_jobs().empty();
}

std::vector<JobId> Store::unfinished_jobs() const {
  std::vector<JobId> unfinished;
  for (const auto& [id, job] : jobs_) {
    if (!core::is_terminal(job.row.state)) unfinished.push_back({id});
  }
  return unfinished;
}

std::size_t Store::open_attempts() const {
  return static_cast<std::size_t>(std::count_if(attempts_.begin(), attempts_.end(), [](const auto& entry) {
    return entry.second.state == core::AttemptState::running;
  }));
}

std::string Store::describe() const {
  std::string text;
  for (const auto& [key, task] : tasks_) {
    text += std::to_string(key) + " " + boost::describe::enum_to_string(task.row.state, "?") + "\n";
  }
  for (const auto& [id, job] : jobs_) {
    text += "job " + std::to_string(id) + " " + boost::describe::enum_to_string(job.row.state, "?") + "\n";
  }
  return text;
}

}  // namespace espalier::simulation
