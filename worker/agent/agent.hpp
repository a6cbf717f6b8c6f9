// A worker: carries out what its core decides. Attempts, runners and transfers live on one io loop, in the
// main thread (which starts the runners); the core and its socket on the link's own thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/result.hpp"
#include "common/net/curve_keys.hpp"
#include "common/net/task_group.hpp"
#include "common/wire/messages.hpp"
#include "worker/agent/attempt.hpp"
#include "worker/agent/coordinator_link.hpp"
#include "worker/agent/disk_threads.hpp"
#include "worker/agent/facts/static_facts.hpp"
#include "worker/agent/kill_switch.hpp"
#include "worker/agent/runner_pool.hpp"
#include "worker/agent/transfers.hpp"

namespace espalier::agent {

struct AgentOptions {
  std::string coordinator = "tcp://127.0.0.1:8471";
  std::string name;  // unique among the coordinator's workers
  int slots = 1;     // attempts that may compute at once
  std::filesystem::path cache;
  std::vector<std::string> runner;  // the command: program and arguments
  std::int64_t cache_bytes = kDefaultCacheBytes;
  Labels labels = {};
  std::vector<std::filesystem::path> readable = {};  // by every runner, besides the system's libraries
  Bounds bounds = {};
  std::vector<std::string> required_confinement = {};  // without one of these the worker doesn't begin
  SystemFiles system = SystemFiles{};
  std::optional<net::WorkerKey> key = {};  // unset: speaks plainly
  std::function<void()> on_beat = [] {};   // twice a second, as long as the loop turns
  std::function<void(const std::string&)> on_status = [](const std::string&) {
  };  // what it is about, in a line
};

class Agent {
 public:
  // Makes the cache folder; fails if that or the endpoint is impossible.
  static Result<std::unique_ptr<Agent>> open(boost::asio::io_context& io, AgentOptions options);

  // Until `stop`, a Rejected, or a runner that can't be started at all; every child has ended by then. Run
  // once, and keep the agent until it has returned.
  boost::asio::awaitable<Result<void>> run();

  void stop();  // in order: says goodbye, kills the runners

 private:
  Agent(boost::asio::io_context& io, AgentOptions options, Cache cache, Result<confinement::Groups> groups);

  boost::asio::awaitable<void> start_first_runner();
  [[nodiscard]] Result<RunnerHello> hello_with_groups() const;
  boost::asio::awaitable<void> carry_out(std::int64_t number);
  boost::asio::awaitable<void> watch_attempts();
  boost::asio::awaitable<void> show_life();
  boost::asio::awaitable<void> watch_machine();  // tells the core of changing facts
  void end_with(Result<void> outcome);

  void act(Action action);
  void handle(const Say& action);
  void handle(Welcomed& action);
  void handle(StartAttempt& action);
  void handle(const StopAttempt& action);
  void handle(EndAgent& action);

  boost::asio::io_context& io_;
  AgentOptions options_;
  bool has_groups_;
  std::string http_;  // where the coordinator's store is now
  DiskThreads disk_;
  Transfers transfers_;
  RunnerPool runners_;
  KillSwitch kill_switch_;
  std::unique_ptr<CoordinatorLink> link_;
  Workshop workshop_;
  std::map<std::int64_t, std::unique_ptr<Attempt>> attempts_;
  boost::asio::steady_timer watch_timer_;
  boost::asio::steady_timer machine_timer_;
  boost::asio::steady_timer beat_timer_;
  boost::asio::steady_timer end_signal_;  // never expires; cancelled by `end_with`
  std::optional<Result<void>> outcome_;
  net::TaskGroup tasks_;
};

}  // namespace espalier::agent
