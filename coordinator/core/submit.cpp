// Jobs come, are paused, resumed, cancelled.
#include <algorithm>

#include "coordinator/core/core.hpp"

namespace espalier::core {

void Core::handle(const Started& event) {
  epoch_ = event.epoch;
  next_attempt_ = event.next_attempt;
  cordoned_ = {event.cordoned.begin(), event.cordoned.end()};
  for (const Pace& pace : event.paces)
    paces_.learn(pace.kind, paces_.class_of(pace.device_class), pace.seconds);
}

void Core::handle(const AttemptsFound& event) {
  for (const OpenAttempt& attempt : event.attempts) adopt(attempt);
}

void Core::handle(const SubmissionBegun& event) {
  ++submissions_;
  const auto job = event.job ? jobs_.find(*event.job) : std::nullopt;
  if (!job) return;
  jobs_[*job].incomplete = true;
  if (!event.by_search) jobs_[*job].commanded.reset();
}

void Core::handle(const SubmissionEnded& event) {
  ESPALIER_ASSERT(submissions_ > 0);
  --submissions_;
  const auto job = event.job ? jobs_.find(*event.job) : std::nullopt;
  if (!job) return;
  jobs_[*job].incomplete = false;
  to_end_.push_back(*event.job);
}

void Core::handle(const JobAdded& event) {
  const auto known = jobs_.find(event.row.id);
  if (!known && event.by_search) return;
  const bool has_ended = known && is_terminal(jobs_[*known].state);
  const auto commanded = known ? jobs_[*known].commanded : std::nullopt;
  const JobState state = commanded.value_or(event.row.state);
  if (has_ended) finish_retirement(*known);  // it ended while the submission was on its way
  // The submission has put on record that it runs; after the command, for all we know.
  if ((has_ended || commanded) && !event.by_search) write(SetJob{event.row.id, state});
  for (const Newcomer& newcomer : enlist(event, state)) evaluate(newcomer);
  const JobIndex job = *jobs_.find(event.row.id);
  jobs_[job].commanded = commanded;
  jobs_[job].incomplete = event.more;
  if (is_terminal(state)) retire(job);
}

void Core::handle(const SearchEnded& event) {
  const auto job = jobs_.find(event.job);
  if (!job) return;
  jobs_[*job].searching = false;
  jobs_[*job].search_failed = event.failed;
  to_end_.push_back(event.job);
  mark_changed(*job);
}

void Core::handle(const JobPaused& event) {
  const auto job = jobs_.find(event.job);
  if (!job || jobs_[*job].state != JobState::running) return;
  jobs_[*job].commanded = JobState::paused;
  set_job_state(*job, JobState::paused);
}

void Core::handle(const JobResumed& event) {
  const auto job = jobs_.find(event.job);
  if (!job || jobs_[*job].state != JobState::paused) return;
  jobs_[*job].search_is_due = true;
  jobs_[*job].commanded = JobState::running;
  set_job_state(*job, JobState::running);
}

void Core::handle(const JobCancelled& event) {
  const auto job = jobs_.find(event.job);
  if (!job) return;
  if (!is_terminal(jobs_[*job].state)) {
    set_job_state(*job, JobState::cancelled);
    retire(*job);
  }
  if (jobs_[*job].state == JobState::cancelled) jobs_[*job].commanded = JobState::cancelled;
}

// Puts the job's tasks into the table. Returns those whose inputs have to be looked at, once all of them are
// there.
std::vector<Core::Newcomer> Core::enlist(const JobAdded& event, JobState state) {
  const JobRow& row = event.row;
  auto index = jobs_.find(row.id);
  if (index) {
    if (jobs_[*index].state != state) set_job_state(*index, state);
  } else {
    index = jobs_.add(row.id, row.priority, row.user);
    Job& job = jobs_[*index];
    job.state = state;
    job.retries = row.retries;
    job.timeout_s = row.timeout_s;
    job.memory_bytes = row.memory_bytes;
    job.max_parallel = row.max_parallel;
  }
  add_lanes(jobs_[*index], row.targets);
  if (!event.by_search) {
    jobs_[*index].searching = row.searching;
    jobs_[*index].search_failed = row.search_failed;
  }
  jobs_[*index].search_is_due = true;
  std::vector<Newcomer> newcomers;
  tasks_.reserve(row.tasks.size());
  for (const TaskRow& task_row : row.tasks) {
    auto task = tasks_.find(task_row.id);
    const bool is_new = !task;
    if (is_new) {
      task = tasks_.add(task_row.id);
      TaskRecord& record = tasks_[*task];
      record.exclusive = task_row.exclusive;
      record.preemptible = task_row.preemptible;
      record.kind = task_row.kind;
      record.work = static_cast<float>(task_row.work);
      record.failures = static_cast<std::uint16_t>(task_row.failures);
      // What isn't finished starts as waiting here; `evaluate` finds out where it stands.
      if (is_terminal(task_row.state)) tasks_.set_state(*task, task_row.state);
    }
    const bool joins = !tasks_.position_in(*task, *index);
    if (joins) join(*task, *index, task_row.target);
    const TaskState before = tasks_[*task].state;
    const bool is_wanted = event.ask_again || !is_terminal(task_row.state);
    const bool asked_again = (event.by_search ? joins : is_wanted) &&
                             (before == TaskState::failed || before == TaskState::cancelled);
    if (asked_again) {
      tasks_[*task].failures = 0;
      set_state(*task, TaskState::waiting, "asked for again");
    }
    if (asked_again || (is_new && !is_terminal(before)))
      newcomers.push_back({*task, &task_row, asked_again ? TaskState::waiting : task_row.state});
  }
  if (jobs_[*index].unfinished == 0) to_end_.push_back(row.id);
  mark_changed(*index);
  return newcomers;
}

// A job that is extended may have more of them.
void Core::add_lanes(Job& job, const std::vector<job::Target>& targets) {
  for (std::size_t index = job.lanes.size(); index < targets.size(); ++index) {
    job.lanes.emplace_back().target = targets_.hold(targets[index]);
  }
  if (job.lanes.empty()) job.lanes.emplace_back().target = targets_.hold({});
  if (job.lanes.size() > 1) job.lane_of.resize(job.tasks.size());
}

void Core::join(TaskIndex task, JobIndex index, std::uint16_t target) {
  Job& job = jobs_[index];
  const auto position = static_cast<std::uint32_t>(job.tasks.size());
  job.tasks.push_back(task);
  if (job.lanes.size() > 1) job.lane_of.push_back(std::min<std::uint16_t>(target, job.lanes.size() - 1));
  tasks_.add_membership(task, index, position);
  const TaskRecord& record = tasks_[task];
  if (!is_terminal(record.state)) ++job.unfinished;
  if (record.state == TaskState::failed || record.state == TaskState::cancelled) ++job.unsuccessful;
  if (record.state == TaskState::ready) list_ready(task, index, position);
}

// An attempt of before the restart: its worker has one lease to come back and say that it still holds it.
void Core::adopt(const OpenAttempt& open) {
  const auto task = tasks_.find(open.task);
  std::optional<JobIndex> payer;  // the first that needs it
  if (task) {
    tasks_.for_each_job(*task, [&](JobIndex job, std::uint32_t) {
      if (!is_terminal(jobs_[job].state) && (!payer || jobs_[job].id < jobs_[*payer].id)) payer = job;
    });
  }
  if (!payer || tasks_[*task].state != TaskState::ready) {
    write(EndAttempt{open.attempt, AttemptState::lost, "the coordinator restarted and nobody needs it", 0, "",
                     open.worker});
    return;
  }
  Worker* worker = workers_.find(open.worker);
  if (worker == nullptr) {
    worker = &workers_.add(open.worker, now_ + settings_.lease);
    workers_.set_host(*worker, open.host, {});
  }
  worker->inherits_until = now_ + settings_.lease;
  LiveAttempt attempt;
  attempt.task = *task;
  attempt.job = jobs_[*payer].id;
  attempt.heard = now_;
  settle_in(*worker, open.attempt, std::move(attempt));
  apply_state(*task, TaskState::assigned);
  if (open.heard) apply_state(*task, TaskState::running);
}

void Core::evaluate(const Newcomer& newcomer) {
  const TaskIndex task = newcomer.task;
  const TaskState before = newcomer.on_record;
  if (!count_missing_inputs(newcomer)) {
    const std::string reason = "an input failed before";
    cancel_task(task, reason);
    spread(task, reason);
  } else if (tasks_[task].missing_inputs > 0) {
    if (before == TaskState::ready)
      write(SetTask{tasks_[task].id, TaskState::waiting, tasks_[task].failures, ""});
  } else if (before == TaskState::ready) {
    apply_state(task, TaskState::ready);
  } else {
    set_state(task, TaskState::ready, "");
  }
}

// False if an input has failed, so that the task can never run.
bool Core::count_missing_inputs(const Newcomer& newcomer) {
  tasks_.forget_edges_to(newcomer.task);
  tasks_[newcomer.task].missing_inputs = 0;
  for (const TaskId id : newcomer.row->inputs) {
    const auto input = tasks_.find(id);
    if (!input || tasks_[*input].state == TaskState::succeeded) continue;
    if (is_terminal(tasks_[*input].state)) return false;
    tasks_.add_edge(*input, newcomer.task);
    ++tasks_[newcomer.task].missing_inputs;
  }
  return true;
}

}  // namespace espalier::core
