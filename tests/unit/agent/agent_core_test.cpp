// What the agent decides, without sockets, threads or time.
#include "worker/agent/core/agent_core.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

namespace espalier::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
constexpr MonotonicTime kStart{seconds(1'000)};

class Core : public ::testing::Test {
 protected:
  Actions step(Event event) { return core.step(now, std::move(event)); }
  Actions hear(wire::ToWorker message) { return step(Heard{std::move(message)}); }

  // Everything it says now, frame by frame.
  std::vector<std::vector<wire::ToCoordinator>> frames() {
    std::vector<std::vector<wire::ToCoordinator>> said;
    if (core.next_deadline() > now) return said;
    for (auto& action : step(Tick{}))
      if (auto* say = std::get_if<Say>(&action)) said.push_back(std::move(say->messages));
    return said;
  }
  template <class Message>
  std::vector<Message> said() {
    std::vector<Message> found;
    for (const auto& frame : frames())
      for (const auto& message : frame)
        if (const auto* it = std::get_if<Message>(&message)) found.push_back(*it);
    return found;
  }
  template <class Wanted>
  static std::size_t count(const Actions& actions) {
    std::size_t found = 0;
    for (const auto& action : actions) found += std::holds_alternative<Wanted>(action) ? 1 : 0;
    return found;
  }

  void join(std::int64_t epoch = 1) {
    const auto hellos = said<wire::Hello>();
    ASSERT_EQ(hellos.size(), 1U);
    hear(wire::Welcome{epoch, 2'000, 10'000, "http://c", hellos[0].beat});
  }
  static wire::Assign assign(std::int64_t attempt, std::int64_t epoch = 1) {
    return {epoch, attempt, "key", {}, {}, 0, 0};
  }
  static wire::Finished success(std::int64_t attempt) {
    wire::Finished finished;
    finished.attempt = attempt;
    finished.seq = 5;
    return finished;
  }
  void finish(std::int64_t attempt) {
    step(AttemptComputed{attempt});
    step(AttemptEnded{attempt, success(attempt)});
  }

  MonotonicTime now = kStart;
  AgentCore core{{"w", "s", 2, "cpu|fake", {}}, kStart};
};

TEST_F(Core, StartsEachAttemptOnceHoweverOftenItIsAssigned) {
  join();
  EXPECT_EQ(count<StartAttempt>(hear(assign(1))), 1U);
  EXPECT_EQ(count<StartAttempt>(hear(assign(1))), 0U);
  finish(1);
  EXPECT_EQ(count<StartAttempt>(hear(assign(1))), 0U);
  hear(wire::Acknowledge{1, 5});
  EXPECT_EQ(count<StartAttempt>(hear(assign(1))), 0U);
  EXPECT_THAT(core.held_attempts(), IsEmpty());
}

TEST_F(Core, StartsNothingOfAnotherEpochOrWithoutALease) {
  EXPECT_EQ(count<StartAttempt>(hear(assign(1))), 0U) << "before it is welcomed";
  join(5);
  EXPECT_EQ(count<StartAttempt>(hear(assign(1, 4))), 0U);
  now += seconds(8);
  EXPECT_EQ(count<StartAttempt>(hear(assign(1, 5))), 0U);
}

TEST_F(Core, GivesAwayWhatComputesWhenItsLeaseEndsAndKeepsWhatIsComputed) {
  join();
  hear(assign(1));
  hear(assign(2));
  step(AttemptComputed{2});
  now = kStart + milliseconds(7'999);
  EXPECT_EQ(count<StopAttempt>(step(Tick{})), 0U);
  now = kStart + seconds(8);
  const auto actions = step(Tick{});
  EXPECT_EQ(count<StopAttempt>(actions), 1U);
  EXPECT_THAT(core.held_attempts(), ElementsAre(2));
  step(AttemptEnded{1, std::nullopt});
  step(AttemptEnded{2, success(2)});
  EXPECT_THAT(core.held_attempts(), ElementsAre(2));
}

TEST_F(Core, EndsItsLeaseBeforeItHearsAnythingElse) {
  join();
  hear(assign(1));
  now = kStart + seconds(30);
  EXPECT_EQ(count<StopAttempt>(hear(wire::Acknowledge{9, 9})), 1U) << "woken after a long stop";
}

TEST_F(Core, AResultThatCrossedTheOrderToStopIsHandedIn) {
  join();
  hear(assign(1));
  now = kStart + seconds(8);
  step(Tick{});
  EXPECT_THAT(core.held_attempts(), IsEmpty());
  step(AttemptComputed{1});
  EXPECT_THAT(core.held_attempts(), ElementsAre(1));
}

TEST_F(Core, ALeaseIsNotRenewedByAHeartbeatThatCouldNotBeSent) {
  join();
  now = kStart + seconds(2);
  const auto beats = said<wire::Heartbeat>();
  ASSERT_EQ(beats.size(), 1U);
  step(NotSent{});
  hear(wire::Beat{1, beats[0].beat});
  EXPECT_FALSE(core.holds_lease(kStart + seconds(8)));
}

TEST_F(Core, WhatComesAtOnceLeavesInFramesOfTwoHundredAtMost) {
  join();
  for (std::int64_t attempt = 1; attempt <= 450; ++attempt) hear(assign(attempt));
  for (std::int64_t attempt = 1; attempt <= 450; ++attempt) finish(attempt);
  std::vector<std::size_t> sizes;
  for (const auto& frame : frames()) sizes.push_back(frame.size());
  EXPECT_THAT(sizes, ElementsAre(200, 200, 50));
}

TEST_F(Core, AnAttemptsPointsAndItsEndStayInOneFrame) {
  join();
  for (std::int64_t attempt = 1; attempt <= 3; ++attempt) hear(assign(attempt));
  for (std::int64_t attempt = 1; attempt <= 3; ++attempt) {
    for (std::int64_t seq = 1; seq <= 90; ++seq) {
      wire::Progress progress;
      progress.attempt = attempt;
      progress.seq = seq;
      progress.points.push_back({"loss", 1, 0.1});
      step(AttemptProgressed{std::move(progress)});
    }
    wire::Finished end = success(attempt);
    end.seq = 91;
    step(AttemptComputed{attempt});
    step(AttemptEnded{attempt, end});
  }
  std::vector<std::size_t> sizes;
  for (const auto& frame : frames()) sizes.push_back(frame.size());
  EXPECT_THAT(sizes, ElementsAre(182, 91));
}

TEST_F(Core, SaysNothingButHelloWhileItIsNoMember) {
  join();
  hear(assign(1));
  hear(wire::WhoAreYou{});
  finish(1);
  const auto said = frames();
  ASSERT_EQ(said.size(), 1U);
  ASSERT_EQ(said[0].size(), 1U);
  EXPECT_THAT(std::get<wire::Hello>(said[0][0]).attempts, ElementsAre(1));
}

TEST_F(Core, LeavingHandsInWhatIsFinishedBeforeItSaysGoodbye) {
  join();
  hear(assign(1));
  finish(1);
  const auto actions = step(Leave{});
  ASSERT_EQ(actions.size(), 1U);
  const auto& messages = std::get<Say>(actions[0]).messages;
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_TRUE(std::holds_alternative<wire::Finished>(messages[0]));
  EXPECT_TRUE(std::holds_alternative<wire::Goodbye>(messages[1]));
  EXPECT_THAT(step(Tick{}), IsEmpty());
  EXPECT_EQ(core.next_deadline(), MonotonicTime::max());
}

TEST_F(Core, ARefusedAgentEndsAndSaysNothingMore) {
  const auto actions = hear(wire::Rejected{"the name w is in use"});
  ASSERT_EQ(count<EndAgent>(actions), 1U);
  EXPECT_THAT(step(Tick{}), IsEmpty());
}

// A coordinator that was away for long comes back to thousands of ends.
TEST_F(Core, AnEventCostsTheSameHoweverMuchIsPending) {
  join();
  std::int64_t next = 1;
  const auto seconds_for = [&](std::int64_t many) {
    const auto began = std::chrono::steady_clock::now();
    const auto last = next + many;
    for (auto attempt = next; attempt < last; ++attempt) hear(assign(attempt));
    for (auto attempt = next; attempt < last; ++attempt) {
      finish(attempt);
      frames();
    }
    for (; next < last; ++next) {
      hear(wire::Acknowledge{next, 5});
      EXPECT_GT(core.next_deadline(), kStart);
    }
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  };
  const auto few = seconds_for(1'000);
  EXPECT_LT(seconds_for(20'000), 100 * few) << "20 if it is linear, 400 if each looks at all";
  EXPECT_THAT(core.held_attempts(), IsEmpty());
}

TEST_F(Core, ChangedFactsAreToldUntilWhatBroughtThemIsAnswered) {
  join();
  step(FactsChanged{{{"load", 1.5}}});
  const auto beats = [this] {
    now += seconds(2);
    return said<wire::Heartbeat>();
  };
  const auto first = beats();
  ASSERT_EQ(first.size(), 1U);
  ASSERT_TRUE(first[0].facts.has_value());
  EXPECT_EQ(first[0].facts->at("load"), 1.5);
  const auto again = beats();
  ASSERT_TRUE(again.at(0).facts.has_value()) << "the first may be lost";
  hear(wire::Beat{1, again[0].beat});
  const auto later = beats();
  EXPECT_FALSE(later.at(0).facts.has_value());
  step(FactsChanged{{{"load", 3.0}}});
  hear(wire::Beat{1, later[0].beat});
  EXPECT_TRUE(beats().at(0).facts.has_value()) << "that answer was to a heartbeat without them";
}

TEST_F(Core, AHelloBringsTheChangingFactsToo) {
  join();
  step(FactsChanged{{{"load", 1.5}}});
  hear(wire::WhoAreYou{});
  const auto hellos = said<wire::Hello>();
  ASSERT_EQ(hellos.size(), 1U);
  EXPECT_EQ(hellos[0].facts.at("load"), 1.5);
  hear(wire::Welcome{1, 2'000, 10'000, "http://c", hellos[0].beat});
  now += seconds(2);
  EXPECT_FALSE(said<wire::Heartbeat>().at(0).facts.has_value());
}

}  // namespace
}  // namespace espalier::agent
