// Many workers in one process and one thread that speak the wire protocol and do no work: what is left is the
// orchestrator's own cost.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/base/clock.hpp"
#include "common/wire/messages.hpp"

namespace espalier::load {

struct WorkersOptions {
  std::string coordinator;
  int workers = 2;
  int slots = 2000;
  Duration task_time{};           // 0: ended as soon as they come
  int points = 0;                 // metric points that each task reports
  int points_in_a_message = 500;  // of one Progress
  std::string name = "load";
  std::string keys;  // net::KeyFolder with each worker's file; empty: without encryption
};

class Workers {
 public:
  explicit Workers(WorkersOptions options);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // Handles what there is, waiting for it at most so long.
  void turn(std::chrono::milliseconds patience);

  std::function<void(const wire::Assign&)> assigned = [](const wire::Assign&) {};

  struct Counts {
    int welcomed = 0;             // workers
    std::int64_t started = 0;     // attempts
    std::int64_t ended = 0;       // attempts whose end was acknowledged
    std::int64_t points = 0;      // acknowledged
    std::int64_t beats = 0;       // heartbeats sent
    std::int64_t late_beats = 0;  // answered later than one interval, or not at all
    std::int64_t rejected = 0;
    MonotonicTime first_start{};
    MonotonicTime last_end{};
  };
  [[nodiscard]] const Counts& counts() const { return counts_; }

 private:
  struct Worker;
  void hear(Worker& worker);
  void handle(Worker& worker, const wire::ToWorker& message);
  void do_what_is_due(Worker& worker);
  void fill_slots(Worker& worker) const;
  void send(Worker& worker);
  [[nodiscard]] Duration until_due() const;

  WorkersOptions options_;
  Counts counts_;
  MonotonicTime now_;
  void* context_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace espalier::load
