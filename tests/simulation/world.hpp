// One schedule: the real core, some workers, a network and a store, driven by chance from a seed.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "coordinator/core/core.hpp"
#include "tests/simulation/store.hpp"
#include "tests/simulation/worker.hpp"

namespace espalier::simulation {

class World {
 public:
  explicit World(std::uint64_t seed);
  void run();  // throws Broken

 private:
  struct Letter {
    std::string from;
    std::string to;  // empty: the coordinator
    wire::ToCoordinator up;
    wire::ToWorker down;
  };
  struct Batch {
    std::vector<core::Write> writes;
    core::Actions others;
  };
  bool one_in(std::uint64_t n) { return chance_() % n == 0; }
  void advance();
  void misfortune();
  void submit_something();
  void add_in_parts(const core::JobRow& row, bool ask_again);
  void restart_coordinator();
  void happen(const core::Event& event);
  void commit();
  void post(Letter letter);
  void deliver(const Letter& letter);
  void check_leases();

  std::mt19937_64 chance_;
  MonotonicTime now_{std::chrono::seconds(1000)};
  MonotonicTime calm_from_;  // no more misfortune: everything has to end
  Store store_;
  std::unique_ptr<core::Core> core_;
  std::int64_t epoch_ = 0;
  std::deque<Batch> uncommitted_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::multimap<MonotonicTime, Letter> mail_;
  std::int64_t next_job_ = 1;
  int next_session_ = 1;
};

}  // namespace espalier::simulation
