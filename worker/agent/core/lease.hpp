// A worker's own copy of its lease, on its monotonic clock. It counts from the moment an answered question
// was *sent*, which is never later than the coordinator's own count, so the worker always ends first.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>

#include "common/base/clock.hpp"

namespace espalier::agent {

// The worker gives up this part of the lease before its end: time to kill what runs, and room for a clock
// that drifts.
inline constexpr double kLeaseShareUsed = 0.8;

class Lease {
 public:
  // Question `number` (numbers only rise) was sent.
  void asked(std::int64_t number, MonotonicTime sent) {
    questions_.push_back({number, sent});
    if (questions_.size() > kMostQuestions) questions_.pop_front();
  }

  // It was answered. An answer to no open question is a repeated, late or forged one and changes nothing.
  void answered(std::int64_t number, Duration length) {
    const auto match = std::find_if(questions_.begin(), questions_.end(),
                                    [number](const Question& q) { return q.number == number; });
    if (match == questions_.end()) return;
    const auto ends = match->sent + std::chrono::duration_cast<Duration>(length * kLeaseShareUsed);
    if (!ends_ || ends > *ends_) ends_ = ends;
    questions_.erase(questions_.begin(), std::next(match));
  }

  void take_back() {  // the latest question was never sent
    if (!questions_.empty()) questions_.pop_back();
  }
  void drop() { ends_.reset(); }

  [[nodiscard]] bool held(MonotonicTime now) const { return ends_ && now < *ends_; }
  [[nodiscard]] std::optional<MonotonicTime> ends() const { return ends_; }  // unset: there is none

 private:
  static constexpr std::size_t kMostQuestions = 100;  // an answer that old renews nothing any more
  struct Question {
    std::int64_t number;
    MonotonicTime sent;
  };
  std::deque<Question> questions_;
  std::optional<MonotonicTime> ends_;
};

}  // namespace espalier::agent
