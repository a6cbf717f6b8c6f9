#include "worker/agent/core/session.hpp"

#include <algorithm>

namespace espalier::agent {
namespace {
constexpr Duration kFirstHelloPause = std::chrono::milliseconds(50);
constexpr Duration kLongestHelloPause = std::chrono::seconds(3);
}  // namespace

bool Session::expire(MonotonicTime now) {
  if (!lease_.ends() || lease_.held(now)) return false;
  lease_.drop();
  greet(now);
  return true;
}

SessionDuties Session::due(MonotonicTime now) {
  SessionDuties duties;
  if (state_ == State::greeting && now >= hello_due_) {
    duties.hello = next_number_++;
    lease_.asked(*duties.hello, now);
    hello_pause_ = std::clamp(hello_pause_ * 2, kFirstHelloPause, kLongestHelloPause);
    hello_due_ = now + hello_pause_;
  }
  if (state_ == State::member && now >= beat_due_) {
    duties.beat = next_number_++;
    lease_.asked(*duties.beat, now);
    beat_due_ = now + beat_interval_;
  }
  return duties;
}

MonotonicTime Session::next_due() const {
  const auto own = state_ == State::greeting ? hello_due_ : beat_due_;
  return lease_.ends() ? std::min(own, *lease_.ends()) : own;
}

bool Session::hear_of(std::int64_t epoch) {
  latest_epoch_ = std::max(latest_epoch_, epoch);
  return epoch == latest_epoch_;
}

void Session::greet(MonotonicTime now) {
  state_ = State::greeting;
  first_hello_ = next_number_;
  hello_pause_ = {};
  hello_due_ = now;
}

void Session::welcome(const wire::Welcome& welcome, MonotonicTime now) {
  if (!hear_of(welcome.epoch)) return;
  // An answer to an earlier greeting says nothing about what has become of us since.
  if (state_ == State::greeting && welcome.beat < first_hello_) return;
  first_attempt_ =
      welcome.epoch > epoch_ ? welcome.first_attempt : std::max(first_attempt_, welcome.first_attempt);
  epoch_ = welcome.epoch;
  http_ = welcome.http;
  lease_length_ = std::chrono::milliseconds(welcome.lease_ms);
  beat_interval_ = std::chrono::milliseconds(std::max<std::int64_t>(welcome.beat_ms, 1));
  lease_.answered(welcome.beat, lease_length_);
  if (state_ == State::member) return;
  state_ = State::member;
  beat_due_ = now + beat_interval_;
}

void Session::beat(const wire::Beat& beat, MonotonicTime now) {
  if (!hear_of(beat.epoch) || state_ != State::member) return;
  if (beat.epoch > epoch_) return greet(now);
  lease_.answered(beat.beat, lease_length_);
}

void Session::who_are_you(const wire::WhoAreYou& question, MonotonicTime now) {
  if (question.epoch && !hear_of(*question.epoch)) return;
  if (state_ == State::member) greet(now);
}

bool Session::accepts(std::int64_t epoch, std::int64_t attempt, MonotonicTime now) {
  if (hear_of(epoch) && epoch > epoch_ && state_ == State::member) greet(now);
  return state_ == State::member && epoch == epoch_ && attempt >= first_attempt_ && lease_.held(now);
}

}  // namespace espalier::agent
