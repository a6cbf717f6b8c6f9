// The runners of one agent: as many as it has slots, each started when it is first needed and kept warm. One
// that died is replaced when the next task wants it, and one that may read other data than a task needs too:
// a fence can't be moved.
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

struct RunnerPlan {
  std::vector<std::string> command;
  std::filesystem::path folder;  // of the runners' homes
  int slots = 1;
  std::vector<std::filesystem::path> readable;  // by every runner
  std::int64_t file_bytes = 0;                  // the largest file one may write; 0: no limit, here and below
  std::int64_t memory_bytes = 0;                // the most that one may map
  std::vector<Processors> processors;           // by slot; or none
};

class RunnerPool {
 public:
  RunnerPool(boost::asio::io_context& io, RunnerPlan plan, std::optional<confinement::Groups> groups);

  // A runner that has said hello and may read the task's `data` ("" if it has none of its own); waits until
  // one is free. Null if `given_up` turned true meanwhile (see `wake`). The error says why a new one didn't
  // come up.
  boost::asio::awaitable<Result<RunnerProcess*>> acquire(std::filesystem::path data,
                                                         std::function<bool()> given_up);
  void release(RunnerProcess* runner);  // back to the others, or out if it has ended
  void wake();                          // those who wait look at `given_up` again
  void kill_all();

  [[nodiscard]] const std::optional<RunnerHello>& hello() const {
    return hello_;
  }  // of the first that came up

 private:
  struct Slot {
    std::unique_ptr<RunnerProcess> runner;
    std::filesystem::path data;  // that it may read
    bool taken = false;
  };
  Slot* best_free(const std::filesystem::path& data);
  boost::asio::awaitable<Result<void>> start_in(Slot* slot, std::filesystem::path data);
  [[nodiscard]] RunnerPlace place_of(std::size_t number, const std::filesystem::path& data) const;

  boost::asio::io_context& io_;
  RunnerPlan plan_;
  std::optional<confinement::Groups> groups_;
  std::vector<Slot> slots_;  // never resized: a start that is under way points into it
  std::optional<RunnerHello> hello_;
  boost::asio::steady_timer
      changed_;  // never expires; cancelled when a runner is free or `given_up` may be true
};

}  // namespace espalier::agent
