// A task or a job changes its state, and what follows for others.
#include <algorithm>

#include "coordinator/core/core.hpp"

namespace espalier::core {

void Core::apply_state(TaskIndex task, TaskState to) {
  TaskRecord& record = tasks_[task];
  const TaskState from = record.state;
  ESPALIER_ASSERT(edge_allowed(from, to));
  record.state = to;
  tasks_.for_each_job(task, [&](JobIndex index, std::uint32_t position) {
    Job& job = jobs_[index];
    IndexSet& ready = record.exclusive ? job.ready_exclusive : job.ready;
    if (from == TaskState::ready) ready.erase(position);
    if (to == TaskState::ready) ready.insert(position);
    if (from == TaskState::ready || to == TaskState::ready) jobs_.reorder(index);
    if (is_terminal(to)) {
      --job.unfinished;
      if (to != TaskState::succeeded) ++job.unsuccessful;
      if (job.unfinished == 0) to_end_.push_back(job.id);
    } else if (is_terminal(from)) {
      ++job.unfinished;
      --job.unsuccessful;
    }
    mark_changed(index);
  });
}

void Core::set_state(TaskIndex task, TaskState to, const std::string& reason) {
  apply_state(task, to);
  write(SetTask{to_text(tasks_[task].key), to, tasks_[task].failures, reason});
}

void Core::wake_dependents(TaskIndex task) {
  for (const TaskIndex dependent : tasks_.take_dependents(task)) {
    TaskRecord& record = tasks_[dependent];
    ESPALIER_ASSERT(record.missing_inputs > 0 && record.state == TaskState::waiting);
    if (--record.missing_inputs == 0) set_state(dependent, TaskState::ready, "");
  }
}

void Core::cancel_dependents(TaskIndex task, const std::string& reason) {
  const std::string words = reason.starts_with("an input ") ? reason : "an input failed: " + reason;
  std::vector<TaskIndex> doomed = tasks_.take_dependents(task);
  while (!doomed.empty()) {
    const TaskIndex dependent = doomed.back();
    doomed.pop_back();
    if (tasks_[dependent].state != TaskState::waiting) continue;  // two of its inputs failed
    set_state(dependent, TaskState::cancelled, words);
    tasks_.forget_edges_to(dependent);
    const std::vector<TaskIndex> further = tasks_.take_dependents(dependent);
    doomed.insert(doomed.end(), further.begin(), further.end());
  }
}

void Core::cancel_task(TaskIndex task, const std::string& reason) {
  const TaskRecord& record = tasks_[task];
  if (is_held(record.state)) {
    const AttemptId attempt = record.attempt;
    const Worker* worker = workers_.find(live(attempt.value)->worker);
    ESPALIER_ASSERT(worker != nullptr);
    const std::string peer = worker->peer;
    end_attempt(attempt, AttemptState::cancelled, reason, 0, "");
    send(peer, wire::Cancel{attempt.value});
  }
  set_state(task, TaskState::cancelled, reason);
  tasks_.forget_edges_to(task);
}

void Core::end_attempt(AttemptId attempt, AttemptState state, const std::string& reason, double seconds,
                       const std::string& device_class) {
  const auto found = attempts_.find(attempt.value);
  ESPALIER_ASSERT(found != attempts_.end());
  Worker* worker = workers_.find(found->second.worker);
  ESPALIER_ASSERT(worker != nullptr);
  std::erase(worker->attempts, attempt);
  worker->runs_exclusive = false;  // it was the only one if it was exclusive
  workers_.reorder(*worker);
  tasks_[found->second.task].attempt = AttemptId{};
  attempts_.erase(found);
  write(EndAttempt{attempt, state, reason, seconds, device_class});
  workers_changed_ = true;
}

void Core::set_job_state(JobIndex job, JobState state) {
  jobs_[job].state = state;
  jobs_.reorder(job);
  write(SetJob{jobs_[job].id, state});
  mark_changed(job);
}

void Core::end_jobs() {
  if (submissions_ > 0) return;  // one of them may add tasks to a job that seems to be at its end
  for (const JobId id : std::exchange(to_end_, {})) {
    const auto index = jobs_.find(id);
    // It may stand here twice, or have been asked for more since.
    if (!index || is_terminal(jobs_[*index].state) || jobs_[*index].unfinished > 0) continue;
    set_job_state(*index, jobs_[*index].unsuccessful == 0 ? JobState::succeeded : JobState::failed);
    retire(*index);
  }
}

int Core::retries_of(TaskIndex task) const {
  int retries = 0;
  tasks_.for_each_job(task,
                      [&](JobIndex job, std::uint32_t) { retries = std::max(retries, jobs_[job].retries); });
  return retries;
}

}  // namespace espalier::core
