// Messages that must not be lost: repeated, with growing pauses, until the coordinator has acknowledged them.
// What one call does costs the logarithm of what is kept, times the messages it is about.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "common/base/clock.hpp"
#include "common/wire/messages.hpp"

namespace espalier::agent {

class Outbox {
 public:
  void add(wire::Progress progress, MonotonicTime now);
  void add(wire::LogText text, MonotonicTime now);
  void add(wire::Finished finished, MonotonicTime now);

  // What has to be sent now. A Finished comes after all of its attempt's unacknowledged Progress, which goes
  // with it: whoever takes in that frame has seen every point before the end. If these are more than `frame`,
  // the end waits until enough of them are acknowledged.
  std::vector<wire::ToCoordinator> due(MonotonicTime now, std::size_t frame);
  [[nodiscard]] std::optional<MonotonicTime> next_due() const;

  void acknowledge(std::int64_t attempt, std::int64_t seq);
  void send_again(std::int64_t attempt, MonotonicTime now);  // at the next `due`
  void send_all_again(MonotonicTime now);                    // a new session begins
  void drop(std::int64_t attempt);

  [[nodiscard]] bool holds_end_of(std::int64_t attempt) const { return ends_.contains(attempt); }
  [[nodiscard]] std::vector<std::int64_t> ended_attempts() const;
  [[nodiscard]] std::size_t points() const { return points_; }  // of curves, in all that it keeps

 private:
  struct Pending {
    wire::ToCoordinator message;
    MonotonicTime next;
    Duration pause{};
  };
  using Key = std::pair<std::int64_t, std::int64_t>;  // attempt, seq
  using Pendings = std::map<Key, Pending>;
  void add(Key key, wire::ToCoordinator message, MonotonicTime now);
  void schedule(Pendings::iterator it, MonotonicTime next);
  void postpone(Pendings::iterator it, MonotonicTime now);
  Pendings::iterator erase(Pendings::iterator it);

  Pendings pending_;  // an attempt's Finished has its highest seq, so it stands after its Progress
  std::set<std::pair<MonotonicTime, Key>> times_;  // when each of them is due
  std::map<std::int64_t, std::int64_t> ends_;      // attempt -> seq of its Finished
  std::size_t points_ = 0;
};

}  // namespace espalier::agent
