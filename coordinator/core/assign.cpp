// Which worker gets which task. Jobs are served by priority, then by age; within a job tasks that share a
// worker go before exclusive ones (benchmarks), each kind in the plan's order, but for those that a worker
// has just made the inputs of: they go before others to that worker. An exclusive task waits for an idle
// worker; when it is first in the order, some worker is kept free of what comes after it, so that it can't
// starve.
#include "coordinator/core/core.hpp"

namespace espalier::core {

void Core::place() {
  std::size_t work = settings_.slice;
  for (; work > 0 && !jobs_.order().empty() && place_one(); --work) {
  }
  to_place_ = work == 0;
}

bool Core::place_one() {
  for (const auto& [load, name] : workers_.open()) {
    Worker& worker = *workers_.find(name);
    const auto task = choose(worker);
    if (task) {
      give(worker, *task);
      return true;
    }
    if (!worker.draining) return false;  // there is nothing for it, so neither for those that are busier
  }
  return false;
}

std::optional<TaskIndex> Core::choose(Worker& worker) {
  const bool idle = worker.attempts.empty();
  std::size_t exclusive = 0;  // tasks that come first but need an idle worker
  for (const JobTable::Place& place : jobs_.order()) {
    const Job& job = jobs_[place.job];
    if (const auto position = job.ready.first()) {
      const std::size_t others = workers_.draining() - (worker.draining ? 1 : 0);
      workers_.set_draining(worker, others < exclusive);
      if (worker.draining) return std::nullopt;
      if (const auto task = take_near(worker, place.job)) return task;
      return job.tasks[*position];
    }
    if (idle) return job.tasks[*job.ready_exclusive.first()];
    exclusive += job.ready_exclusive.size();
  }
  workers_.set_draining(worker, false);
  return std::nullopt;
}

// A ready task of the job whose last input this worker has made, and so still has.
std::optional<TaskIndex> Core::take_near(Worker& worker, JobIndex job) {
  while (!worker.near.empty()) {
    const TaskIndex task = worker.near.front();
    worker.near.pop_front();
    const TaskRecord& record = tasks_[task];
    if (record.state == TaskState::ready && !record.exclusive && tasks_.has_membership(task, job))
      return task;
  }
  return std::nullopt;
}

void Core::give(Worker& worker, TaskIndex task) {
  const AttemptId id{next_attempt_++};
  TaskRecord& record = tasks_[task];
  record.attempt = id;
  attempts_.emplace(id.value, LiveAttempt{task, worker.name, worker.attempts.size(), 0, std::nullopt});
  worker.attempts.push_back(id);
  worker.runs_exclusive = record.exclusive;
  workers_.set_draining(worker, false);
  workers_.reorder(worker);
  workers_changed_ = true;

  // The limits are those of the job that it is first for.
  std::optional<JobTable::Place> first;
  tasks_.for_each_job(task, [&](JobIndex index, std::uint32_t) {
    const JobTable::Place place{-jobs_[index].priority, jobs_[index].id, index};
    if (jobs_[index].state == JobState::running && (!first || place < *first)) first = place;
  });
  const Job& job = jobs_[first->job];
  write(StartAttempt{id, record.id, worker.name});
  apply_state(task, TaskState::assigned);
  actions_.emplace_back(GiveOut{worker.peer, id, record.id, job.timeout_s, job.memory_bytes});
}

}  // namespace espalier::core
