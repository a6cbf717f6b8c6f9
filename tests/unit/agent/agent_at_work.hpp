// The agent with a real socket, a real HTTP store and real runner processes; only their other ends are fake.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <fstream>

#include "common/base/files.hpp"
#include "tests/unit/agent/fake_coordinator.hpp"
#include "tests/unit/agent/fake_runner.hpp"
#include "tests/unit/wire/run_loop.hpp"
#include "worker/agent/agent.hpp"

namespace espalier::agent {

namespace asio = boost::asio;
using espalier::testing::FakeCoordinator;
using espalier::testing::kFakeRunner;
using espalier::testing::run_until;

inline asio::awaitable<void> keep(asio::awaitable<Result<void>> work, std::optional<Result<void>>* out) {
  *out = co_await std::move(work);
}

class AgentAtWork : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "agent_test-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    std::ofstream(folder_ / "runner") << kFakeRunner;
    std::filesystem::permissions(folder_ / "runner", std::filesystem::perms::owner_all);
  }

  void TearDown() override {
    if (agent_) {
      agent_->stop();
      EXPECT_TRUE(run_until(io_, [this] { return ended_.has_value(); }));
    }
    coordinator_.stop();
    EXPECT_TRUE(run_until(io_, [this] { return coordinator_.stopped() && tasks_.empty(); }));
    std::filesystem::remove_all(folder_);
  }

  void start(int slots = 1, const std::string& runner = "runner") {
    AgentOptions options{
        coordinator_.endpoint(), "tester", slots, folder_ / "cache", {(folder_ / runner).string(), "serve"}};
    options.bounds = bounds_;
    options.required_confinement = required_;
    agent_ = Agent::open(io_, std::move(options)).value();
    tasks_.spawn("agent", keep(agent_->run(), &ended_));
  }

  void start_and_join(int slots = 1) {
    start(slots);
    ASSERT_TRUE(run_until(io_, [this] { return !coordinator_.heartbeats.empty(); }));
  }

  wire::Finished finished(std::int64_t attempt) {
    EXPECT_TRUE(run_until(io_, [&] { return coordinator_.times_finished(attempt) > 0; }))
        << "attempt " << attempt;
    for (const auto& message : coordinator_.finished)
      if (message.attempt == attempt) return message;
    return {};
  }

  pid_t pid_of_hanging(std::int64_t attempt) {
    pid_t pid = 0;
    EXPECT_TRUE(run_until(io_, [&] {
      for (const auto& message : coordinator_.progress)
        if (message.attempt == attempt && message.note.starts_with("pid "))
          pid = std::stoi(message.note.substr(4));
      return pid != 0;
    }));
    return pid;
  }

  // Signals and answers that are under way have arrived after a few more heartbeats.
  bool some_beats_pass(std::size_t count = 4) {
    const auto wanted = coordinator_.heartbeats.size() + count;
    return run_until(io_, [&] { return coordinator_.heartbeats.size() >= wanted; });
  }

  static bool alive(pid_t pid) { return ::kill(pid, 0) == 0; }

  asio::io_context io_;
  std::filesystem::path folder_;
  Bounds bounds_;
  std::vector<std::string> required_;
  FakeCoordinator coordinator_{io_};
  std::optional<Result<void>> ended_;
  std::unique_ptr<Agent> agent_;
  net::TaskGroup tasks_{io_.get_executor()};
};

}  // namespace espalier::agent
