// The agent's main loop, where its work with files and processes is done, is held up; its lease is not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <fstream>
#include <future>
#include <thread>

#include "tests/unit/agent/fake_coordinator.hpp"
#include "tests/unit/agent/fake_runner.hpp"
#include "tests/unit/wire/run_loop.hpp"
#include "worker/agent/agent.hpp"

namespace espalier::agent {
namespace {

namespace asio = boost::asio;
using espalier::testing::FakeCoordinator;
using espalier::testing::kFakeRunner;
using espalier::testing::run_until;

asio::awaitable<void> keep(asio::awaitable<Result<void>> work, std::promise<Result<void>>* out) {
  out->set_value(co_await std::move(work));
}

// The coordinator runs in the test's thread, the agent in its own.
class BlockedLoop : public ::testing::Test {
 protected:
  void SetUp() override {
    coordinator_.lease_ms = 500;
    std::string name = (std::filesystem::temp_directory_path() / "blocked_loop-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    std::ofstream(folder_ / "runner") << kFakeRunner;
    std::filesystem::permissions(folder_ / "runner", std::filesystem::perms::owner_all);
    AgentOptions options{
        coordinator_.endpoint(), "tester", 1, folder_ / "cache", {(folder_ / "runner").string(), "serve"}};
    agent_ = Agent::open(agent_io_, std::move(options)).value();
    tasks_.spawn("agent", keep(agent_->run(), &ended_));
    thread_ = std::thread([this] { agent_io_.run(); });
    ASSERT_TRUE(run_until(io_, [this] { return !coordinator_.heartbeats.empty(); }));
    coordinator_.assign(1, "hang");
    ASSERT_TRUE(run_until(io_, [this] { return !coordinator_.progress.empty(); }));
    runner_ = std::stoi(coordinator_.progress.front().note.substr(4));
  }
  void TearDown() override {
    asio::post(agent_io_, [this] { agent_->stop(); });
    auto ended = ended_.get_future();
    EXPECT_TRUE(
        run_until(io_, [&] { return ended.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }));
    thread_.join();
    coordinator_.stop();
    EXPECT_TRUE(run_until(io_, [this] { return coordinator_.stopped(); }));
    std::filesystem::remove_all(folder_);
  }

  void block() {
    asio::post(agent_io_, [this] { unblocked_.get_future().wait(); });
  }
  [[nodiscard]] bool runner_lives() const {
    std::ifstream status("/proc/" + std::to_string(runner_) + "/stat");
    std::string id;
    std::string program;
    std::string state;
    return (status >> id >> program >> state) && state != "Z";
  }

  asio::io_context io_;
  asio::io_context agent_io_;
  std::filesystem::path folder_;
  FakeCoordinator coordinator_{io_};
  std::promise<Result<void>> ended_;
  std::promise<void> unblocked_;
  std::unique_ptr<Agent> agent_;
  net::TaskGroup tasks_{agent_io_.get_executor()};
  std::thread thread_;
  pid_t runner_ = 0;
};

TEST_F(BlockedLoop, DoesNotCostTheLeaseHoweverLongItTakes) {
  block();
  const auto hellos = coordinator_.hellos.size();
  const auto beats = coordinator_.heartbeats.size();
  const auto five_leases = std::chrono::steady_clock::now() + std::chrono::milliseconds(2'500);
  EXPECT_TRUE(run_until(io_, [&] { return std::chrono::steady_clock::now() > five_leases; }));
  EXPECT_GT(coordinator_.heartbeats.size(), beats + 30);
  EXPECT_EQ(coordinator_.hellos.size(), hellos);
  EXPECT_THAT(coordinator_.heartbeats.back().attempts, ::testing::ElementsAre(1));
  EXPECT_TRUE(runner_lives());
  unblocked_.set_value();
}

TEST_F(BlockedLoop, DoesNotKeepARunnerAliveWhoseLeaseHasEnded) {
  block();
  coordinator_.answers = false;
  EXPECT_TRUE(run_until(io_, [this] { return !runner_lives(); }));
  unblocked_.set_value();
  coordinator_.answers = true;
  const auto hellos = coordinator_.hellos.size();
  EXPECT_TRUE(run_until(io_, [&] {
    return coordinator_.hellos.size() > hellos + 1 || coordinator_.heartbeats.back().attempts.empty();
  }));
  EXPECT_EQ(coordinator_.times_finished(1), 0U) << "nobody waits for a report";
}

}  // namespace
}  // namespace espalier::agent
