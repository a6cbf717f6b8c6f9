// What becomes of a task on a worker: its inputs, its runner, its limits, its outputs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/agent/agent_at_work.hpp"

namespace espalier::agent {
namespace {

using ::testing::HasSubstr;
using wire::Outcome;

TEST_F(AgentAtWork, IntroducesItselfWithWhatItsRunnerIs) {
  start_and_join(3);
  const auto& hello = coordinator_.hellos.front();
  EXPECT_EQ(hello.worker, "tester");
  EXPECT_EQ(hello.slots, 3);
  EXPECT_EQ(hello.device_class, "cpu|fake");
  EXPECT_EQ(hello.facts.at("libtorch").as_string(), "1.13.1");
  EXPECT_TRUE(hello.attempts.empty());
}

TEST_F(AgentAtWork, ATaskEndsWithItsOutputsInTheStoreAndItsLogTold) {
  start_and_join();
  coordinator_.assign(7, "train");
  const auto result = finished(7);
  EXPECT_EQ(result.outcome, Outcome::succeeded);
  EXPECT_EQ(result.device_class, "cpu|fake");
  ASSERT_EQ(result.outputs.size(), 1U);
  EXPECT_EQ(result.outputs[0].name, "model");
  EXPECT_EQ(coordinator_.artifacts.at(result.outputs[0].hash), "weights of 7");
  EXPECT_EQ(coordinator_.logs.at(7), "log of attempt 7\n");
  EXPECT_EQ(coordinator_.points_of(7), (std::set<std::int64_t>{1, 2, 3}));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "cache/made/attempt-7"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "cache/runners/0/work/attempt-7"));
}

TEST_F(AgentAtWork, OneWarmRunnerServesOneTaskAfterTheOther) {
  start_and_join();
  coordinator_.assign(1, "train");
  coordinator_.assign(2, "train");
  EXPECT_EQ(finished(1).metrics.at(0).value, finished(2).metrics.at(0).value);
}

TEST_F(AgentAtWork, InputsAreFetchedOnceAndOutputsThatTheStoreHasAreNotSent) {
  start_and_join();
  const auto hash = coordinator_.add_artifact("a base model");
  coordinator_.assign(1, "copy", {{"model", hash, 12}});
  EXPECT_EQ(finished(1).outputs.at(0).hash, hash);
  EXPECT_EQ(coordinator_.stored, 0);
  coordinator_.artifacts.erase(hash);
  coordinator_.assign(2, "copy", {{"model", hash, 12}});
  EXPECT_EQ(finished(2).outputs.at(0).hash, hash) << "from the cache";
}

TEST_F(AgentAtWork, AMissingInputFailsTheAttemptAndIsNamed) {
  start_and_join();
  coordinator_.assign(1, "copy", {{"model", std::string(64, 'a'), 12}});
  const auto result = finished(1);
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_TRUE(result.retryable);
  EXPECT_THAT(result.reason, HasSubstr("input model"));
}

TEST_F(AgentAtWork, AFailureOfTheTaskItselfIsPassedOn) {
  start_and_join();
  coordinator_.assign(1, "fail");
  const auto result = finished(1);
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_EQ(result.reason, "no such layer");
  EXPECT_FALSE(result.retryable);
}

TEST_F(AgentAtWork, ARunnerThatCrashesIsReportedAndReplaced) {
  start_and_join();
  coordinator_.assign(1, "crash");
  const auto result = finished(1);
  EXPECT_EQ(result.outcome, Outcome::crashed);
  EXPECT_TRUE(result.retryable);
  EXPECT_THAT(result.reason, HasSubstr("signal 11"));
  EXPECT_THAT(result.reason, HasSubstr("while running crash"));
  coordinator_.assign(2, "train");
  EXPECT_EQ(finished(2).outcome, Outcome::succeeded);
}

TEST_F(AgentAtWork, TheLogOfAnAttemptIsToldWhileItRunsAlsoIfItThenFails) {
  start_and_join();
  coordinator_.assign(1, "hang");
  const auto pid = pid_of_hanging(1);
  ASSERT_TRUE(run_until(io_, [this] { return coordinator_.logs[1] == "log of attempt 1\n"; }));
  EXPECT_EQ(coordinator_.times_finished(1), 0U);
  ::kill(pid, SIGKILL);
  EXPECT_EQ(finished(1).outcome, Outcome::crashed);
  coordinator_.assign(2, "fail");
  finished(2);
  EXPECT_EQ(coordinator_.logs.at(2), "log of attempt 2\n");
}

