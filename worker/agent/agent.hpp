// A worker: keeps its lease alive, takes attempts, hands them to runners, reports until it is acknowledged.
// Lives on one io loop, in the main thread (which starts the runners).
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/base/result.hpp"
#include "common/net/dealer_socket.hpp"
#include "common/net/task_group.hpp"
#include "common/wire/messages.hpp"
#include "worker/agent/attempt.hpp"
#include "worker/agent/disk_threads.hpp"
#include "worker/agent/outbox.hpp"
#include "worker/agent/runner_pool.hpp"
#include "worker/agent/session.hpp"
#include "worker/agent/transfers.hpp"

namespace espalier::agent {

struct AgentOptions {
  std::string coordinator = "tcp://127.0.0.1:8471";
  std::string name;  // unique among the coordinator's workers
  int slots = 1;     // attempts that may compute at once
  std::filesystem::path cache;
  std::vector<std::string> runner;  // the command: program and arguments
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
  Agent(boost::asio::io_context& io, AgentOptions options, artifact::ArtifactStore cache,
        std::unique_ptr<net::DealerSocket> socket);

  boost::asio::awaitable<void> start_first_runner();
  boost::asio::awaitable<void> receive();
  boost::asio::awaitable<void> pulse();
  boost::asio::awaitable<void> carry_out(std::int64_t number);
  void do_what_is_due(MonotonicTime now);
  [[nodiscard]] MonotonicTime next_due(MonotonicTime now) const;
  void end_with(Result<void> outcome);

  void handle(const wire::Welcome& message);
  void handle(const wire::Beat& message);
  void handle(const wire::Rejected& message);
  void handle(const wire::Assign& message);
  void handle(const wire::Cancel& message);
  void handle(const wire::Acknowledge& message);
  void handle(const wire::WhoAreYou& message);

  bool say(const wire::ToCoordinator& message);
  [[nodiscard]] wire::Hello hello() const;
  [[nodiscard]] std::vector<std::int64_t> held_attempts() const;
  void report(wire::Progress progress);
  void report(wire::Finished finished);
  void remember_done(std::int64_t attempt);

  boost::asio::io_context& io_;
  AgentOptions options_;
  std::string session_name_;
  Session session_;
  Outbox outbox_;
  std::set<std::int64_t> done_;  // the latest attempts that are over: a late Assign must not start one again
  DiskThreads disk_;
  Transfers transfers_;
  RunnerPool runners_;
  Workshop workshop_;
  std::map<std::int64_t, std::unique_ptr<Attempt>> attempts_;
  std::unique_ptr<net::DealerSocket> socket_;
  boost::asio::steady_timer pulse_timer_;
  boost::asio::steady_timer end_signal_;  // never expires; cancelled by `end_with`
  std::optional<Result<void>> outcome_;
  net::TaskGroup tasks_;
};

}  // namespace espalier::agent
