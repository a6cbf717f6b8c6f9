// Where a task ends first. With what was learned of its kind, a ready task gets a home: the device class on
// which it would be done earliest, behind all that is before it there. Workers of that class take the longest
// first, so that nothing long is left for the end. Those of another class help out if the task ends earlier
// with them; else they leave it to its home, but no longer than the task would take them: expectations may be
// wrong, and nobody starves for one.
#include <algorithm>
#include <cmath>

#include "coordinator/core/core.hpp"

namespace espalier::core {

namespace {

// Half octaves: tasks that take about as long keep the plan's order.
std::uint8_t size_class(double seconds) {
  return static_cast<std::uint8_t>(std::clamp(2 * std::log2(seconds) + 100, 0.0, 200.0));
}

}  // namespace

double Core::expected_seconds(const TaskRecord& record, ClassIndex where) const {
  return paces_.expect(record.kind, where).value_or(0) * record.work;
}

void Core::find_home(TaskIndex task) {
  TaskRecord& record = tasks_[task];
  record.home = kNoClass;
  if (record.exclusive || !paces_.expect(record.kind, kNoClass)) return;
  const auto target = target_of(task);
  ClassIndex best = kNoClass;
  double earliest = 0;
  for (std::uint16_t i = 1; i < paces_.classes(); ++i) {
    const ClassLoad& load = paces_.load({i});
    if (load.slots == 0) continue;
    const double end = load.wait() + expected_seconds(record, {i}) / static_cast<double>(load.slots);
    if ((best != kNoClass && end >= earliest) || !class_matches({i}, target)) continue;
    earliest = end;
    best = {i};
  }
  if (best != kNoClass) settle_at(task, best);
}

// As far as one of its workers can tell.
bool Core::class_matches(ClassIndex where, TargetIndex target) const {
  const Worker& worker = *workers_.find(*paces_.load(where).workers.begin());
  return targets_.rank(target, worker.facts, worker.ranks).has_value();
}

void Core::settle_at(TaskIndex task, ClassIndex where) {
  TaskRecord& record = tasks_[task];
  record.home = where;
  record.expected = static_cast<float>(expected_seconds(record, where));
  record.size = size_class(record.expected);
  paces_.load(where).waiting += record.expected;
}

void Core::leave_home(TaskIndex task) {
  TaskRecord& record = tasks_[task];
  if (record.home != kNoClass) {
    double& waiting = paces_.load(record.home).waiting;
    waiting = std::max(0.0, waiting - record.expected);
  }
  record.home = kNoClass;
}

TargetIndex Core::target_of(TaskIndex task) const {
  TargetIndex target = kAnyWorker;
  tasks_.for_each_job(
      task, [&](JobIndex job, std::uint32_t position) { target = jobs_[job].lane(position).target; });
  return target;
}

// Ready tasks of which nothing was expected when they became so: perhaps something is now. A slice at a time,
// and not anew for every single kind of many.
void Core::sift(JobIndex index) {
  for (Lane& lane : jobs_[index].lanes) {
    if (lane.ready.empty()) continue;
    if (!lane.sift_from) {
      if (paces_.known() < lane.sifted + std::max(1U, lane.sifted / 4)) continue;
      lane.sift_from = 0;
      lane.sifted = paces_.known();
    }
    auto position = lane.ready.next(*lane.sift_from);
    for (; position && sift_left_ > 0; --sift_left_) {
      const TaskIndex task = jobs_[index].tasks[*position];
      find_home(task);
      if (tasks_[task].home != kNoClass) {
        tasks_.for_each_job(task, [&](JobIndex job, std::uint32_t place) {
          jobs_[job].lane(place).ready.erase(place);
          jobs_[job].lane(place).insert(tasks_[task], place);
        });
      }
      position = lane.ready.next(*position + 1);
    }
    lane.sift_from = position;
  }
}

// Which of the lane's tasks that share a worker is for this one. `declined`: how long what it leaves to
// others would take it.
std::optional<std::uint32_t> Core::offer(const Job& job, const Lane& lane, const Worker& worker,
                                         double* declined) const {
  if (const auto first = lane.ready.first()) return first;
  const Home* best = nullptr;
  double longest_wait = -1;
  auto rest = lane.homes.begin();
  while (rest != lane.homes.end()) {
    const auto longest = rest;
    rest =
        std::find_if(rest, lane.homes.end(), [&](const Home& home) { return home.where != longest->where; });
    if (longest->where == worker.device) return longest->ready.first();
    // Where this worker is faster it takes what would hold up the others most, else what they would come to
    // last.
    const TaskRecord& its_first = tasks_[job.tasks[*longest->ready.first()]];
    const bool is_faster = expected_seconds(its_first, worker.device) <= its_first.expected;
    const Home& home = is_faster ? *longest : *std::prev(rest);
    const TaskRecord& record = tasks_[job.tasks[*home.ready.first()]];
    if (!helps(worker, record)) {
      *declined = std::min(*declined, expected_seconds(record, worker.device));
    } else if (const double wait = paces_.load(home.where).wait(); wait > longest_wait) {
      longest_wait = wait;
      best = &home;
    }
  }
  return best != nullptr ? best->ready.first() : std::nullopt;
}

// Whether a task that has its home elsewhere ends earlier here.
bool Core::helps(const Worker& worker, const TaskRecord& record) const {
  const ClassLoad& load = paces_.load(record.home);
  return load.slots == 0 || worker.takes_anything ||
         expected_seconds(record, worker.device) <= load.wait() + record.expected;
}

// What was learned since it got its home may say that it ends earlier on another class, though it would begin
// here at once. Then that is its home.
bool Core::move_home(TaskIndex task, const Worker& worker) {
  const TaskRecord& record = tasks_[task];
  if (record.home != worker.device || record.home == kNoClass || worker.takes_anything) return false;
  const double here = expected_seconds(record, worker.device);
  const TargetIndex target = target_of(task);
  ClassIndex better = kNoClass;
  double earliest = here;
  for (std::uint16_t i = 1; i < paces_.classes(); ++i) {
    const ClassLoad& load = paces_.load({i});
    if (load.slots == 0 || worker.device == ClassIndex{i}) continue;
    const double end = load.wait() + expected_seconds(record, {i});
    if (end >= earliest || !class_matches({i}, target)) continue;
    earliest = end;
    better = {i};
  }
  if (better == kNoClass) return false;
  const auto each = [&](auto&& act) { tasks_.for_each_job(task, act); };
  each([&](JobIndex job, std::uint32_t place) { jobs_[job].lane(place).erase(record, place); });
  leave_home(task);
  settle_at(task, better);
  each([&](JobIndex job, std::uint32_t place) { jobs_[job].lane(place).insert(record, place); });
  return true;
}

// The worker found nothing but what it leaves to others: until when.
void Core::be_patient(Worker& worker, double seconds) {
  if (worker.patient_until) return;
  worker.patient_until = now_ + std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
  patient_.emplace(*worker.patient_until, worker.name);
}

void Core::end_patience(Worker& worker) {
  if (worker.patient_until) patient_.erase({*worker.patient_until, worker.name});
  worker.patient_until.reset();
  worker.takes_anything = false;
}

void Core::lose_patience() {
  while (!patient_.empty() && patient_.begin()->first <= now_) {
    Worker& worker = *workers_.find(patient_.begin()->second);
    end_patience(worker);
    worker.takes_anything = true;
    workers_.reorder(worker);
  }
}

// After anything that decides whether the worker may be given something, or what it is.
void Core::count_slots(Worker& worker) {
  const bool counts = worker.alive() && !worker.cordoned;
  const std::int64_t slots = counts ? std::max(worker.slots, 1) : 0;
  if (worker.counted == std::pair(worker.device, slots)) return;
  ClassLoad& before = paces_.load(worker.counted.first);
  before.slots -= worker.counted.second;
  before.workers.erase(worker.name);
  worker.counted = {worker.device, slots};
  ClassLoad& after = paces_.load(worker.device);
  after.slots += slots;
  if (counts) after.workers.insert(worker.name);
  targets_.refresh_all();  // what was left to its class may be for others now
}

}  // namespace espalier::core
