#include "worker/agent/attempt.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <limits>
#include <map>
#include <utility>

#include "common/base/log.hpp"
#include "worker/agent/handover.hpp"
#include "worker/agent/limits.hpp"
#include "worker/agent/room.hpp"

namespace espalier::agent {
namespace asio = boost::asio;
namespace {

constexpr int kFetchTries = 10;
constexpr const char* kBenchmark = "benchmark";
constexpr const char* kCheckpoint = "checkpoint";
constexpr int kUntilItPasses = std::numeric_limits<int>::max();
constexpr auto kFirstPause = std::chrono::milliseconds(100);
constexpr auto kLongestPause = std::chrono::milliseconds(5'000);

struct ClearHome {
  RunnerHome home;
  std::int64_t attempt;
  bool operator()() const { return home.clear(attempt); }
};

struct RemoveFolder {
  std::filesystem::path folder;
  bool operator()() const {
    std::error_code failed;
    std::filesystem::remove_all(folder, failed);
    return !failed;
  }
};

RunnerFinished failed_because(std::string reason, bool retryable) {
  RunnerFinished result;
  result.outcome = wire::Outcome::failed;
  result.reason = std::move(reason);
  result.retryable = retryable;
  return result;
}

wire::Outcome outcome_of(StopCause cause) {
  switch (cause) {
    case StopCause::timed_out:
      return wire::Outcome::timed_out;
    case StopCause::out_of_memory:
      return wire::Outcome::out_of_memory;
    case StopCause::over_limit:
      return wire::Outcome::failed;
    case StopCause::cancelled:
    case StopCause::lease_lost:
      return wire::Outcome::cancelled;
  }
  return wire::Outcome::cancelled;
}

}  // namespace

Attempt::Attempt(asio::io_context& io, wire::Assign assign, const Workshop& workshop)
    : workshop_(workshop),
      assign_(std::move(assign)),
      made_(workshop.folder / ("attempt-" + std::to_string(assign_.attempt))),
      retry_timer_(io),
      log_timer_(io),
      checkpoint_timer_(io),
      disk_timer_(io),
      beside_(io.get_executor()) {
  finished_.attempt = assign_.attempt;
}

std::string Attempt::stage() const {
  const auto* stage = assign_.spec.if_contains("stage");
  return stage != nullptr && stage->is_string() ? std::string(stage->get_string()) : "a task";
}

void Attempt::stop(StopCause cause) {
  if (cause_ || (has_result_ && cause != StopCause::cancelled)) return;
  cause_ = cause;
  if (cause == StopCause::cancelled) stop_reason_ = "it was cancelled";
  if (runner_ != nullptr) runner_->kill();
  retry_timer_.cancel();
  checkpoint_timer_.cancel();
  workshop_.runners.wake();
}

std::int64_t Attempt::memory_limit() const {
  return assign_.memory_bytes > 0 ? assign_.memory_bytes : workshop_.bounds.memory_bytes;
}

// The user's own folder, which no other runner may read.
std::filesystem::path Attempt::data() const {
  const auto* data = assign_.spec.if_contains("data");
  const auto* path = data != nullptr && data->is_object() ? data->get_object().if_contains("path") : nullptr;
  return path != nullptr && path->is_string() ? std::filesystem::path(std::string(path->get_string()))
                                              : std::filesystem::path();
}

void Attempt::let_progress_out(bool last) {
  auto progress = gate_.release(std::chrono::steady_clock::now(), last);
  if (!progress) return;
  progress->attempt = assign_.attempt;
  workshop_.progress(std::move(*progress));
}

RunnerFinished Attempt::ended_without_result(const std::string& how) const {
  RunnerFinished result;
  result.outcome = cause_ ? outcome_of(*cause_) : wire::Outcome::crashed;
  result.reason = cause_ ? stop_reason_ : "the runner " + how + " while running " + stage();
  result.retryable = !cause_;
  if (cause_ || !killed_for_memory_) return result;
  result.outcome = wire::Outcome::out_of_memory;
  result.reason = with_need(beyond_memory(memory_limit()), needs_bytes_);
  result.retryable = false;
  return result;
}

// The runner knows what it could not have, and not what it may have.
void Attempt::name_the_limit(RunnerFinished* result) const {
  if (result->outcome != wire::Outcome::out_of_memory) return;
  result->reason =
      with_need(beyond_memory(memory_limit()) + " (" + result->reason.value_or("") + ")", needs_bytes_);
}

asio::awaitable<void> Attempt::pause(int tries_so_far, asio::steady_timer* timer) {
  const auto doubled = kFirstPause * (1 << std::min(tries_so_far, 10));
  timer->expires_after(std::min<std::chrono::milliseconds>(doubled, kLongestPause));
  boost::system::error_code woken;
  co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, woken));
  const auto cancellation = co_await asio::this_coro::cancellation_state;
  if (cancellation.cancelled() != asio::cancellation_type::none) throw boost::system::system_error(woken);
}

