// What goes on beside the runner's work: limits are watched, its log is told, checkpoints are on their way.
#include <fmt/format.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <utility>

#include "common/base/log.hpp"
#include "worker/agent/attempt.hpp"
#include "worker/agent/handover.hpp"
#include "worker/agent/limits.hpp"

namespace espalier::agent {
namespace asio = boost::asio;
namespace {

constexpr auto kBetweenLogPieces = std::chrono::milliseconds(400);
constexpr auto kBetweenDiskLooks = std::chrono::milliseconds(500);
constexpr int kCheckpointTries = 10;  // half a minute; then there is a newer one

struct LookAtDisk {
  std::filesystem::path folder, log;
  pid_t process;
  DiskUse operator()() const { return disk_use(folder, log, process); }
};

struct NextPiece {
  AttemptLog* log;
  bool ended;
  std::optional<LogPiece> operator()() const { return log->next(ended); }
};

}  // namespace

void Attempt::end_with(StopCause cause, std::string reason) {
  if (cause_) return;
  stop_reason_ = std::move(reason);
  stop(cause);
}

void Attempt::watch(MonotonicTime now) {
  let_progress_out(false);
  if (runner_ == nullptr || !started_ || cause_) return;
  if (auto reason = over_time(assign_.timeout_s, now - *started_))
    return end_with(StopCause::timed_out, std::move(*reason));
  if (auto reason = over_memory(memory_limit(), runner_->memory_bytes()))
    return end_with(StopCause::out_of_memory, with_need(std::move(*reason), needs_bytes_));
  if (auto reason = over_threads(runner_->threads())) end_with(StopCause::over_limit, std::move(*reason));
}

asio::awaitable<void> Attempt::watch_disk() {
  while (runner_ != nullptr) {
    disk_timer_.expires_after(kBetweenDiskLooks);
    boost::system::error_code woken;
    co_await disk_timer_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    if (woken || runner_ == nullptr) co_return;
    LookAtDisk look{runner_->home().work(), runner_->home().log(), runner_->pid()};
    const auto use = co_await workshop_.disk.run(std::move(look));
    if (runner_ == nullptr) co_return;
    if (auto reason = over_disk(workshop_.bounds.disk_bytes, use))
      end_with(StopCause::over_limit, std::move(*reason));
  }
}

asio::awaitable<void> Attempt::follow_log() {
  while (runner_ != nullptr || !started_) {
    log_timer_.expires_after(kBetweenLogPieces);
    boost::system::error_code woken;
    co_await log_timer_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    if (woken) co_return;
    co_await tell_log(false);
  }
}

// One piece while the runner writes on, or all that is left.
asio::awaitable<void> Attempt::tell_log(bool ended) {
  while (true) {
    NextPiece next{&*log_, ended};
    auto piece = co_await workshop_.disk.run(std::move(next));
    if (!piece) co_return;
    wire::LogText text;
    text.attempt = assign_.attempt;
    text.seq = gate_.next_seq();
    text.offset = piece->offset;
    text.text = std::move(piece->text);
    workshop_.log(std::move(text));
    if (!ended) co_return;
  }
}

void Attempt::take_checkpoint(RunnerCheckpoint saved) {
  auto file = hand_over(saved.path, runner_->home().work_of(assign_.attempt), made_);
  if (!file)
    return log_about(about(), log::level::warn, "attempt {}: its checkpoint isn't taken: {}", assign_.attempt,
                     file.error().message);
  saved.path = file->string();
  std::error_code ignored;
  if (newest_checkpoint_) std::filesystem::remove(newest_checkpoint_->path, ignored);
  newest_checkpoint_ = std::move(saved);
  if (std::exchange(sends_checkpoints_, true)) return;
  beside_.spawn(fmt::format("checkpoint of attempt {}", assign_.attempt), send_checkpoints());
}

asio::awaitable<void> Attempt::send_checkpoints() {
  while (newest_checkpoint_) {
    const auto saved = *std::exchange(newest_checkpoint_, std::nullopt);
    const auto stored =
        co_await publish("checkpoint", saved.path, KeepCopy::no, kCheckpointTries, &checkpoint_timer_);
    std::error_code ignored;
    std::filesystem::remove(saved.path, ignored);
    if (stored) {
      gate_.take(wire::Checkpoint{stored->hash, stored->bytes, saved.step});
      let_progress_out(false);
    } else {
      log_about(about(), log::level::warn, "attempt {}: its checkpoint can't be stored: {}", assign_.attempt,
                stored.error().message);
    }
  }
  sends_checkpoints_ = false;
}

}  // namespace espalier::agent
