#include "worker/agent/core/outbox.hpp"

#include <algorithm>

namespace espalier::agent {
namespace {
constexpr Duration kFirstPause = std::chrono::seconds(1);
constexpr Duration kLongestPause = std::chrono::seconds(15);

std::size_t points_of(const wire::ToCoordinator& message) {
  const auto* progress = std::get_if<wire::Progress>(&message);
  return progress == nullptr ? 0 : progress->points.size();
}
}  // namespace

void Outbox::add(wire::Progress progress, MonotonicTime now) {
  const Key key{progress.attempt, progress.seq};
  add(key, std::move(progress), now);
}

void Outbox::add(wire::LogText text, MonotonicTime now) {
  const Key key{text.attempt, text.seq};
  add(key, std::move(text), now);
}

void Outbox::add(wire::Finished finished, MonotonicTime now) {
  const Key key{finished.attempt, finished.seq};
  ends_[finished.attempt] = finished.seq;
  add(key, std::move(finished), now);
}

void Outbox::add(Key key, wire::ToCoordinator message, MonotonicTime now) {
  const auto known = pending_.find(key);
  if (known != pending_.end()) erase(known);
  points_ += points_of(message);
  pending_.emplace(key, Pending{std::move(message), now});
  times_.emplace(now, key);
}

void Outbox::schedule(Pendings::iterator it, MonotonicTime next) {
  times_.erase({it->second.next, it->first});
  it->second.next = next;
  times_.emplace(next, it->first);
}

Outbox::Pendings::iterator Outbox::erase(Pendings::iterator it) {
  times_.erase({it->second.next, it->first});
  points_ -= points_of(it->second.message);
  return pending_.erase(it);
}

void Outbox::postpone(Pendings::iterator it, MonotonicTime now) {
  it->second.pause = std::clamp(it->second.pause * 2, kFirstPause, kLongestPause);
  schedule(it, now + it->second.pause);
}

std::vector<wire::ToCoordinator> Outbox::due(MonotonicTime now, std::size_t frame) {
  std::set<Key> keys;
  std::vector<Key> too_early;
  for (auto time = times_.begin(); time != times_.end() && time->first <= now; ++time) {
    const auto& key = time->second;
    const auto end = ends_.find(key.first);
    if (end == ends_.end() || end->second != key.second) {
      keys.insert(key);
      continue;
    }
    std::vector<Key> group;
    for (auto it = pending_.lower_bound({key.first, 0}); it != pending_.end() && it->first.first == key.first;
         ++it)
      group.push_back(it->first);
    if (group.size() <= frame)
      keys.insert(group.begin(), group.end());
    else
      too_early.push_back(key);
  }
  std::vector<wire::ToCoordinator> messages;
  messages.reserve(keys.size());
  for (const auto& key : keys) {
    const auto it = pending_.find(key);
    messages.push_back(it->second.message);
    postpone(it, now);
  }
  for (const auto& key : too_early) schedule(pending_.find(key), now + kFirstPause);
  return messages;
}

std::optional<MonotonicTime> Outbox::next_due() const {
  return times_.empty() ? std::nullopt : std::optional(times_.begin()->first);
}

void Outbox::acknowledge(std::int64_t attempt, std::int64_t seq) {
  const auto end = ends_.find(attempt);
  if (end != ends_.end() && end->second == seq) return drop(attempt);
  const auto found = pending_.find({attempt, seq});
  if (found != pending_.end()) erase(found);
}

void Outbox::send_again(std::int64_t attempt, MonotonicTime now) {
  for (auto it = pending_.lower_bound({attempt, 0}); it != pending_.end() && it->first.first == attempt; ++it)
    schedule(it, now);
}

void Outbox::send_all_again(MonotonicTime now) {
  for (auto it = pending_.begin(); it != pending_.end(); ++it) {
    it->second.pause = {};
    schedule(it, now);
  }
}

void Outbox::drop(std::int64_t attempt) {
  ends_.erase(attempt);
  for (auto it = pending_.lower_bound({attempt, 0}); it != pending_.end() && it->first.first == attempt;)
    it = erase(it);
}

std::vector<std::int64_t> Outbox::ended_attempts() const {
  std::vector<std::int64_t> attempts;
  attempts.reserve(ends_.size());
  for (const auto& [attempt, seq] : ends_) attempts.push_back(attempt);
  return attempts;
}

}  // namespace espalier::agent