TEST_F(AgentAtWork, ACheckpointOfARunnerThatThenDiesIsInTheStoreAndReportedBeforeTheEnd) {
  start_and_join();
  coordinator_.assign(1, "saves");
  EXPECT_EQ(finished(1).outcome, Outcome::crashed);
  std::optional<wire::Checkpoint> saved;
  for (const auto& message : coordinator_.progress)
    if (message.checkpoint) saved = message.checkpoint;
  ASSERT_TRUE(saved.has_value());
  EXPECT_EQ(saved->step, 40);
  EXPECT_EQ(coordinator_.artifacts.at(saved->hash), "state of 1");
}

TEST_F(AgentAtWork, ACheckpointIsReportedUntilItIsAcknowledged) {
  start_and_join();
  coordinator_.acknowledges = false;
  coordinator_.assign(1, "saves");
  const auto reports = [this] {
    return std::count_if(coordinator_.progress.begin(), coordinator_.progress.end(),
                         [](const auto& message) { return message.checkpoint.has_value(); });
  };
  EXPECT_TRUE(run_until(io_, [&] { return reports() >= 2; }));
}

TEST_F(AgentAtWork, AMissingCheckpointOnlyCostsTheStartAnew) {
  start_and_join();
  coordinator_.assign(1, "train", {{"checkpoint", std::string(64, 'a'), 12}});
  EXPECT_EQ(finished(1).outcome, Outcome::succeeded);
}

// As while another coordinator takes over: half a minute of waiting costs less than what was computed.
TEST_F(AgentAtWork, ACheckpointIsWaitedForWhileTheStoreIsAway) {
  start_and_join();
  const auto hash = coordinator_.add_artifact("half of it");
  coordinator_.refusals = 4;
  coordinator_.assign(1, "copy", {{"checkpoint", hash, 10}});
  const auto result = finished(1);
  ASSERT_EQ(result.outputs.size(), 1U) << result.reason;
  EXPECT_EQ(result.outputs[0].hash, hash);
}

TEST_F(AgentAtWork, ACheckpointIsStoredThoughTheStoreIsAwayForAWhile) {
  start_and_join();
  coordinator_.refusals = 8;  // two a try
  coordinator_.assign(1, "saves");
  finished(1);
  EXPECT_TRUE(coordinator_.artifacts.contains(sha256_hex("state of 1")));
}

TEST_F(AgentAtWork, ARunnerThatIsKilledIsReportedAndReplaced) {
  start_and_join();
  coordinator_.assign(1, "hang");
  ::kill(pid_of_hanging(1), SIGKILL);
  EXPECT_EQ(finished(1).reason, "the runner was killed by signal 9 (Killed) while running hang");
  coordinator_.assign(2, "train");
  EXPECT_EQ(finished(2).outcome, Outcome::succeeded);
}

TEST_F(AgentAtWork, ARunnerThatDiedWhileItWasIdleIsReplaced) {
  start_and_join();
  coordinator_.assign(1, "train");
  ::kill(static_cast<pid_t>(*finished(1).metrics.at(0).value), SIGKILL);
  ASSERT_TRUE(some_beats_pass());
  coordinator_.assign(2, "train");
  EXPECT_EQ(finished(2).outcome, Outcome::succeeded);
}

TEST_F(AgentAtWork, ARunnerThatTalksNonsenseCountsAsCrashed) {
  start_and_join();
  coordinator_.assign(1, "garbage");
  EXPECT_EQ(finished(1).outcome, Outcome::crashed);
}

TEST_F(AgentAtWork, ATimeLimitEndsTheAttempt) {
  start_and_join();
  coordinator_.assign(1, "hang", {}, 0.3);
  const auto result = finished(1);
  EXPECT_EQ(result.outcome, Outcome::timed_out);
  EXPECT_THAT(result.reason, HasSubstr("0.3 s"));
  EXPECT_GE(result.seconds, 0.3);
}

