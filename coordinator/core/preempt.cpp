// What has a higher priority takes the place of a training. A training saves itself as it goes; taken from
// its worker it goes on elsewhere, or later, from there, and loses no more than since then. First the lowest
// priority, and of that the youngest. A benchmark has nothing to go on from, and is never taken.
#include <algorithm>

#include <fmt/format.h>

#include "coordinator/core/core.hpp"

namespace espalier::core {

void Core::preempt() {
  preempt_at_.reset();
  if (preemptible_.empty() || to_place_) return;
  std::vector<JobIndex> impatient;
  jobs_.visit_in_order([&](JobIndex index) {
    const Job& job = jobs_[index];
    if (job.priority <= std::get<0>(*preemptible_.begin())) return false;
    const MonotonicTime end_of_patience = job.served + settings_.patience;
    if (end_of_patience <= now_) {
      impatient.push_back(index);
    } else {
      preempt_at_ = std::min(preempt_at_.value_or(end_of_patience), end_of_patience);
    }
    return true;
  });
  for (const JobIndex index : impatient) {
    Job& job = jobs_[index];
    job.served = now_;  // if there is no room to be made, not to try again at once
    std::size_t wanted = 0;
    for (const Lane& lane : job.lanes) wanted += lane.size();
    for (; wanted > 0 && job.may_start() && make_room_for(index); --wanted) place();
    const MonotonicTime again = now_ + settings_.patience;
    if (job.may_start()) preempt_at_ = std::min(preempt_at_.value_or(again), again);
  }
}

bool Core::make_room_for(JobIndex index) {
  const Job& job = jobs_[index];
  const std::string reason =
      fmt::format("job {} of priority {} takes its place; it goes on from where it last saved itself",
                  job.id.value, job.priority);
  for (const Lane& lane : job.lanes) {
    if (lane.shares()) {
      if (const auto victim = victim_for(job, lane.target)) {
        Worker& worker = *workers_.find(live(victim->value)->worker);
        give_back(*victim, reason);
        worker.takes_anything = true;  // or the training would come back
        return true;
      }
    }
    if (!lane.ready_exclusive.empty()) {
      const auto victims = victims_for_host(job, lane.target);
      for (const AttemptId victim : victims) give_back(victim, reason);
      if (!victims.empty()) return true;
    }
  }
  return false;
}

std::optional<AttemptId> Core::victim_for(const Job& job, TargetIndex target) const {
  for (const auto& [priority, youth, attempt] : preemptible_) {
    if (priority >= job.priority) break;
    const LiveAttempt& live = attempts_.at(attempt.value);
    const Worker& worker = *workers_.find(live.worker);
    if (worker.cordoned || !worker.alive() || worker.host->drains_for) continue;
    // Others that were given ahead to the worker may still fill it.
    if (worker.attempts.size() > static_cast<std::size_t>(worker.slots)) continue;
    if (!targets_.rank(target, worker.facts, worker.ranks)) continue;
    if (!worker.has_memory_for(job.memory_bytes - live.memory_bytes)) continue;
    return attempt;
  }
  return std::nullopt;
}

// All attempts of a host that runs nothing else than what may be taken: the one with the fewest.
std::vector<AttemptId> Core::victims_for_host(const Job& job, TargetIndex target) const {
  std::vector<AttemptId> fewest;
  for (const auto& [name, host] : workers_.hosts()) {
    if (host.attempts == 0 || (!fewest.empty() && host.attempts >= fewest.size())) continue;
    std::vector<AttemptId> all;
    bool matches = false;
    bool may_be_taken = true;
    for (const WorkerName& each : host.workers) {
      const Worker& worker = *workers_.find(each);
      matches = matches || (!worker.cordoned && worker.alive() && could_take(worker, job, target, true));
      for (const AttemptId attempt : worker.attempts) {
        const LiveAttempt& live = attempts_.at(attempt.value);
        may_be_taken = may_be_taken && live.priority < job.priority && tasks_[live.task].preemptible;
        all.push_back(attempt);
      }
    }
    if (matches && may_be_taken) fewest = std::move(all);
  }
  return fewest;
}

// Its worker is to stop it; it is ready again, without a failure on its account.
void Core::give_back(AttemptId attempt, const std::string& reason) {
  const LiveAttempt& it = *live(attempt.value);
  const TaskIndex task = it.task;
  const std::string peer = workers_.find(it.worker)->peer;
  end_attempt(attempt, AttemptState::cancelled, reason, 0, "");
  send(peer, wire::Cancel{attempt.value});
  set_state(task, TaskState::ready, reason);
}

}  // namespace espalier::core
