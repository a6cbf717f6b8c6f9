#include "coordinator/core/core.hpp"

#include <algorithm>
#include <utility>

namespace espalier::core {

Actions Core::step(MonotonicTime now, const Event& event) {
  ESPALIER_ASSERT(now >= now_);
  now_ = now;
  actions_.clear();
  expire_leases();  // first: whatever follows may take a known worker for a live one
  std::visit([this](const auto& it) { handle(it); }, event);
  spread_slice();
  end_jobs();
  retire_slice();
  sift_left_ = settings_.slice;
  lose_patience();
  place();
  preempt();
  publish_changes();
  return std::move(actions_);
}

std::optional<MonotonicTime> Core::next_deadline() const {
  const bool to_release = std::any_of(retiring_.begin(), retiring_.end(),
                                      [](const Retirement& retirement) { return retirement.left > 0; });
  const bool to_forget = submissions_ == 0 && (!retiring_.empty() || !orphans_.empty());
  if (to_release || to_forget || to_place_ || !ripples_.empty()) return now_;
  std::optional<MonotonicTime> first = workers_.first_lease_end();
  if (preempt_at_) first = std::min(first.value_or(*preempt_at_), *preempt_at_);
  if (!patient_.empty()) first = std::min(first.value_or(patient_.begin()->first), patient_.begin()->first);
  return first;
}

Core::Counts Core::counts() const {
  Counts counts;
  counts.jobs = jobs_.in_order();
  counts.tasks = tasks_.size();
  counts.attempts = attempts_.size();
  counts.tasks_by_state = tasks_.by_state();
  jobs_.for_each([&](const Job& job) { ++counts.jobs_by_state[static_cast<std::size_t>(job.state)]; });
  workers_.for_each([&](const Worker& worker) {
    ++(worker.alive() ? counts.live_workers : counts.awaited_workers);
    if (!worker.alive()) return;
    counts.cordoned_workers += worker.cordoned ? 1 : 0;
    counts.slots += static_cast<std::size_t>(worker.slots);
  });
  return counts;
}

std::optional<TaskState> Core::state_of(TaskId task) const {
  const auto found = tasks_.find(task);
  if (!found) return std::nullopt;
  return tasks_[*found].state;
}

void Core::mark_changed(JobIndex job) {
  if (jobs_[job].changed) return;
  jobs_[job].changed = true;
  changed_.emplace_back(jobs_[job].id, false);
}

// A paused job's waits until it is resumed.
bool Core::take_due_search(JobIndex index) {
  Job& job = jobs_[index];
  if (job.state != JobState::running || !job.searching) return false;
  return std::exchange(job.search_is_due, false);
}

void Core::publish_changes() {
  for (const auto& [id, ended] : changed_) {
    const auto job = jobs_.find(id);
    if (job) jobs_[*job].changed = false;
    actions_.emplace_back(PublishJob{id, ended, job && take_due_search(*job)});
  }
  changed_.clear();
  if (workers_changed_) actions_.emplace_back(PublishWorkers{});
  workers_changed_ = false;
}

}  // namespace espalier::core
