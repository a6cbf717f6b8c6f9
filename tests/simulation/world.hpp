// One schedule: coordinators, workers, a network, a database and their misfortunes, all from one seed.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/simulation/coordinator.hpp"
#include "tests/simulation/worker.hpp"

namespace espalier::simulation {

class World {
 public:
  explicit World(std::uint64_t seed);
  void run();  // throws Broken
  [[nodiscard]] double time() const {
    return std::chrono::duration<double>(clockwork_.now().time_since_epoch()).count();
  }
  [[nodiscard]] std::uint64_t trace() const { return trace_.hash(); }

 private:
  // misfortune.cpp
  void misfortune();
  void trouble_a_worker();
  void trouble_coordinators();
  void trouble_users();
  void forge();
  void calm_down();

  // connections.cpp
  bool send_up(Worker& from, std::vector<wire::ToCoordinator> messages);
  void send_down(std::size_t coordinator, const std::string& peer, std::vector<wire::ToWorker> messages);
  void connect();
  [[nodiscard]] std::string peer_of(const Worker& worker) const;

  void second();
  void submit();
  void hand_in(core::JobRow job, std::optional<SearchText> search = {});
  void cancel(JobId job);
  void check_cancelled() const;
  SearchText draw_search();
  void start_coordinator();
  void add_worker(std::string name);
  Coordinator& leader() { return *coordinators_.back(); }
  [[nodiscard]] bool all_over() const;
  void check_agreement();

  bool once(std::uint64_t n) { return chance_.one_in(n); }
  Duration some_time(int most_seconds) {
    return chance_.between(std::chrono::milliseconds(200), std::chrono::seconds(most_seconds));
  }

  Chance chance_;
  Trace trace_;
  Weather weather_;
  Clockwork clockwork_;
  Network network_;
  Database database_;
  Judge judge_;
  SearchJudge search_judge_;
  MonotonicTime calm_from_;  // no more misfortune: everything has to end
  bool calm_ = false;
  std::vector<std::unique_ptr<Coordinator>> coordinators_;  // the last one leads
  std::vector<std::unique_ptr<Worker>> workers_;
  std::int64_t next_job_ = 1;
  std::map<JobId, SearchText> searches_;  // jobs that search, as they were submitted last
  std::map<JobId, int> times_submitted_;
  std::map<JobId, int> cancelled_;  // as their users were told, after so many submissions
  int next_session_ = 1;
  std::int64_t next_connection_ = 1;
};

}  // namespace espalier::simulation
