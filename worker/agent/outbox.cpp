#include "worker/agent/outbox.hpp"

#include <algorithm>

namespace espalier::agent {
namespace {
constexpr Duration kFirstPause = std::chrono::seconds(1);
constexpr Duration kLongestPause = std::chrono::seconds(15);
}  // namespace

void Outbox::add(wire::Progress progress, MonotonicTime now) {
  const Key key{progress.attempt, progress.seq};
  pending_.insert_or_assign(key, Pending{std::move(progress), now});
}

void Outbox::add(wire::Finished finished, MonotonicTime now) {
  const Key key{finished.attempt, finished.seq};
  ends_[finished.attempt] = finished.seq;
  pending_.insert_or_assign(key, Pending{std::move(finished), now});
}

void Outbox::schedule_next(Pending& pending, MonotonicTime now) {
  pending.pause = std::clamp(pending.pause * 2, kFirstPause, kLongestPause);
  pending.next = now + pending.pause;
}

std::vector<wire::ToCoordinator> Outbox::due(MonotonicTime now) {
  std::vector<wire::ToCoordinator> messages;
  // An attempt's Finished has its highest seq, so the map's order puts its Progress first.
  for (auto& [key, pending] : pending_) {
    const auto end = ends_.find(key.first);
    const bool goes_with_end = end != ends_.end() && pending_.at({key.first, end->second}).next <= now;
    if (pending.next > now && !goes_with_end) continue;
    messages.push_back(pending.message);
    schedule_next(pending, now);
  }
  return messages;
}

std::optional<MonotonicTime> Outbox::next_due() const {
  const auto first = std::min_element(pending_.begin(), pending_.end(), [](const auto& a, const auto& b) {
    return a.second.next < b.second.next;
  });
  return first == pending_.end() ? std::nullopt : std::optional(first->second.next);
}

void Outbox::acknowledge(std::int64_t attempt, std::int64_t seq) {
  const auto end = ends_.find(attempt);
  if (end != ends_.end() && end->second == seq)
    drop(attempt);
  else
    pending_.erase({attempt, seq});
}

void Outbox::send_again(std::int64_t attempt, MonotonicTime now) {
  for (auto& [key, pending] : pending_)
    if (key.first == attempt) pending.next = now;
}

void Outbox::send_all_again(MonotonicTime now) {
  for (auto& [key, pending] : pending_) {
    pending.next = now;
    pending.pause = {};
  }
}

void Outbox::drop(std::int64_t attempt) {
  ends_.erase(attempt);
  std::erase_if(pending_, [attempt](const auto& entry) { return entry.first.first == attempt; });
}

std::vector<std::int64_t> Outbox::ended_attempts() const {
  std::vector<std::int64_t> attempts;
  for (const auto& [attempt, seq] : ends_) attempts.push_back(attempt);
  return attempts;
}

}  // namespace espalier::agent
