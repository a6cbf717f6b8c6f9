// A program in the simulated world: it runs, is killed, is stopped for a while and goes on, and has a clock
// of its own that starts anywhere and isn't quite right.
#pragma once

#include <cmath>
#include <utility>

#include "tests/simulation/chance.hpp"
#include "tests/simulation/clockwork.hpp"

namespace espalier::simulation {

class Process {
 public:
  Process(Clockwork& clockwork, Chance& chance) : clockwork_(clockwork), chance_(chance) {}

  [[nodiscard]] bool runs() const { return runs_; }
  [[nodiscard]] bool stopped() const { return clockwork_.now() < stopped_until_; }
  void stop_until(MonotonicTime when) { stopped_until_ = std::max(stopped_until_, when); }

  // What the process does later: not at all if it has ended by then, after its stop if it is stopped.
  void later(Duration delay, Clockwork::Work work) {
    clockwork_.in(delay, [this, life = life_, task = std::move(work)] { perform(life, task); });
  }

  [[nodiscard]] MonotonicTime own_time() const {
    const auto since = std::chrono::duration<double>(clockwork_.now() - booted_) * rate_;
    return own_boot_ + std::chrono::duration_cast<Duration>(since);
  }
  // How long until the own clock shows that time, rounded up.
  [[nodiscard]] Duration until(MonotonicTime own) const {
    if (own <= own_time()) return Duration::zero();
    const auto real = std::chrono::duration<double>(own - own_boot_) / rate_;
    return booted_ + std::chrono::duration_cast<Duration>(real) + std::chrono::microseconds(2) -
           clockwork_.now();
  }

 protected:
  void boot() {
    runs_ = true;
    ++life_;
    stopped_until_ = {};
    booted_ = clockwork_.now();
    own_boot_ = MonotonicTime(chance_.between(std::chrono::seconds(1), std::chrono::hours(1)));
    rate_ = 0.99 + 0.02 * static_cast<double>(chance_.below(1'000)) / 1'000;
  }
  void end() {
    runs_ = false;
    ++life_;
  }
  [[nodiscard]] std::uint64_t life() const { return life_; }

  Clockwork& clockwork_;
  Chance& chance_;

 private:
  void perform(std::uint64_t life, const Clockwork::Work& work) {
    if (!runs_ || life != life_) return;
    if (!stopped()) return work();
    clockwork_.at(stopped_until_, [this, life, work] { perform(life, work); });
  }

  bool runs_ = false;
  std::uint64_t life_ = 0;
  MonotonicTime stopped_until_;
  MonotonicTime booted_;
  MonotonicTime own_boot_;
  double rate_ = 1;
};

}  // namespace espalier::simulation
