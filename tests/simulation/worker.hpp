// A worker's process: the real agent core, and a workshop of runners that take chance's time, fail and crash.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/simulation/judge.hpp"
#include "tests/simulation/network.hpp"
#include "tests/simulation/process.hpp"
#include "worker/agent/core/agent_core.hpp"

namespace espalier::simulation {

class Worker : public Process {
 public:
  // False if there is no connection at the moment.
  using Send = std::function<bool(Worker& from, std::vector<wire::ToCoordinator>)>;

  Worker(std::string name, int slots, std::string host, Clockwork& clockwork, Chance& chance, Judge& judge,
         Send send)
      : Process(clockwork, chance),
        name_(std::move(name)),
        slots_(slots),
        host_(std::move(host)),
        judge_(judge),
        send_(std::move(send)) {}

  void start(int session);  // a new process, which remembers nothing
  void crash();             // its runners die with it
  void leave();
  void stop_for(Duration time);  // its runners go on
  void block_loop_for(Duration time) { loop_free_at_ = clockwork_.now() + time; }

  void hear(std::vector<wire::ToWorker> messages);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] bool owes_nothing() const { return !runs() || core_->held_attempts().empty(); }

  [[nodiscard]] bool cut_off() const { return std::max(up.cut_until, down.cut_until) > clockwork_.now(); }

  // Its connection, for whoever carries its frames.
  Line up, down;
  std::int64_t connection = 0;
  int coordinator = -1;

 private:
  enum class Phase { fetching, computing, storing, ending };
  struct Attempt {
    Phase phase = Phase::fetching;
    std::string task;
    std::int64_t seq = 0;
    wire::Finished finished;
  };
  void feed(agent::Event event);
  void carry_out(agent::Action& action);
  void speak();
  void set_alarm();

  void on_loop(Duration delay, Clockwork::Work work);
  void begin(std::int64_t attempt, const std::string& task);
  void compute(std::int64_t attempt);
  void draw_points(std::int64_t attempt);
  void computed(std::int64_t attempt);
  void stop(std::int64_t attempt, agent::StopCause cause);
  void stored(std::int64_t attempt);
  void finish(std::int64_t attempt, bool reports);

  std::string name_;
  int slots_ = 1;
  std::string host_;
  Judge& judge_;
  Send send_;
  std::unique_ptr<agent::AgentCore> core_;
  std::map<std::int64_t, Attempt> attempts_;
  std::map<std::int64_t, wire::Finished> reported_;  // what was handed to the core
  std::set<std::int64_t> switched_off_;              // the loop doesn't know yet
  MonotonicTime loop_free_at_;
  MonotonicTime alarm_at_ = MonotonicTime::max();
};

}  // namespace espalier::simulation
