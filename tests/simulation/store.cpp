#include "tests/simulation/store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/describe/enum_to_string.hpp>
#include <utility>

namespace espalier::simulation {

namespace {

using core::AttemptState;

bool counts_against_retries(AttemptState state) {
  return state == AttemptState::failed || state == AttemptState::crashed ||
         state == AttemptState::timed_out || state == AttemptState::out_of_memory;
}

}  // namespace

Store::Recovered Store::begin_epoch() {
  Recovered recovered;
  recovered.started.epoch = ++epoch_;
  news_.clear();
  trace_.tell([&] { return fmt::format("epoch {} begins:\n{}", epoch_, describe()); });
  for (auto& [id, task] : tasks_)  // cancel_orphans.sql
    if (!core::is_terminal(task.row.state) && !is_needed({id})) task.row.state = core::TaskState::cancelled;
  recovered.started.next_attempt = last_attempt() + 1;
  for (const auto& [id, job] : jobs_) {
    if (!core::is_terminal(job.row.state)) recovered.jobs.push_back(with_states(job.row));
  }
  for (const auto& [id, attempt] : attempts_) {
    if (attempt.state == AttemptState::running)
      recovered.attempts.push_back(
          {AttemptId{id}, attempt.task, attempt.worker, attempt.heard, host_of(attempt.worker)});
  }
  recovered.started.cordoned.assign(cordoned_.begin(), cordoned_.end());
  return recovered;
}

std::optional<core::JobRow> Store::submit(const Submission& submission, std::int64_t epoch) {
  if (epoch != epoch_) return std::nullopt;
  const core::JobRow& job = submission.job;
  news_[submission.ticket] = job.id.value;
  core::JobRow& known = jobs_.try_emplace(job.id.value, Job{job}).first->second.row;
  if (submission.search) search_on(submission, known);
  known.state = core::JobState::running;
  for (const core::TaskRow& task : job.tasks) {
    tasks_.try_emplace(task.id.value, Task{task});
    add_to(known, task);
  }
  return with_states(known);
}

void Store::add_to(core::JobRow& job, const core::TaskRow& task) {
  const auto same = [&](const core::TaskRow& other) { return other.id == task.id; };
  if (std::none_of(job.tasks.begin(), job.tasks.end(), same)) job.tasks.push_back(task);
}

core::JobRow Store::with_states(core::JobRow row) const {
  for (core::TaskRow& task : row.tasks) {
    const Task& known = tasks_.at(task.id.value);
    task.state = known.row.state;
    task.failures = known.row.failures;
  }
  return row;
}

bool Store::commit(const std::vector<core::Write>& writes, std::int64_t epoch, bool again) {
  if (epoch != epoch_) return false;
  again_ = again;
  for (const core::Write& write : writes) {
    trace_.note(static_cast<std::int64_t>(write.index()));
    std::visit([this](const auto& it) { apply(it); }, write);
  }
  return true;
}

void Store::apply(const core::StartAttempt& write) {
  trace_.note(write.attempt.value);
  const auto known = attempts_.find(write.attempt.value);
  if (known != attempts_.end()) {
    require(known->second.task == write.task && known->second.worker == write.worker,
            "an attempt's number never repeats");
    return;
  }
  const Task& task = tasks_.at(write.task.value);
  require(write.attempt.value > last_attempt(), "attempt numbers only rise");
  require(task.results == 0, "a task with a result is never run again");
  require(!cordoned_.contains(write.worker), "a cordoned worker is given nothing");
  for (const auto& [id, attempt] : attempts_) {
    if (attempt.state != AttemptState::running) continue;
    require(attempt.task != write.task, "no two live leases on one task");
    require(host_of(attempt.worker) != host_of(write.worker) ||
                (!task.row.exclusive && !tasks_.at(attempt.task.value).row.exclusive),
            "a benchmark has its host to itself");
  }
  require(task.failed_ends <= most_retries(write.task), "a task is tried as often as its jobs allow");
  for (const core::TaskId input : task.row.inputs)
    require(tasks_.at(input.value).results == 1, "no task starts before its inputs");
  attempts_[write.attempt.value] = {write.task, write.worker, false, AttemptState::running, {}};
}

void Store::apply(const core::EndAttempt& write) {
  trace_.note(write.attempt.value);
  trace_.tell([&] {
    return fmt::format("attempt {} {}: {}", write.attempt.value,
                       boost::describe::enum_to_string(write.state, "?"), write.reason);
  });
  const auto found = attempts_.find(write.attempt.value);
  if (found == attempts_.end()) return;
  AttemptState& state = found->second.state;
  if (write.state == AttemptState::superseded) {
    const bool given_up = state == AttemptState::lost || state == AttemptState::cancelled;
    if (given_up && found->second.worker == write.worker) state = write.state;
  } else if (state == AttemptState::running) {
    state = write.state;
    if (counts_against_retries(state)) ++tasks_.at(found->second.task.value).failed_ends;
  }
}

void Store::apply(const core::SetTask& write) {
  Task& task = tasks_.at(write.task.value);
  trace_.tell([&] {
    return fmt::format("task {} {}: {}", write.task.value, boost::describe::enum_to_string(write.state, "?"),
                       write.reason);
  });
  const bool ended = core::is_terminal(task.row.state);
  if (again_) {
    task.row.state = write.state;
    task.row.failures = write.failures;
    return;
  }
  require(write.state == task.row.state || !ended || core::edge_allowed(task.row.state, write.state),
          "an ended task stays ended unless it is asked for again");
  require(!core::is_held(write.state) && write.state != core::TaskState::succeeded,
          "what an attempt tells isn't told again");
  if (ended && write.state == core::TaskState::waiting) task.failed_ends = 0;  // asked for again
  require(write.failures <= task.failed_ends, "lost workers don't consume the user's retries");
  require(write.state != core::TaskState::cancelled || write.reason.starts_with("an input ") ||
              !is_needed(write.task),
          "what an unfinished job needs isn't cancelled");
  require(write.state != core::TaskState::failed || task.failed_ends > 0, "a task fails by a failure");
  task.row.state = write.state;
  task.row.failures = write.failures;
}

void Store::apply(const core::AcceptResult& write) {
  Task& task = tasks_.at(write.task.value);
  if (task.result_of == write.attempt.value) return;
  require(++task.results == 1, "exactly one accepted result a task");
  task.result_of = write.attempt.value;
  task.metrics = write.metrics;
  task.row.state = core::TaskState::succeeded;
  const Attempt& attempt = attempts_.at(write.attempt.value);
  require(attempt.task == write.task, "a result belongs to the attempt's task");
  require(attempt.state == AttemptState::succeeded,
          "a result comes from an attempt that was live until its end");
}

void Store::apply(const core::SetProgress& write) {
  const auto found = attempts_.find(write.attempt.value);
  if (found != attempts_.end()) found->second.heard = true;
}

void Store::apply(const core::AddPoints& write) {
  auto& points = attempts_.at(write.attempt.value).points;
  for (const auto& point : write.points) points.insert(static_cast<std::int64_t>(point.step));
}

void Store::apply(const core::SetJob& write) {
  trace_.note(write.job.value);
  trace_.tell([&] {
    return fmt::format("job {} {}", write.job.value, boost::describe::enum_to_string(write.state, "?"));
  });
  Job& job = jobs_.at(write.job.value);
  // Tasks that the core doesn't know yet may have been added: it takes the job up again when it hears of
  // them.
  const bool ends = write.state == core::JobState::succeeded || write.state == core::JobState::failed;
  require(!ends || !job.row.searching || is_news(write.job.value), "no job ends before its search");
  if (write.state == core::JobState::succeeded && !is_news(write.job.value)) {
    for (const core::TaskRow& task : job.row.tasks)
      require(tasks_.at(task.id.value).row.state == core::TaskState::succeeded,
              "a job succeeds with all of its tasks");
  }
  job.row.state = write.state;
}

void Store::apply(const core::SeeWorker& write) {
  if (!write.alive) return;
  const auto* host = write.facts.if_contains("host");
  if (host != nullptr) hosts_[write.name] = host->as_string();
}

void Store::apply(const core::CordonWorker& write) {
  if (write.cordoned) {
    cordoned_.insert(write.name);
  } else {
    cordoned_.erase(write.name);
  }
}

std::string Store::host_of(const WorkerName& worker) const {
  const auto known = hosts_.find(worker);
  return known == hosts_.end() ? "of " + worker.value : known->second;
}

bool Store::contains(const Job& job, core::TaskId task) {
  return std::any_of(job.row.tasks.begin(), job.row.tasks.end(),
                     [&](const core::TaskRow& row) { return row.id == task; });
}

bool Store::is_needed(core::TaskId task) const {
  return std::any_of(jobs_.begin(), jobs_.end(), [&](const auto& entry) {
    return !is_news(entry.first) && !core::is_terminal(entry.second.row.state) &&
           contains(entry.second, task);
  });
}

bool Store::is_news(std::int64_t job) const {
  return std::any_of(news_.begin(), news_.end(), [&](const auto& entry) { return entry.second == job; });
}

int Store::most_retries(core::TaskId task) const {
  int most = 0;
  for (const auto& [id, job] : jobs_)
    if (contains(job, task)) most = std::max(most, job.row.retries);
  return most;
}

std::vector<JobId> Store::unfinished_jobs() const {
  std::vector<JobId> unfinished;
  for (const auto& [id, job] : jobs_)
    if (!core::is_terminal(job.row.state)) unfinished.push_back({id});
  return unfinished;
}

void Store::at_the_end() const {
  for (const auto& [key, task] : tasks_)
    require(core::is_terminal(task.row.state),
            fmt::format("with its jobs ends every task: {} is {}", key,
                        boost::describe::enum_to_string(task.row.state, "?")));
}

std::size_t Store::open_attempts() const {
  return static_cast<std::size_t>(std::count_if(attempts_.begin(), attempts_.end(), [](const auto& entry) {
    return entry.second.state == AttemptState::running;
  }));
}

std::string Store::describe() const {
  std::string text;
  for (const auto& [key, task] : tasks_)
    text += fmt::format("{} {}\n", key, boost::describe::enum_to_string(task.row.state, "?"));
  for (const auto& [id, job] : jobs_)
    text += fmt::format("job {} {}\n", id, boost::describe::enum_to_string(job.row.state, "?"));
  for (const auto& [id, attempt] : attempts_)
    if (attempt.state == AttemptState::running)
      text += fmt::format("attempt {} of {} on {}\n", id, attempt.task.value, attempt.worker.value);
  return text;
}

}  // namespace espalier::simulation
