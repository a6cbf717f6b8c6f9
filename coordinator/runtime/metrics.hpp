// What an operator's Prometheus asks of the coordinator. Everything is counted and asked on the loop: no lock
// is ever waited for. Label values are closed sets of ours: nothing that comes from outside becomes one.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "common/base/clock.hpp"
#include "coordinator/core/core.hpp"

namespace espalier::runtime {

class Metrics {
 public:
  Metrics();
  ~Metrics();

  void count_pass(Duration time);  // of the core, for one event
  void count_commit(Duration time, std::size_t rows);
  void count_failed_commit();
  void count_end(core::AttemptState outcome);  // of an attempt
  void count_lag(Duration late);               // of a timer of the loop

  // What is so at this moment.
  struct Present {
    core::Core::Counts core;
    std::int64_t epoch = 0;
    std::size_t pending_writes = 0;  // decided, and not yet given to the database
    Duration commit_under_way{};     // 0 if none is
    bool database_answers = false;
    bool another_stands_by = false;
    Duration longest_pass{};
  };
  std::string text(const Present& present);  // in Prometheus' text format

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace espalier::runtime
