// Virtual time: what is to happen, in its order. Nothing here takes real time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "common/base/clock.hpp"

namespace espalier::simulation {

class Clockwork {
 public:
  using Work = std::function<void()>;

  [[nodiscard]] MonotonicTime now() const { return now_; }

  // Of two things at one time the one that was asked for first comes first.
  void at(MonotonicTime when, Work work) {
    due_.push_back({std::max(when, now_), next_++, std::move(work)});
    std::push_heap(due_.begin(), due_.end(), later);
  }
  void in(Duration delay, Work work) { at(now_ + delay, std::move(work)); }

  void run_next() {
    std::pop_heap(due_.begin(), due_.end(), later);
    const Entry entry = std::move(due_.back());
    due_.pop_back();
    now_ = entry.when;
    entry.work();
  }
  [[nodiscard]] bool empty() const { return due_.empty(); }

 private:
  struct Entry {
    MonotonicTime when;
    std::uint64_t order = 0;
    Work work;
  };
  static bool later(const Entry& a, const Entry& b) {
    return std::pair(a.when, a.order) > std::pair(b.when, b.order);
  }

  MonotonicTime now_{std::chrono::seconds(1'000)};
  std::uint64_t next_ = 0;
  std::vector<Entry> due_;
};

}  // namespace espalier::simulation