asio::awaitable<Result<Inputs>> Attempt::fetch_inputs() {
  Inputs paths;
  for (const auto& input : assign_.inputs) {
    for (int tries = 1; !cause_; ++tries) {
      auto fetched = co_await workshop_.transfers.fetch(workshop_.http(), input);
      if (fetched) {
        paths[input.role] = std::move(fetched->path);
        pins_.push_back(std::move(fetched->pin));
        break;
      }
      const bool may_pass = fetched.error().kind == ErrorKind::unavailable;
      if (input.role == kCheckpoint && (!may_pass || tries == kFetchTries)) {
        log_about(about(), log::level::warn, "attempt {} starts anew: the checkpoint can't be had: {}",
                  assign_.attempt, fetched.error().message);
        break;
      }
      if (!may_pass || (tries >= kFetchTries && !disk_is_full(workshop_.folder)))
        co_return Error{ErrorKind::failed,
                        "its input " + input.role + " can't be had: " + fetched.error().message, ""};
      co_await pause(tries, &retry_timer_);
    }
  }
  co_return paths;
}

void Attempt::leave_runner() {
  killed_for_memory_ = runner_->killed_for_memory();
  runner_ = nullptr;
  disk_timer_.cancel();
  workshop_.kill_switch.disarm(assign_.attempt);
}

asio::awaitable<RunnerFinished> Attempt::compute(RunnerProcess* runner, Inputs inputs) {
  const auto& home = runner->home();
  auto settled = home.settle(assign_.attempt, inputs);
  if (!settled) co_return failed_because(settled.error().message, true);
  runner->prepare(memory_limit(), stage() == kBenchmark);
  runner->empty_log();
  log_.emplace(home.log());
  beside_.spawn(fmt::format("log of attempt {}", assign_.attempt), follow_log());
  started_ = std::chrono::steady_clock::now();
  runner_ = runner;
  beside_.spawn(fmt::format("disk of attempt {}", assign_.attempt), watch_disk());
  workshop_.kill_switch.arm(assign_.attempt, runner->exit_descriptor());
  auto line = run_line(assign_, home.work_of(assign_.attempt), *settled);
  const bool said =
      co_await runner->say(std::move(line));  // named: GCC 12 lays out the frame wrongly otherwise
  if (!said)
    log_about(about(), log::level::debug, "attempt {}: the runner was gone before it began", assign_.attempt);
  while (true) {
    auto event = co_await runner->next_event();
    if (auto* progress = std::get_if<RunnerProgress>(&event);
        progress && progress->attempt == assign_.attempt) {
      if (progress->checkpoint) take_checkpoint(*progress->checkpoint);
      if (progress->needs_bytes) needs_bytes_ = progress->needs_bytes;
      gate_.take(std::move(*progress));
      let_progress_out(false);
      co_await wait_until_points_are_taken();
    } else if (auto* result = std::get_if<RunnerFinished>(&event);
               result && result->attempt == assign_.attempt) {
      take_outputs(&*result);
      name_the_limit(&*result);
      leave_runner();
      co_return std::move(*result);
    } else if (const auto* exit = std::get_if<RunnerExit>(&event)) {
      leave_runner();
      co_return ended_without_result(exit->in_words);
    }
  }
}

// A slow database slows the runner: nobody reads what it says meanwhile, and soon it can't write on.
asio::awaitable<void> Attempt::wait_until_points_are_taken() {
  if (!cause_ && !workshop_.takes_points() && !std::exchange(has_waited_, true))
    log_about(about(), log::level::warn,
              "attempt {} waits: too many points of its curves aren't acknowledged", assign_.attempt);
  while (!cause_ && !workshop_.takes_points()) co_await pause(1, &retry_timer_);
}

// Their paths are ours afterwards, or the result is a failure.
void Attempt::take_outputs(RunnerFinished* result) {
  if (result->outcome != wire::Outcome::succeeded || !result->outputs) return;
  std::map<std::string, std::string> taken;  // by what the runner said
  for (auto& output : *result->outputs) {
    auto& path = taken[output.path];
    if (path.empty()) {
      auto file = hand_over(output.path, runner_->home().work_of(assign_.attempt), made_);
      if (!file) {
        *result = failed_because("its output " + output.name + " isn't taken: " + file.error().message, true);
        return;
      }
      path = file->string();
    }
    output.path = path;
  }
}

asio::awaitable<void> Attempt::remove_made() {
  RemoveFolder removal{made_};
  const auto removed = co_await workshop_.disk.run(std::move(removal));
  if (!removed) log::warn("{} can't be removed", made_.string());
}

