// The workers that hold a lease, and those of before a restart that may still come back within one.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/ids.hpp"
#include "coordinator/core/task_table.hpp"

namespace espalier::core {

inline constexpr double kShortTask = 1;  // second

struct Worker {
  WorkerName name;
  std::string session;  // empty until it says Hello: known from before the restart
  std::string peer;
  std::string device_class;
  int slots = 0;
  MonotonicTime lease_end;
  bool overslept = false;  // got extra time because we, not it, had been away
  bool draining = false;   // takes nothing, so that it becomes idle for an exclusive task
  bool runs_exclusive = false;
  std::int64_t first_attempt = 1;  // what it was given before, in an earlier life, is over
  // Until then a process that was there before the restart may still come back for its attempts. Unset once
  // it has.
  std::optional<MonotonicTime> inherits_until;
  std::vector<AttemptId> attempts;  // live ones
  std::deque<TaskIndex> near;       // tasks whose last input it made; they may have gone elsewhere since
  std::optional<std::size_t> order_load;  // the load under which it stands among the open ones
  [[nodiscard]] bool alive() const { return !session.empty(); }
  double mean_seconds = kShortTask;  // of its latest tasks
  // Where tasks are shorter than the way to us and back, its slots would wait for the next ones: it gets some
  // ahead.
  [[nodiscard]] bool open() const {
    const std::size_t wanted = static_cast<std::size_t>(slots) * (mean_seconds < kShortTask ? 2 : 1);
    return alive() && !runs_exclusive && attempts.size() < wanted;
  }
};

struct LiveAttempt {
  TaskIndex task;
  WorkerName worker;
  std::size_t place = 0;      // in Worker::attempts
  std::int64_t last_seq = 0;  // of its progress
  // When its assignment left, or the worker last spoke of it; unset while neither has happened.
  std::optional<MonotonicTime> heard;
};

class WorkerTable {
 public:
  Worker* find(const WorkerName& name);  // nullptr if unknown; valid until it is removed
  Worker& add(const WorkerName& name, MonotonicTime lease_end);
  void remove(const WorkerName& name);     // it must hold no attempts
  [[nodiscard]] std::size_t live() const;  // walks through all of them

  void set_lease(Worker& worker, MonotonicTime end);
  [[nodiscard]] std::optional<MonotonicTime> first_lease_end() const;
  Worker* first_to_expire();  // nullptr if there is none

  // To be called after anything that decides whether the worker is open has changed.
  void reorder(Worker& worker);
  // Open workers, the emptiest first.
  [[nodiscard]] const std::set<std::pair<std::size_t, WorkerName>>& open() const { return open_; }
  // Of all live workers; unset if there is none or they differ. Walks through all of them.
  [[nodiscard]] std::optional<std::string> common_device_class() const;
  void set_draining(Worker& worker, bool draining);
  [[nodiscard]] std::size_t draining() const { return draining_; }

 private:
  std::unordered_map<WorkerName, Worker> workers_;  // its order isn't fixed: no decision may follow it
  std::set<std::pair<std::size_t, WorkerName>> open_;
  std::set<std::pair<MonotonicTime, WorkerName>> leases_;
  std::size_t draining_ = 0;
};

}  // namespace espalier::core
