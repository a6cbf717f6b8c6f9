// One `espalier-runner serve`: its process, its socket, its log. Lives on the agent's loop; spawned from the
// main thread, so that the kernel ends it with us.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/base/child_process.hpp"
#include "common/base/result.hpp"
#include "worker/agent/runner_protocol.hpp"

namespace espalier::agent {

struct RunnerExit {
  std::string in_words;  // "was killed by signal 9 (Killed)"
};
using RunnerEvent = std::variant<RunnerHello, RunnerProgress, RunnerFinished, RunnerExit>;

class RunnerProcess {
 public:
  // The log is emptied first; the runner's standard error is appended to it.
  static Result<std::unique_ptr<RunnerProcess>> start(boost::asio::io_context& io,
                                                      std::vector<std::string> command,
                                                      std::filesystem::path log);
  ~RunnerProcess();  // kills it
  RunnerProcess(const RunnerProcess&) = delete;
  RunnerProcess& operator=(const RunnerProcess&) = delete;

  // The next thing it says; RunnerExit once it has ended, which a line that can't be read brings about.
  boost::asio::awaitable<RunnerEvent> next_event();
  // False if it is gone; its exit is the next event then.
  boost::asio::awaitable<bool> say(std::string line);

  void kill();
  [[nodiscard]] bool ended();
  [[nodiscard]] int exit_descriptor() const { return child_.exit_descriptor(); }
  [[nodiscard]] std::optional<std::int64_t> memory_bytes() const;  // resident; unset if it is gone
  [[nodiscard]] const std::filesystem::path& log() const { return log_; }
  void empty_log();

 private:
  RunnerProcess(boost::asio::io_context& io, std::filesystem::path log) : socket_(io), log_(std::move(log)) {}
  boost::asio::awaitable<RunnerExit> wait_for_exit();

  boost::asio::local::stream_protocol::socket socket_;
  std::filesystem::path log_;
  std::string received_;
  ChildProcess child_;
};

}  // namespace espalier::agent
