// A worker reports progress or an end. Whatever it reports is acknowledged once it is on record, or known to
// be of no use: only then does the worker stop repeating it.
#include <algorithm>

#include "coordinator/core/core.hpp"

namespace espalier::core {

namespace {

constexpr std::int64_t kLongestLog = std::int64_t{2} << 20;

AttemptState state_of_end(wire::Outcome outcome) {
  switch (outcome) {
    case wire::Outcome::succeeded:
      return AttemptState::succeeded;
    case wire::Outcome::failed:
      return AttemptState::failed;
    case wire::Outcome::crashed:
      return AttemptState::crashed;
    case wire::Outcome::timed_out:
      return AttemptState::timed_out;
    case wire::Outcome::out_of_memory:
      return AttemptState::out_of_memory;
    case wire::Outcome::cancelled:
      return AttemptState::cancelled;
  }
  return AttemptState::failed;
}

// The same limit would be hit again by another try.
bool may_be_tried_again(const wire::Finished& message) {
  switch (message.outcome) {
    case wire::Outcome::crashed:
      return true;
    case wire::Outcome::failed:
      return message.retryable;
    case wire::Outcome::succeeded:
    case wire::Outcome::timed_out:
    case wire::Outcome::out_of_memory:
    case wire::Outcome::cancelled:
      return false;
  }
  return false;
}

}  // namespace

LiveAttempt* Core::live(std::int64_t attempt) {
  const auto found = attempts_.find(attempt);
  return found == attempts_.end() ? nullptr : &found->second;
}

void Core::handle(const AttemptProgress& event) {
  const wire::Progress& message = event.message;
  LiveAttempt* attempt = live(message.attempt);
  if (attempt != nullptr) {
    if (attempt->worker.value != message.worker) return;  // not its attempt: no answer
    const AttemptId id{message.attempt};
    hear_of(id, *attempt);
    if (!message.points.empty()) write(AddPoints{id, tasks_[attempt->task].id, message.points});
    if (message.checkpoint) write(SaveCheckpoint{tasks_[attempt->task].id, id, *message.checkpoint});
    if (message.seq > attempt->last_seq) {
      attempt->last_seq = message.seq;
      write(SetProgress{id, message.fraction});
      tasks_.for_each_job(attempt->task, [&](JobIndex job, std::uint32_t) { mark_changed(job); });
    }
  }
  send(event.peer, wire::Acknowledge{message.attempt, message.seq});
}

// Also of an attempt that was given up: why it ended so may stand there. A worker sends no more than the
// limit; what comes beyond it is somebody's fault, and must not fill the database.
void Core::handle(const AttemptLogged& event) {
  const wire::LogText& message = event.message;
  LiveAttempt* attempt = live(message.attempt);
  if (attempt != nullptr) {
    if (attempt->worker.value != message.worker) return;
    hear_of(AttemptId{message.attempt}, *attempt);
  }
  const auto size = static_cast<std::int64_t>(message.text.size());
  if (size > 0 && message.offset >= 0 && message.offset <= kLongestLog - size) {
    write(AddLog{AttemptId{message.attempt}, WorkerName{message.worker}, message.offset, message.text});
  }
  send(event.peer, wire::Acknowledge{message.attempt, message.seq});
}

void Core::handle(const AttemptFinished& event) {
  const wire::Finished& message = event.message;
  const AttemptId id{message.attempt};
  const LiveAttempt* attempt = live(message.attempt);
  if (attempt == nullptr) {
    // Given up before, or a repetition; the store can tell them apart (see EndAttempt).
    if (message.outcome != wire::Outcome::cancelled) {
      const std::string reason = "ended after it had been given up" +
                                 (message.reason.empty() ? std::string() : ": " + message.reason);
      write(EndAttempt{id, AttemptState::superseded, reason, message.seconds, message.device_class,
                       WorkerName{message.worker}, message.metrics});
    }
  } else if (attempt->worker.value != message.worker) {
    return;
  } else if (message.outcome == wire::Outcome::succeeded) {
    accept(id, attempt->task, message);
  } else {
    fail(id, attempt->task, message);
  }
  send(event.peer, wire::Acknowledge{message.attempt, message.seq});
}

void Core::accept(AttemptId attempt, TaskIndex task, const wire::Finished& message) {
  const WorkerName worker = live(attempt.value)->worker;
  constexpr double kShareOfLatest = 0.2;
  double& mean = workers_.find(worker)->mean_seconds;
  mean += kShareOfLatest * (std::max(0.0, message.seconds) - mean);
  const TaskRecord& record = tasks_[task];
  if (!record.exclusive && record.work > 0)
    paces_.learn(record.kind, live(attempt.value)->device, message.seconds / record.work);
  end_attempt(attempt, AttemptState::succeeded, "", message.seconds, message.device_class);
  write(AcceptResult{tasks_[task].id, attempt, message.metrics, message.outputs});
  apply_state(task, TaskState::succeeded);
  ripples_.push_back({task, worker, ""});
}

void Core::fail(AttemptId attempt, TaskIndex task, const wire::Finished& message) {
  end_attempt(attempt, state_of_end(message.outcome), message.reason, message.seconds, message.device_class);
  if (message.outcome ==
      wire::Outcome::cancelled) {  // we didn't ask for it: the worker gave up, not the task
    set_state(task, TaskState::ready, "its worker gave it back: " + message.reason);
    return;
  }
  TaskRecord& record = tasks_[task];
  if (record.failures < UINT16_MAX) ++record.failures;
  if (may_be_tried_again(message) && record.failures <= retries_of(task)) {
    set_state(task, TaskState::ready, "to be tried again: " + message.reason);
    return;
  }
  set_state(task, TaskState::failed, message.reason);
  spread(task, message.reason);
}

}  // namespace espalier::core
