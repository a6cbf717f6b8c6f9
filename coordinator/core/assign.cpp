// Which worker gets which task. Jobs are served in the order of job_table.hpp; within a job tasks that share
// a worker go before exclusive ones (benchmarks), each kind in the plan's order, but for those that a worker
// has just made the inputs of: they go before others to that worker, and to it before others if it has a slot
// free. A worker takes what its facts match and its memory has room for, and leaves to another what prefers
// that one. An exclusive task waits for an idle host; when it is first in the order, some host is kept free
// of what comes after it, so that it can't starve.
//
// Who is looked at: workers of which something has changed (the restless ones), and of those that found
// nothing before (the parked ones) as many as a target with new ready tasks takes. A step in which nothing
// becomes free and nothing becomes ready looks at nobody.
#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

#include "coordinator/core/core.hpp"

namespace espalier::core {

namespace {
constexpr int kMostMoves = 16;
constexpr double kNever = std::numeric_limits<double>::infinity();
}  // namespace

void Core::place() {
  std::size_t work = settings_.slice;
  while (work > 0 && targets_.any_ready() && jobs_.in_order() > 0) {
    Worker* worker = next_to_look_at();
    if (worker == nullptr) break;
    --work;
    if (const auto choice = choose(*worker)) {
      give(*worker, *choice);
    } else {
      workers_.park(*worker);
    }
  }
  to_place_ = work == 0;
}

// Whoever has just made the input of something that has become ready, if it has nothing else to do; then the
// emptiest of the restless ones and of the parked ones that match something fresh.
Worker* Core::next_to_look_at() {
  while (!have_inputs_.empty()) {
    Worker* worker = workers_.find(have_inputs_.front());
    have_inputs_.pop_front();
    const bool is_open = worker != nullptr && worker->order_load.has_value();
    if (is_open && worker->attempts.size() < static_cast<std::size_t>(worker->slots)) return worker;
  }
  const auto& restless = workers_.restless();
  const auto& parked = workers_.parked();
  while (const auto target = targets_.fresh()) {
    auto& last = targets_[*target].looked_at;
    for (auto place = last ? parked.upper_bound(*last) : parked.begin(); place != parked.end(); ++place) {
      if (!restless.empty() && *restless.begin() < *place) return workers_.find(restless.begin()->second);
      last = *place;
      Worker& worker = *workers_.find(place->second);
      if (targets_.rank(*target, worker.facts, worker.ranks)) return &worker;
    }
    targets_.settle(*target);
  }
  return restless.empty() ? nullptr : workers_.find(restless.begin()->second);
}

std::optional<Core::Choice> Core::choose(Worker& worker) {
  if (worker.host->drains_for && worker.host->drained_by != worker.name) return std::nullopt;
  const bool idle = worker.host->attempts == 0;
  std::vector<Ahead> ahead;
  std::optional<Choice> chosen;
  std::optional<TargetIndex> drains_for;
  double declined = kNever;
  jobs_.visit_in_order([&](JobIndex index) {
    const Job& job = jobs_[index];
    sift(index);
    auto position = first_shared(job, worker, &declined);
    for (int moves = 0; position && moves < kMostMoves && move_home(job.tasks[*position], worker); ++moves)
      position = first_shared(job, worker, &declined);
    if (position) {
      drains_for = to_drain_for(worker, ahead);
      if (drains_for) return false;
      const auto near = take_near(worker, index);
      chosen = {near ? *near : job.tasks[*position], index};
      return false;
    }
    if (!idle) {
      for (const Lane& lane : job.lanes) {
        if (!lane.ready_exclusive.empty() && could_take(worker, job, lane.target, true))
          ahead.push_back({lane.target, lane.ready_exclusive.size()});
      }
    } else if (const auto alone = first_exclusive(job, worker)) {
      chosen = {job.tasks[*alone], index};
    }
    return !chosen;
  });
  drain(worker, drains_for);
  if (!chosen) worker.takes_anything = false;
  if (!chosen && !drains_for && declined < kNever) be_patient(worker, declined);
  return chosen;
}

// Of those lanes of the job from which the worker may take something now, the task that comes first; and what
// nothing is expected of comes before the rest.
std::optional<std::uint32_t> Core::first_shared(const Job& job, const Worker& worker,
                                                double* declined) const {
  std::optional<std::uint32_t> first;
  bool is_expected = true;
  for (const Lane& lane : job.lanes) {
    if (!lane.shares()) continue;
    const auto next = lane.ready.first();
    if (first && !is_expected && (!next || *next > *first)) continue;  // comes later, whether it fits or not
    if (!could_take(worker, job, lane.target, false)) continue;
    if (another_suits_better(worker, job, lane.target, false)) continue;
    const auto position = offer(job, lane, worker, declined);
    if (!position) continue;
    const bool its_is_expected = !next;
    if (first && std::tie(its_is_expected, *position) > std::tie(is_expected, *first)) continue;
    first = position;
    is_expected = its_is_expected;
  }
  return first;
}

std::optional<std::uint32_t> Core::first_exclusive(const Job& job, const Worker& worker) const {
  std::optional<std::uint32_t> first;
  for (const Lane& lane : job.lanes) {
    const auto position = lane.ready_exclusive.first();
    if (!position || (first && *position > *first)) continue;
    if (!could_take(worker, job, lane.target, true)) continue;
    if (!another_suits_better(worker, job, lane.target, true)) first = position;
  }
  return first;
}

// As far as the worker and the task are concerned, whoever else there is. An exclusive one: once the host is
// idle.
bool Core::could_take(const Worker& worker, const Job& job, TargetIndex target, bool exclusive) const {
  return targets_.rank(target, worker.facts, worker.ranks) &&
         (exclusive ? worker.memory_bytes == 0 || job.memory_bytes <= worker.memory_bytes
                    : worker.has_memory_for(job.memory_bytes));
}

// Whether the task prefers one that could take it now.
bool Core::another_suits_better(const Worker& worker, const Job& job, TargetIndex target,
                                bool exclusive) const {
  const auto rank = targets_.rank(target, worker.facts, worker.ranks);
  if (!rank || *rank == 0) return false;
  for (const auto* order : {&workers_.restless(), &workers_.parked()}) {
    for (const auto& [load, name] : *order) {
      const Worker& other = *workers_.find(name);
      const auto its_rank = targets_.rank(target, other.facts, other.ranks);
      if (!its_rank || *its_rank >= *rank || !could_take(other, job, target, exclusive)) continue;
      if (exclusive ? other.host->attempts == 0 : !other.host->drains_for) return true;
    }
  }
  return false;
}

// One of the targets whose exclusive tasks come first and for which not enough hosts are becoming idle.
std::optional<TargetIndex> Core::to_drain_for(const Worker& worker, const std::vector<Ahead>& ahead) const {
  const auto& own = worker.host->drains_for;
  for (const Ahead& each : ahead) {
    std::size_t waiting = 0;
    for (const Ahead& other : ahead) {
      if (other.target == each.target) waiting += other.count;
    }
    const std::size_t others = targets_[each.target].drainers - (own == each.target ? 1 : 0);
    if (others < waiting) return each.target;
  }
  return std::nullopt;
}

void Core::drain(Worker& worker, std::optional<TargetIndex> target) {
  Host& host = *worker.host;
  if (!target) return stop_draining(host);
  if (host.drains_for == target) return;
  stop_draining(host);
  ++targets_[*target].drainers;
  host.drains_for = target;
  host.drained_by = worker.name;
  targets_.refresh_choosy();  // what prefers its workers is for others now
}

void Core::stop_draining(Host& host) {
  if (!host.drains_for) return;
  --targets_[*host.drains_for].drainers;
  host.drains_for.reset();
  host.drained_by.reset();
  workers_.reorder_host(host);
}

// An exclusive task of the target needs no host any more.
void Core::stop_draining_for(TargetIndex target) {
  if (targets_[target].drainers == 0) return;
  for (auto& [name, host] : workers_.hosts()) {
    if (host.drains_for == target) stop_draining(host);
  }
}

// A ready task of the job whose last input this worker has made, and so still has.
std::optional<TaskIndex> Core::take_near(Worker& worker, JobIndex index) {
  const Job& job = jobs_[index];
  while (!worker.near.empty()) {
    const TaskIndex task = worker.near.front();
    worker.near.pop_front();
    const TaskRecord& record = tasks_[task];
    if (record.state != TaskState::ready || record.exclusive) continue;
    const auto position = tasks_.position_in(task, index);
    if (!position) continue;
    const TargetIndex target = job.lane(*position).target;
    if (record.home != kNoClass && record.home != worker.device && !helps(worker, record)) continue;
    if (could_take(worker, job, target, false) && !another_suits_better(worker, job, target, false))
      return task;
  }
  return std::nullopt;
}

void Core::give(Worker& worker, const Choice& choice) {
  const AttemptId id{next_attempt_++};
  const TaskRecord& record = tasks_[choice.task];
  Job& job = jobs_[choice.job];
  LiveAttempt attempt;
  attempt.task = choice.task;
  attempt.job = job.id;
  settle_in(worker, id, std::move(attempt));
  job.served = now_;
  write(StartAttempt{id, record.id, worker.name});
  apply_state(choice.task, TaskState::assigned);
  actions_.emplace_back(GiveOut{worker.peer, id, record.id, job.timeout_s, job.memory_bytes});
}

// The attempt is the worker's, and on its job's account.
void Core::settle_in(Worker& worker, AttemptId id, LiveAttempt attempt) {
  TaskRecord& record = tasks_[attempt.task];
  const JobIndex index = *jobs_.find(attempt.job);
  const Job& job = jobs_[index];
  record.attempt = id;
  attempt.worker = worker.name;
  attempt.place = worker.attempts.size();
  attempt.user = job.user;
  attempt.priority = job.priority;
  attempt.memory_bytes = job.memory_bytes;
  attempt.is_exclusive = record.exclusive;
  attempt.slots = record.exclusive ? std::max(worker.slots, 1) : 1;
  attempt.device = worker.device;
  if (!record.exclusive) attempt.expected = expected_seconds(record, worker.device);
  paces_.load(worker.device).running += attempt.expected;
  end_patience(worker);
  worker.attempts.push_back(id);
  Host& host = *worker.host;
  ++host.attempts;
  host.reserved_bytes += attempt.memory_bytes;
  if (attempt.is_exclusive) ++host.exclusive;
  if (record.preemptible) preemptible_.emplace(attempt.priority, -id.value, id);
  jobs_.charge(index, attempt.user, attempt.slots);
  reorder(index);
  attempts_.emplace(id.value, std::move(attempt));
  workers_.reorder_host(host);
  targets_.refresh_choosy();
  workers_changed_ = true;
}

}  // namespace espalier::core
