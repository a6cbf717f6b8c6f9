// A job that has ended lets go of its tasks: what no other job needs is cancelled if it hasn't ended, and
// forgotten. A slice at a time, so that a job of a million tasks doesn't hold up everybody else.
#include <algorithm>

#include "coordinator/core/core.hpp"

namespace espalier::core {

void Core::retire(JobIndex job) {
  ESPALIER_ASSERT(is_terminal(jobs_[job].state));
  for (auto& [id, ended] : changed_) ended = ended || id == jobs_[job].id;
  retiring_.push_back({job, jobs_[job].tasks.size()});
}

// From the last task to the first: those that wait for others go before these.
void Core::release_last(Retirement& retirement) {
  const TaskIndex task = jobs_[retirement.job].tasks[--retirement.left];
  TaskRecord& record = tasks_[task];
  if (record.state == TaskState::ready)
    unlist_ready(task, retirement.job, static_cast<std::uint32_t>(retirement.left));
  tasks_.remove_membership(task, retirement.job);
  if (record.memberships != kNone) return;
  if (!is_terminal(record.state)) cancel_task(task, "its job was cancelled");
  if (!record.orphaned) orphans_.push_back(task);
  record.orphaned = true;
}

void Core::retire_slice() {
  std::size_t work = settings_.slice;
  for (Retirement& retirement : retiring_) {
    for (; retirement.left > 0 && work > 0; --work) release_last(retirement);
  }
  // See SubmissionBegun; and what is told to a task's dependents must find it in the table.
  if (submissions_ > 0 || !ripples_.empty()) return;
  while (!retiring_.empty() && retiring_.front().left == 0) {
    forget_job(retiring_.front().job);
    retiring_.pop_front();
  }
  for (; !orphans_.empty() && work > 0; --work) {
    const TaskIndex task = orphans_.front();
    orphans_.pop_front();
    tasks_[task].orphaned = false;
    if (tasks_[task].memberships == kNone) tasks_.remove(task);
  }
}

// The job is wanted again before it was forgotten.
void Core::finish_retirement(JobIndex job) {
  const auto found = std::find_if(retiring_.begin(), retiring_.end(),
                                  [&](const Retirement& retirement) { return retirement.job == job; });
  ESPALIER_ASSERT(found != retiring_.end());
  while (found->left > 0) release_last(*found);
  forget_job(job);
  retiring_.erase(found);
}

void Core::forget_job(JobIndex job) {
  for (const Lane& lane : jobs_[job].lanes) targets_.release(lane.target);
  jobs_.remove(job);
}

}  // namespace espalier::core