asio::awaitable<Result<wire::Output>> Attempt::publish(std::string name, std::filesystem::path file,
                                                       KeepCopy keep, int most_tries,
                                                       asio::steady_timer* timer) {
  auto outgoing = co_await workshop_.transfers.prepare(name, file, keep);
  for (int tries = 1;; ++tries) {
    if (!outgoing && tries > 1) outgoing = co_await workshop_.transfers.prepare(name, file, keep);
    auto sent = outgoing ? Result<void>{} : Result<void>{outgoing.error()};
    if (outgoing) sent = co_await workshop_.transfers.send(workshop_.http(), &*outgoing);
    if (sent) co_return outgoing->output;
    if (sent.error().kind != ErrorKind::unavailable || cause_ || tries >= most_tries) co_return sent.error();
    if (tries == 1)
      log_about(about(), log::level::warn, "attempt {}: {}; it is tried again", assign_.attempt,
                sent.error().message);
    co_await pause(tries, timer);
  }
}

asio::awaitable<Result<void>> Attempt::store(RunnerFinished result) {
  const auto files = result.outputs.value_or(std::vector<RunnerOutput>{});
  std::map<std::string, wire::Output> published;  // by path: the cache has taken that file
  for (const auto& file : files) {
    if (const auto known = published.find(file.path); known != published.end()) {
      finished_.outputs.push_back(known->second);
      finished_.outputs.back().name = file.name;
      continue;
    }
    auto output = co_await publish(file.name, file.path, KeepCopy::yes, kUntilItPasses, &retry_timer_);
    if (!output)
      co_return Error{ErrorKind::failed,
                      "its output " + file.name + " can't be stored: " + output.error().message, ""};
    published[file.path] = *output;
    finished_.outputs.push_back(std::move(*output));
  }
  co_return Result<void>{};
}

asio::awaitable<std::optional<wire::Finished>> Attempt::run() {
  std::optional<wire::Finished> finished;
  std::exception_ptr failure;
  try {
    finished = co_await carry_out();
  } catch (...) {
    failure = std::current_exception();
  }
  // Also after a cancellation: what runs beside us uses what is ours.
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  beside_.cancel();
  co_await beside_.wait();
  if (failure) std::rethrow_exception(failure);
  co_return finished;
}

asio::awaitable<RunnerFinished> Attempt::execute() {
  auto inputs = co_await fetch_inputs();
  if (!inputs) co_return failed_because(inputs.error().message, true);
  const std::function<bool()> given_up = [this] { return cause_.has_value(); };
  const auto needed = data();
  auto runner = co_await workshop_.runners.acquire(needed, given_up);
  if (!runner) {
    auto result = ended_without_result("");
    if (!cause_) result.reason = runner.error().message;
    co_return result;
  }
  if (*runner == nullptr || cause_) {
    if (*runner != nullptr) workshop_.runners.release(*runner);
    co_return ended_without_result("");
  }
  auto result = co_await compute(*runner, std::move(*inputs));
  if (started_)
    finished_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - *started_).count();
  log_timer_.cancel();
  // A checkpoint of a runner that died is what the next attempt goes on from.
  if (cause_ || result.outcome == wire::Outcome::succeeded) beside_.cancel();
  co_await beside_.wait();
  if (log_) co_await tell_log(true);
  log_.reset();
  started_.reset();
  ClearHome clearing{(*runner)->home(), assign_.attempt};
  const auto cleared = co_await workshop_.disk.run(std::move(clearing));
  if (!cleared) log::warn("{} can't be cleared", (*runner)->home().folder.string());
  workshop_.runners.release(*runner);
  let_progress_out(true);
  co_return result;
}

asio::awaitable<void> Attempt::wait_for_room(std::string reason) {
  log_about(about(), log::level::warn,
            "attempt {}: {}; the disk that holds {} is full: it begins again when there is room",
            assign_.attempt, reason, workshop_.folder.string());
  co_await remove_made();
  for (int tries = 1; !cause_ && (tries == 1 || disk_is_full(workshop_.folder)); ++tries)
    co_await pause(tries, &retry_timer_);
}

asio::awaitable<std::optional<wire::Finished>> Attempt::carry_out() {
  auto result = co_await execute();
  // For want of room on this worker's disk: that is nobody's failure, so the same attempt goes on.
  while (result.retryable.value_or(false) && !cause_ && disk_is_full(workshop_.folder)) {
    co_await wait_for_room(result.reason.value_or(""));
    pins_.clear();
    if (cause_)
      result = ended_without_result("");
    else
      result = co_await execute();
  }
  if (cause_ == StopCause::lease_lost) {
    co_await remove_made();
    co_return std::nullopt;
  }
  has_result_ = true;
  workshop_.computed(assign_.attempt);
  if (result.outcome == wire::Outcome::succeeded) {
    const auto stored = co_await store(result);
    if (!stored && !cause_) result = failed_because(stored.error().message, true);
  }
  // A cancellation while the outputs were on their way.
  if (cause_ && result.outcome == wire::Outcome::succeeded) result = ended_without_result("");
  finished_.outcome = result.outcome;
  finished_.reason = result.reason.value_or("");
  finished_.retryable = result.retryable.value_or(false);
  finished_.metrics = result.metrics.value_or(std::vector<wire::Metric>{});
  finished_.seq = gate_.next_seq();
  co_await remove_made();
  co_return finished_;
}

}  // namespace espalier::agent
