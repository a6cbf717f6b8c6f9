// The workers that hold a lease, and those of before a restart that may still come back within one; and their
// hosts.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/ids.hpp"
#include "common/base/json.hpp"
#include "coordinator/core/job_table.hpp"
#include "coordinator/core/target_table.hpp"
#include "coordinator/core/task_table.hpp"

namespace espalier::core {

inline constexpr double kShortTask = 1;  // second

// The machine of one or more workers: an exclusive task has it for itself.
struct Host {
  std::string name;
  std::set<WorkerName> workers;
  std::size_t attempts = 0;               // live ones, of all of its workers
  std::int64_t reserved_bytes = 0;        // of memory, for these
  std::size_t exclusive = 0;              // of these: tasks that it was kept free for
  std::optional<WorkerName> drained_by;   // that worker of it is going to have the task
  std::optional<TargetIndex> drains_for;  // takes nothing, so that it becomes idle for an exclusive task
};

struct Worker {
  WorkerName name;
  std::string session;  // empty until it says Hello: known from before the restart
  std::string peer;
  std::string device_class;
  int slots = 0;
  json::object facts;
  mutable Ranks ranks;            // what its facts mean to the targets
  std::int64_t memory_bytes = 0;  // of its host; 0: unknown, and so no limit
  Host* host = nullptr;           // never
  MonotonicTime lease_end;
  bool overslept = false;          // got extra time because we, not it, had been away
  bool cordoned = false;           // somebody wants it to take nothing
  std::int64_t first_attempt = 1;  // what it was given before, in an earlier life, is over
  // Until then a process that was there before the restart may still come back for its attempts. Unset once
  // it has.
  std::optional<MonotonicTime> inherits_until;
  ClassIndex device;                            // by its device class
  std::pair<ClassIndex, std::int64_t> counted;  // as the class's load counts it: class, slots
  std::optional<MonotonicTime> patient_until;   // leaves what ends earlier elsewhere to others
  bool takes_anything = false;                  // it has waited for them long enough
  std::vector<AttemptId> attempts;              // live ones
  std::deque<TaskIndex> near;        // tasks whose last input it made; they may have gone elsewhere since
  double mean_seconds = kShortTask;  // of its latest tasks
  // Where it stands among the open ones: its load then, and whether it found nothing to do.
  std::optional<std::size_t> order_load;
  bool is_parked = false;
  [[nodiscard]] bool alive() const { return !session.empty(); }
  [[nodiscard]] bool has_memory_for(std::int64_t bytes) const {
    return memory_bytes == 0 || host->reserved_bytes + bytes <= memory_bytes;
  }
  [[nodiscard]] bool is_open() const {  // may be given something
    return alive() && !cordoned && has_free_slot() && host->exclusive == 0;
  }
  // Where tasks are shorter than the way to us and back, its slots would wait for the next ones: it gets some
  // ahead.
  [[nodiscard]] bool has_free_slot() const {
    return attempts.size() < static_cast<std::size_t>(slots) * (mean_seconds < kShortTask ? 2 : 1);
  }
};

struct LiveAttempt {
  TaskIndex task;
  WorkerName worker;
  JobId job;  // on whose account it is
  UserIndex user;
  std::int64_t priority = 0;
  std::int64_t memory_bytes = 0;  // reserved
  int slots = 1;                  // that it takes from others
  bool is_exclusive = false;
  ClassIndex device;          // of its worker, when it was given out
  double expected = 0;        // seconds it takes there; 0: not known
  std::size_t place = 0;      // in Worker::attempts
  std::int64_t last_seq = 0;  // of its progress
  // When its assignment left, or the worker last spoke of it; unset while neither has happened.
  std::optional<MonotonicTime> heard;
};

class WorkerTable {
 public:
  Worker* find(const WorkerName& name);  // nullptr if unknown; valid until it is removed
  const Worker* find(const WorkerName& name) const;
  Worker& add(const WorkerName& name, MonotonicTime lease_end);
  void remove(const WorkerName& name);  // it must hold no attempts
  template <class Visit>                // visit(const Worker&), in no order: no decision may follow it
  void for_each(Visit&& visit) const {
    for (const auto& [name, worker] : workers_) visit(worker);
  }
  [[nodiscard]] std::size_t live() const;               // walks through all of them
  [[nodiscard]] std::vector<WorkerName> names() const;  // in order; walks through all of them

  void set_lease(Worker& worker, MonotonicTime end);
  [[nodiscard]] std::optional<MonotonicTime> first_lease_end() const;
  Worker* first_to_expire();  // nullptr if there is none

  // To be called after anything that decides whether the worker is open, or what it may take, has changed: it
  // is to be looked at again.
  void reorder(Worker& worker);
  void park(Worker& worker);  // it is open, and there is nothing for it
  // Open workers, the emptiest first: those to be looked at, and those that found nothing.
  using Order = std::set<std::pair<std::size_t, WorkerName>>;
  [[nodiscard]] const Order& restless() const { return restless_; }
  [[nodiscard]] const Order& parked() const { return parked_; }

  void set_host(Worker& worker, const std::string& host,
                const Host& share);     // what it brings along of its load
  void reorder_host(const Host& host);  // each of its workers
  [[nodiscard]] std::map<std::string, Host>& hosts() { return hosts_; }
  [[nodiscard]] const std::map<std::string, Host>& hosts() const { return hosts_; }

 private:
  void settle(Worker& worker, const std::string& host);
  void leave_host(Worker& worker);

  std::unordered_map<WorkerName, Worker> workers_;  // its order isn't fixed: no decision may follow it
  std::map<std::string, Host> hosts_;
  Order restless_;
  Order parked_;
  std::set<std::pair<MonotonicTime, WorkerName>> leases_;
};

}  // namespace espalier::core