TEST_F(AgentAtWork, AMemoryLimitEndsTheAttempt) {
  start_and_join();
  coordinator_.assign(1, "greedy", {}, 0, 50 << 20);
  const auto result = finished(1);
  EXPECT_EQ(result.outcome, Outcome::out_of_memory);
  EXPECT_THAT(result.reason, HasSubstr("its limit of 50 MiB"));
  EXPECT_THAT(result.reason, HasSubstr("takes about 700 MiB")) << "as the runner said";
  EXPECT_THAT(result.reason, HasSubstr("raise limits.memory"));
  coordinator_.assign(2, "train");
  EXPECT_EQ(finished(2).outcome, Outcome::succeeded) << "the worker goes on";
}

TEST_F(AgentAtWork, ARunnerThatCouldNotHaveMemoryIsToldApartFromACrashWithTheLimit) {
  start_and_join();
  coordinator_.assign(1, "refused", {}, 0, 50 << 20);
  const auto result = finished(1);
  EXPECT_EQ(result.outcome, Outcome::out_of_memory);
  EXPECT_THAT(result.reason, HasSubstr("its limit of 50 MiB (an allocation failed)"));
}

TEST_F(AgentAtWork, WhatIsWrittenBeyondTheLimitEndsTheAttemptAndIsCleared) {
  bounds_.disk_bytes = 1 << 20;
  start_and_join();
  coordinator_.assign(1, "write");
  const auto result = finished(1);
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_FALSE(result.retryable);
  EXPECT_THAT(result.reason, HasSubstr("more than its limit of 1 MiB"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "cache/runners/0/work/attempt-1"));
  coordinator_.assign(2, "train");
  EXPECT_EQ(finished(2).outcome, Outcome::succeeded);
}

TEST_F(AgentAtWork, AFileOfSomebodyElseIsNotTakenForAnOutput) {
  start_and_join();
  coordinator_.assign(1, "steal");
  const auto result = finished(1);
  EXPECT_EQ(result.outcome, Outcome::failed);
  EXPECT_THAT(result.reason, HasSubstr("/etc/hostname is not in the attempt's folder"));
  coordinator_.assign(2, "steal-checkpoint");
  EXPECT_EQ(finished(2).reason, "done");
  EXPECT_EQ(coordinator_.stored, 0);
  EXPECT_TRUE(std::filesystem::exists("/etc/hostname"));
}

TEST_F(AgentAtWork, ARunnerIsToldItsFenceAndNotTheWorkersEnvironment) {
  start_and_join();
  coordinator_.assign(1, "fence");
  const auto reason = finished(1).reason;
  EXPECT_THAT(reason, HasSubstr("folder:" + (folder_ / "cache/runners/0/work").string()));
  EXPECT_THAT(reason, HasSubstr((folder_ / "cache/runners/0/inputs").string()));
  EXPECT_THAT(reason, ::testing::EndsWith("HOME="));
}

TEST_F(AgentAtWork, OnlyTheRunnerOfATaskWithDataOfItsOwnMayReadThem) {
  start_and_join();
  const auto assign = [this](std::int64_t attempt, const std::string& data) {
    json::object spec{{"stage", "fence"}};
    if (!data.empty()) spec["data"] = {{"format", "idx"}, {"path", data}};
    coordinator_.say(wire::Assign{coordinator_.epoch, attempt, "key", std::move(spec), {}, 0, 0});
    return finished(attempt).reason;
  };
  const auto first = assign(1, "/data/anns");
  EXPECT_THAT(first, HasSubstr("/data/anns]"));
  EXPECT_EQ(assign(2, "/data/anns"), first) << "the same runner";
  const auto other = assign(3, "/data/bobs");
  EXPECT_THAT(other, HasSubstr("/data/bobs]"));
  EXPECT_THAT(other, ::testing::Not(HasSubstr("anns")));
  EXPECT_THAT(assign(4, ""), ::testing::Not(HasSubstr("/data")));
}

TEST_F(AgentAtWork, AWorkerThatNeedsAProtectionWhichRunnersLackDoesNotBegin) {
  required_ = {"landlock"};
  start();
  ASSERT_TRUE(run_until(io_, [this] { return ended_.has_value(); }));
  ASSERT_FALSE(ended_->has_value());
  EXPECT_THAT(ended_->error().message, HasSubstr("\"landlock\""));
}

}  // namespace
}  // namespace espalier::agent
