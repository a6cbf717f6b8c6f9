// What a worker owes its coordinator, decided from values alone.
//
//              Welcome                     WhoAreYou, newer epoch, lease ran out
//   greeting ───────────▶ member      member ──────────────────────────────────▶ greeting
//   (Hello, again and again)  (heartbeats)
//
// Attempts run on through every edge but one: when the lease runs out they have to stop.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/base/clock.hpp"
#include "common/wire/messages.hpp"
#include "worker/agent/core/lease.hpp"

namespace espalier::agent {

struct SessionDuties {
  std::optional<std::int64_t> hello;  // say Hello
  std::optional<std::int64_t> beat;   // send a heartbeat with this number
};

class Session {
 public:
  explicit Session(MonotonicTime now) : hello_due_(now) {}

  // True once when the lease has run out: kill what runs, keep what is finished.
  [[nodiscard]] bool expire(MonotonicTime now);

  // Each duty is named once, counts as done at `now`, and comes again after its interval.
  SessionDuties due(MonotonicTime now);
  void not_asked() { lease_.take_back(); }  // the latest Hello or heartbeat didn't leave us
  [[nodiscard]] MonotonicTime next_due() const;

  void welcome(const wire::Welcome& welcome, MonotonicTime now);
  void beat(const wire::Beat& beat, MonotonicTime now);
  void who_are_you(const wire::WhoAreYou& question, MonotonicTime now);

  // Whether such an Assign may start now. One from a later reign makes us introduce ourselves there.
  [[nodiscard]] bool accepts(std::int64_t epoch, std::int64_t attempt, MonotonicTime now);

  [[nodiscard]] bool holds_lease(MonotonicTime now) const { return lease_.held(now); }
  [[nodiscard]] bool member() const { return state_ == State::member; }
  [[nodiscard]] std::int64_t epoch() const { return epoch_; }
  [[nodiscard]] const std::string& http() const { return http_; }  // empty before the first Welcome

 private:
  enum class State { greeting, member };
  bool hear_of(std::int64_t epoch);  // false: a later one has begun
  void greet(MonotonicTime now);

  State state_ = State::greeting;
  Lease lease_;
  MonotonicTime hello_due_;
  Duration hello_pause_{};
  MonotonicTime beat_due_{};
  Duration beat_interval_{};
  Duration lease_length_{};
  std::int64_t next_number_ = 1;
  std::int64_t first_hello_ = 1;    // of this greeting
  std::int64_t first_attempt_ = 1;  // lower ones are over
  std::int64_t epoch_ = 0;          // of the last Welcome
  // The latest reign that we have heard of: who reigned before is not joined any more, though it may not know
  // yet that it has been followed.
  std::int64_t latest_epoch_ = 0;
  std::string http_;
};

}  // namespace espalier::agent
