// A task or a job changes its state, and what follows for others.
#include <algorithm>

#include "coordinator/core/core.hpp"

namespace espalier::core {

namespace {
constexpr std::size_t kMostNear = 256;  // tasks that are remembered as close to one worker
}  // namespace

void Core::apply_state(TaskIndex task, TaskState to) {
  const TaskState from = tasks_[task].state;
  ESPALIER_ASSERT(edge_allowed(from, to));
  tasks_.set_state(task, to);
  if (to == TaskState::ready) find_home(task);
  tasks_.for_each_job(task, [&](JobIndex index, std::uint32_t position) {
    Job& job = jobs_[index];
    if (from == TaskState::ready) unlist_ready(task, index, position);
    if (to == TaskState::ready) list_ready(task, index, position);
    if (is_terminal(to)) {
      --job.unfinished;
      if (to != TaskState::succeeded) ++job.unsuccessful;
      job.search_is_due = true;
      if (job.unfinished == 0) to_end_.push_back(job.id);
    } else if (is_terminal(from)) {
      ++job.unfinished;
      --job.unsuccessful;
    }
    mark_changed(index);
  });
  if (from == TaskState::ready) leave_home(task);
}

void Core::list_ready(TaskIndex task, JobIndex index, std::uint32_t position) {
  Job& job = jobs_[index];
  Lane& lane = job.lane(position);
  if (lane.empty()) job.served = std::max(job.served, now_);
  lane.insert(tasks_[task], position);
  targets_.add_ready(lane.target);
  reorder(index);
}

void Core::unlist_ready(TaskIndex task, JobIndex index, std::uint32_t position) {
  Lane& lane = jobs_[index].lane(position);
  const bool exclusive = tasks_[task].exclusive;
  lane.erase(tasks_[task], position);
  targets_.remove_ready(lane.target);
  reorder(index);
  if (exclusive) stop_draining_for(lane.target);
}

void Core::reorder(JobIndex index) {
  if (!jobs_.reorder(index)) return;
  for (const Lane& lane : jobs_[index].lanes) {
    if (!lane.empty()) targets_.refresh(lane.target);
  }
}

void Core::set_state(TaskIndex task, TaskState to, const std::string& reason) {
  apply_state(task, to);
  write(SetTask{tasks_[task].id, to, tasks_[task].failures, reason});
}

void Core::spread_slice() {
  std::size_t work = settings_.slice;
  while (!ripples_.empty() && work > 0) {
    const Ripple ripple = ripples_.front();
    const TaskState state = tasks_[ripple.task].state;
    // If it was asked for again meanwhile, those that wait for it go on waiting.
    const auto dependent = is_terminal(state) ? tasks_.take_dependent(ripple.task) : std::nullopt;
    if (!dependent) {
      ripples_.pop_front();
      continue;
    }
    --work;
    if (state == TaskState::succeeded) {
      wake(*dependent, ripple.worker);
    } else {
      doom(*dependent, ripple.reason);
    }
  }
}

void Core::wake(TaskIndex task, const WorkerName& near) {
  TaskRecord& record = tasks_[task];
  ESPALIER_ASSERT(record.missing_inputs > 0 && record.state == TaskState::waiting);
  if (--record.missing_inputs > 0) return;
  set_state(task, TaskState::ready, "");
  Worker* worker = workers_.find(near);
  if (worker == nullptr || record.exclusive) return;
  worker->near.push_back(task);
  if (worker->near.size() > kMostNear) worker->near.pop_front();
  have_inputs_.push_back(near);
}

void Core::doom(TaskIndex task, const std::string& reason) {
  if (tasks_[task].state != TaskState::waiting) return;  // two of its inputs failed
  const std::string words = reason.starts_with("an input ") ? reason : "an input failed: " + reason;
  set_state(task, TaskState::cancelled, words);
  tasks_.forget_edges_to(task);
  spread(task, words);
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
  const LiveAttempt ended = std::move(found->second);
  attempts_.erase(found);
  Worker* worker = workers_.find(ended.worker);
  ESPALIER_ASSERT(worker != nullptr);
  if (ended.place + 1 < worker->attempts.size()) {
    worker->attempts[ended.place] = worker->attempts.back();
    attempts_.find(worker->attempts[ended.place].value)->second.place = ended.place;
  }
  worker->attempts.pop_back();
  Host& host = *worker->host;
  --host.attempts;
  host.reserved_bytes -= ended.memory_bytes;
  if (ended.is_exclusive) --host.exclusive;
  double& running = paces_.load(ended.device).running;
  running = std::max(0.0, running - ended.expected);
  preemptible_.erase({ended.priority, -attempt.value, attempt});
  const auto job = jobs_.find(ended.job);
  jobs_.charge(job, ended.user, -ended.slots);
  if (job) reorder(*job);
  tasks_[ended.task].attempt = AttemptId{};
  workers_.reorder_host(*worker->host);
  targets_.refresh_choosy();  // short tasks or long ones: how many it may have at once changes with that
  write(EndAttempt{attempt, state, reason, seconds, device_class, ended.worker});
  workers_changed_ = true;
}

void Core::set_job_state(JobIndex job, JobState state) {
  jobs_[job].state = state;
  reorder(job);
  write(SetJob{jobs_[job].id, state});
  mark_changed(job);
}

void Core::end_jobs() {
  for (const JobId id : std::exchange(to_end_, {})) {
    const auto index = jobs_.find(id);
    // It may stand here twice, or have been asked for more since.
    if (!index || is_terminal(jobs_[*index].state) || jobs_[*index].unfinished > 0) continue;
    // Its last part looks again, or its search's end.
    if (jobs_[*index].incomplete || jobs_[*index].searching) continue;
    const bool failed = jobs_[*index].unsuccessful > 0 || jobs_[*index].search_failed;
    set_job_state(*index, failed ? JobState::failed : JobState::succeeded);
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
