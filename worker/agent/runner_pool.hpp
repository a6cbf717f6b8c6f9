// The runners of one agent: as many as it has slots, each started when it is first needed and kept warm. One
// that died is replaced when the next task wants it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/result.hpp"
#include "worker/agent/runner_process.hpp"

namespace espalier::agent {

class RunnerPool {
 public:
  // `folder` holds the runners' logs.
  RunnerPool(boost::asio::io_context& io, std::vector<std::string> command, std::filesystem::path folder,
             int slots);

  // A runner that has said hello; waits until one is free. Null if `given_up` turned true meanwhile (see
  // `wake`). The error says why a new one didn't come up.
  boost::asio::awaitable<Result<RunnerProcess*>> acquire(std::function<bool()> given_up);
  void release(RunnerProcess* runner);  // back to the others, or out if it has ended
  void wake();                          // those who wait look at `given_up` again
  void kill_all();

  [[nodiscard]] const std::optional<RunnerHello>& hello() const {
    return hello_;
  }  // of the first that came up

 private:
  struct Slot {
    std::unique_ptr<RunnerProcess> runner;
    bool taken = false;
  };
  boost::asio::awaitable<Result<void>> start_in(Slot* slot, std::size_t number);

  boost::asio::io_context& io_;
  std::vector<std::string> command_;
  std::filesystem::path folder_;
  std::vector<Slot> slots_;  // never resized: a start that is under way points into it
  std::optional<RunnerHello> hello_;
  boost::asio::steady_timer
      changed_;  // never expires; cancelled when a runner is free or `given_up` may be true
};

}  // namespace espalier::agent
