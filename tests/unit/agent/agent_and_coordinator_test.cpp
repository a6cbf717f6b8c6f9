// What passes between an agent and its coordinator, in good times and bad.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/agent/agent_at_work.hpp"

namespace espalier::agent {
namespace {

using ::testing::HasSubstr;
using wire::Outcome;

TEST_F(AgentAtWork, ACancelledAttemptsRunnerIsKilled) {
  start_and_join();
  coordinator_.assign(1, "hang");
  const auto pid = pid_of_hanging(1);
  coordinator_.say(wire::Cancel{1});
  EXPECT_EQ(finished(1).outcome, Outcome::cancelled);
  EXPECT_FALSE(alive(pid));
}

TEST_F(AgentAtWork, AnAttemptThatWaitsForARunnerCanBeCancelled) {
  start_and_join();
  coordinator_.assign(1, "hang");
  pid_of_hanging(1);
  coordinator_.assign(2, "train");
  coordinator_.say(wire::Cancel{2});
  EXPECT_EQ(finished(2).outcome, Outcome::cancelled);
  EXPECT_EQ(coordinator_.times_finished(1), 0U);
}

TEST_F(AgentAtWork, ACancelThatOvertakesItsAssignFencesIt) {
  start_and_join();
  coordinator_.say(wire::Cancel{5});
  EXPECT_EQ(finished(5).outcome, Outcome::cancelled);
  coordinator_.assign(5, "train");
  ASSERT_TRUE(some_beats_pass());
  EXPECT_EQ(coordinator_.times_finished(5), 1U);
}

TEST_F(AgentAtWork, ADoubledAssignRunsOnce) {
  start_and_join();
  coordinator_.assign(1, "train");
  coordinator_.assign(1, "train");
  finished(1);
  coordinator_.assign(1, "train");
  ASSERT_TRUE(some_beats_pass());
  EXPECT_EQ(coordinator_.times_finished(1), 1U);
}

TEST_F(AgentAtWork, AnAssignOfAnEarlierReignIsNotBegun) {
  coordinator_.epoch = 5;
  start_and_join();
  coordinator_.say(wire::Assign{4, 1, "key", {{"stage", "train"}}, {}, 0, 0});
  ASSERT_TRUE(some_beats_pass());
  EXPECT_EQ(coordinator_.times_finished(1), 0U);
  EXPECT_TRUE(coordinator_.heartbeats.back().attempts.empty());
}

TEST_F(AgentAtWork, AnEndIsRepeatedUntilItIsAcknowledged) {
  start_and_join();
  coordinator_.acknowledges = false;
  coordinator_.assign(1, "train");
  ASSERT_TRUE(run_until(io_, [&] { return coordinator_.times_finished(1) == 2; }));
  EXPECT_THAT(coordinator_.heartbeats.back().attempts, ::testing::ElementsAre(1));
  coordinator_.acknowledges = true;
  ASSERT_TRUE(run_until(io_, [&] {
    return coordinator_.times_finished(1) >= 3 && coordinator_.heartbeats.back().attempts.empty();
  }));
}

TEST_F(AgentAtWork, ARunnerWaitsWhileItsPointsAreNotAcknowledged) {
  start_and_join(2);
  coordinator_.acknowledges = false;
  coordinator_.assign(1, "chatty");
  ASSERT_TRUE(run_until(io_, [&] {
    const auto& told = coordinator_.progress;
    return !told.empty() && !told.back().points.empty() && told.back().points.back().step > 90'000;
  }));
  ASSERT_TRUE(some_beats_pass(20));
  EXPECT_LT(coordinator_.points_of(1).size(), 110'000U);
  EXPECT_EQ(coordinator_.times_finished(1), 0U);
  coordinator_.assign(2, "chatty");  // one that is cancelled while it waits
  ASSERT_TRUE(some_beats_pass());
  coordinator_.say(wire::Cancel{2});
  EXPECT_EQ(finished(2).outcome, Outcome::cancelled);
  coordinator_.acknowledges = true;
  EXPECT_EQ(finished(1).reason, "said it all");
  EXPECT_EQ(coordinator_.points_of(1).size(), 300'000U);
}

TEST_F(AgentAtWork, WithoutAnswersItStopsItsAttemptsButKeepsWhatIsFinished) {
  coordinator_.lease_ms = 1'500;
  start_and_join(2);
  coordinator_.acknowledges = false;
  coordinator_.assign(1, "train");
  coordinator_.assign(2, "hang");
  const auto pid = pid_of_hanging(2);
  finished(1);
  coordinator_.answers = false;
  ASSERT_TRUE(run_until(io_, [&] { return !alive(pid); }));
  EXPECT_EQ(coordinator_.times_finished(2), 0U);
  coordinator_.answers = true;
  coordinator_.acknowledges = true;
  const auto ends = coordinator_.times_finished(1);
  const auto hellos = coordinator_.hellos.size();
  ASSERT_TRUE(run_until(io_, [&] { return coordinator_.hellos.size() > hellos; }));
  EXPECT_THAT(coordinator_.hellos.back().attempts, ::testing::ElementsAre(1));
  EXPECT_TRUE(run_until(io_, [&] { return coordinator_.times_finished(1) > ends; }));
}

TEST_F(AgentAtWork, ACoordinatorThatComesBackFindsItsAttemptsRunningAndGetsWhatEndedMeanwhile) {
  start_and_join(2);
  coordinator_.assign(1, "hang");
  const auto pid = pid_of_hanging(1);
  coordinator_.acknowledges = false;
  coordinator_.assign(2, "train");
  finished(2);
  coordinator_.die();
  coordinator_.hellos.clear();
  coordinator_.finished.clear();
  ASSERT_TRUE(run_until(io_, [&] { return coordinator_.come_back(); }));
  coordinator_.acknowledges = true;
  EXPECT_EQ(finished(2).outcome, Outcome::succeeded);
  ASSERT_FALSE(coordinator_.hellos.empty());
  EXPECT_THAT(coordinator_.hellos.front().attempts, ::testing::UnorderedElementsAre(1, 2));
  EXPECT_TRUE(alive(pid));
  coordinator_.assign(3, "train");
  EXPECT_EQ(finished(3).outcome, Outcome::succeeded) << "in the new epoch";
}

TEST_F(AgentAtWork, ARefusedWorkerEndsAndSaysWhy) {
  coordinator_.rejection = "the name tester is in use";
  start();
  ASSERT_TRUE(run_until(io_, [this] { return ended_.has_value(); }));
  ASSERT_FALSE(ended_->has_value());
  EXPECT_THAT(ended_->error().message, HasSubstr("the name tester is in use"));
}

TEST_F(AgentAtWork, ARunnerThatCannotStartEndsTheWorkerWithItsLastWords) {
  std::ofstream(folder_ / "broken") << "#!/bin/sh\necho 'libtorch.so: cannot open' >&2\nexit 127\n";
  std::filesystem::permissions(folder_ / "broken", std::filesystem::perms::owner_all);
  start(1, "broken");
  ASSERT_TRUE(run_until(io_, [this] { return ended_.has_value(); }));
  ASSERT_FALSE(ended_->has_value());
  EXPECT_THAT(ended_->error().message, HasSubstr("exited with code 127"));
  EXPECT_THAT(ended_->error().message, HasSubstr("cannot open"));
}

TEST_F(AgentAtWork, AMissingRunnerEndsTheWorker) {
  start(1, "absent");
  ASSERT_TRUE(run_until(io_, [this] { return ended_.has_value(); }));
  EXPECT_EQ(ended_->error().kind, ErrorKind::missing_dependency);
}

TEST_F(AgentAtWork, StoppingSaysGoodbyeAndLeavesNoRunner) {
  start_and_join();
  coordinator_.assign(1, "hang");
  const auto pid = pid_of_hanging(1);
  agent_->stop();
  ASSERT_TRUE(run_until(io_, [this] { return ended_.has_value() && coordinator_.goodbyes == 1; }));
  EXPECT_TRUE(ended_->has_value());
  agent_.reset();
  EXPECT_FALSE(alive(pid));
}

TEST_F(AgentAtWork, GarbageFromTheCoordinatorChangesNothing) {
  start_and_join();
  coordinator_.say(wire::Acknowledge{99, 1});
  coordinator_.say(wire::Beat{-5, -5});
  coordinator_.assign(1, "train");
  EXPECT_EQ(finished(1).outcome, Outcome::succeeded);
}

}  // namespace
}  // namespace espalier::agent
