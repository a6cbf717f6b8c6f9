#include "worker/agent/progress_gate.hpp"

#include <iterator>
#include <utility>

namespace espalier::agent {
namespace {
constexpr Duration kPause = std::chrono::milliseconds(250);
constexpr std::size_t kMostPoints = 2'000;  // some 100 KB: far below what a message may have
}  // namespace

void ProgressGate::take(RunnerProgress progress) {
  if (!joined_) joined_.emplace();
  joined_->fraction = fraction_ = progress.fraction;
  joined_->note = note_ = std::move(progress.note);
  auto& points = joined_->points;
  points.insert(points.end(), std::make_move_iterator(progress.points.begin()),
                std::make_move_iterator(progress.points.end()));
}

void ProgressGate::take(wire::Checkpoint checkpoint) {
  if (!joined_) {
    joined_.emplace();
    joined_->fraction = fraction_;
    joined_->note = note_;
  }
  joined_->checkpoint = std::move(checkpoint);
}

std::optional<wire::Progress> ProgressGate::release(MonotonicTime now, bool last) {
  if (!joined_) return std::nullopt;
  const bool is_full = joined_->points.size() >= kMostPoints;
  if (!last && !is_full && released_ && now - *released_ < kPause) return std::nullopt;
  released_ = now;
  joined_->seq = next_seq();
  return std::exchange(joined_, std::nullopt);
}

}  // namespace espalier::agent
