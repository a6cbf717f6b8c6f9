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
#include "worker/agent/affinity.hpp"
#include "worker/agent/runner_home.hpp"
#include "worker/agent/runner_protocol.hpp"
#include "worker/confinement/fence.hpp"
#include "worker/confinement/groups.hpp"

namespace espalier::agent {

// Where a runner lives, and what it may do there.
struct RunnerPlace {
  RunnerHome home;
  confinement::Fence fence;
  std::optional<confinement::Group> group;
  Processors processors;
};

struct RunnerExit {
  std::string in_words;  // "was killed by signal 9 (Killed)"
};
using RunnerEvent = std::variant<RunnerHello, RunnerProgress, RunnerFinished, RunnerExit>;

class RunnerProcess {
 public:
  // The home is emptied first; the runner's standard error is appended to its log. The command gets the fence
  // as its last argument.
  static Result<std::unique_ptr<RunnerProcess>> start(boost::asio::io_context& io,
                                                      std::vector<std::string> command, RunnerPlace place);
  ~RunnerProcess();  // kills it
  RunnerProcess(const RunnerProcess&) = delete;
  RunnerProcess& operator=(const RunnerProcess&) = delete;

  // The next thing it says; RunnerExit once it has ended, which a line that can't be read brings about.
  boost::asio::awaitable<RunnerEvent> next_event();
  // False if it is gone; its exit is the next event then.
  boost::asio::awaitable<bool> say(std::string line);

  void kill();
  boost::asio::awaitable<RunnerExit> wait_for_exit();  // kills it if it doesn't end by itself
  // Before a task: the memory it may have (0: no limit) from now on, where a control group can hold it to
  // that, and the slot's processors or all.
  void prepare(std::int64_t memory_bytes, bool all_processors);
  [[nodiscard]] bool killed_for_memory() const;  // since then, by the kernel
  [[nodiscard]] bool ended();
  [[nodiscard]] int exit_descriptor() const { return child_.exit_descriptor(); }
  [[nodiscard]] std::optional<std::int64_t> memory_bytes() const;  // resident; unset if it is gone
  [[nodiscard]] std::optional<std::int64_t> threads() const;
  [[nodiscard]] pid_t pid() const { return child_.pid(); }
  [[nodiscard]] const RunnerHome& home() const { return place_.home; }
  void empty_log();

 private:
  RunnerProcess(boost::asio::io_context& io, RunnerPlace place) : socket_(io), place_(std::move(place)) {}

  boost::asio::local::stream_protocol::socket socket_;
  RunnerPlace place_;
  std::int64_t kills_before_ = 0;
  std::string received_;
  ChildProcess child_;
};

}  // namespace espalier::agent
