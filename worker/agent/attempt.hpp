// One attempt's way through a worker:
//
//   fetching inputs ─▶ waiting for a runner ─▶ computing ─▶ storing outputs ─▶ Finished
//
// `stop` ends it in any of these; what the runner has finished outlives the loss of the lease.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/log.hpp"
#include "common/base/result.hpp"
#include "common/net/task_group.hpp"
#include "common/wire/messages.hpp"
#include "worker/agent/attempt_log.hpp"
#include "worker/agent/core/actions.hpp"
#include "worker/agent/disk_threads.hpp"
#include "worker/agent/kill_switch.hpp"
#include "worker/agent/progress_gate.hpp"
#include "worker/agent/runner_pool.hpp"
#include "worker/agent/transfers.hpp"

namespace espalier::agent {

// For attempts that have no limit of their own, and what no attempt may pass. 0: no limit.
struct Bounds {
  std::int64_t memory_bytes = 0;
  std::int64_t disk_bytes = 0;
};

// What every attempt of an agent shares. All of it outlives the attempts.
struct Workshop {
  RunnerPool& runners;
  Transfers& transfers;
  DiskThreads& disk;
  KillSwitch& kill_switch;
  std::filesystem::path folder;  // for what attempts have made
  Bounds bounds;
  std::function<std::string()> http;             // where the coordinator's store is now
  std::function<void(wire::Progress)> progress;  // `worker` is filled in there
  std::function<void(wire::LogText)> log;        // likewise
  std::function<void(std::int64_t)> computed;    // this attempt's runner is done
  std::function<bool()> takes_points;            // or no more until some are acknowledged
};

class Attempt {
 public:
  Attempt(boost::asio::io_context& io, wire::Assign assign, const Workshop& workshop);

  // Unset if the lease was lost: then nobody waits for a report, the coordinator counts it as lost by itself.
  boost::asio::awaitable<std::optional<wire::Finished>> run();

  void stop(StopCause cause);
  void watch(MonotonicTime now);  // enforces the limits but that of the disk, lets joined progress out

 private:
  boost::asio::awaitable<Result<Inputs>> fetch_inputs();
  boost::asio::awaitable<RunnerFinished> compute(RunnerProcess* runner, Inputs inputs);
  boost::asio::awaitable<std::optional<wire::Finished>> carry_out();
  boost::asio::awaitable<RunnerFinished> execute();
  boost::asio::awaitable<void> wait_for_room(std::string reason);
  boost::asio::awaitable<void> wait_until_points_are_taken();
  boost::asio::awaitable<void> watch_disk();
  boost::asio::awaitable<void> follow_log();
  boost::asio::awaitable<void> tell_log(bool ended);
  void take_checkpoint(RunnerCheckpoint saved);
  void take_outputs(RunnerFinished* result);
  void name_the_limit(RunnerFinished* result) const;
  boost::asio::awaitable<void> send_checkpoints();
  boost::asio::awaitable<void> remove_made();
  void end_with(StopCause cause, std::string reason);
  [[nodiscard]] std::int64_t memory_limit() const;
  [[nodiscard]] std::filesystem::path data() const;
  boost::asio::awaitable<Result<void>> store(RunnerFinished result);
  boost::asio::awaitable<Result<wire::Output>> publish(std::string name, std::filesystem::path file,
                                                       KeepCopy keep, int most_tries,
                                                       boost::asio::steady_timer* timer);
  boost::asio::awaitable<void> pause(int tries_so_far, boost::asio::steady_timer* timer);
  void leave_runner();
  void let_progress_out(bool last);
  [[nodiscard]] RunnerFinished ended_without_result(const std::string& how) const;
  [[nodiscard]] std::string stage() const;
  [[nodiscard]] LogFields about() const { return {{"attempt", assign_.attempt}, {"task", assign_.task}}; }

  const Workshop& workshop_;
  wire::Assign assign_;
  std::filesystem::path made_;     // what it made, once the runner can't reach it any more
  std::optional<AttemptLog> log_;  // while a runner is ours, and until its log is told
  ProgressGate gate_;
  boost::asio::steady_timer retry_timer_;
  boost::asio::steady_timer log_timer_;
  boost::asio::steady_timer checkpoint_timer_;
  boost::asio::steady_timer disk_timer_;
  std::optional<RunnerCheckpoint> newest_checkpoint_;  // not yet on its way
  bool sends_checkpoints_ = false;
  bool has_waited_ = false;               // for points to be acknowledged
  RunnerProcess* runner_ = nullptr;       // while computing
  std::optional<MonotonicTime> started_;  // when the runner got it
  std::optional<StopCause> cause_;
  std::string stop_reason_;
  bool killed_for_memory_ = false;           // by the kernel, and not by us
  std::optional<std::int64_t> needs_bytes_;  // as the runner said last
  std::vector<Cache::Pin> pins_;             // of its inputs
  bool has_result_ = false;                  // the runner is done: the lease's loss no longer matters
  wire::Finished finished_;
  net::TaskGroup beside_;  // follows the log, sends checkpoints; has ended before `run` returns
};

}  // namespace espalier::agent
