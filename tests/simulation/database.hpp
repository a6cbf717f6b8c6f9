// The way to the store: commits take time, sometimes long; it goes away; a connection breaks while a commit
// is under way, and nobody knows whether it took place.
#pragma once

#include "tests/simulation/chance.hpp"
#include "tests/simulation/clockwork.hpp"
#include "tests/simulation/store.hpp"
#include "tests/simulation/weather.hpp"

namespace espalier::simulation {

class Database {
 public:
  Database(Clockwork& clockwork, Chance& chance, const Weather& weather, Trace& trace)
      : store(trace), clockwork_(clockwork), chance_(chance), weather_(weather) {}

  Store store;

  void lose_until(MonotonicTime when) { away_until_ = when; }
  [[nodiscard]] bool away() const { return !calm_ && clockwork_.now() < away_until_; }
  [[nodiscard]] bool breaks() { return !calm_ && chance_.one_in(weather_.doubt_one_in); }
  // So much waits for it that a coordinator takes no more reports.
  [[nodiscard]] bool full() { return !calm_ && chance_.one_in(weather_.full_one_in); }
  [[nodiscard]] std::int64_t new_ticket() { return ++tickets_; }
  [[nodiscard]] bool coin() { return chance_.one_in(2); }
  [[nodiscard]] Duration time_for_a_commit() {
    using std::chrono::milliseconds;
    if (!calm_ && chance_.one_in(weather_.slow_one_in))
      return chance_.between(milliseconds(10), milliseconds(5'000));
    return chance_.between(milliseconds(2), milliseconds(6));
  }
  void calm_down() { calm_ = true; }

 private:
  Clockwork& clockwork_;
  Chance& chance_;
  const Weather& weather_;
  MonotonicTime away_until_;
  std::int64_t tickets_ = 0;
  bool calm_ = false;
};

}  // namespace espalier::simulation
