#include "worker/agent/core/session.hpp"

#include <gtest/gtest.h>

namespace espalier::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
constexpr MonotonicTime kStart{seconds(1'000)};

wire::Welcome welcome(std::int64_t epoch, std::int64_t hello) {
  return {epoch, 2'000, 10'000, "http://127.0.0.1:1", hello};
}

// Said hello at `kStart` and was welcomed at once.
Session member(std::int64_t epoch = 3) {
  Session session(kStart);
  const auto hello = *session.due(kStart).hello;
  session.welcome(welcome(epoch, hello), kStart);
  return session;
}

TEST(Session, SaysHelloAtOnceAndAgainWithGrowingPauses) {
  Session session(kStart);
  ASSERT_TRUE(session.due(kStart).hello.has_value());
  EXPECT_FALSE(session.due(kStart).hello.has_value());
  auto before = kStart;
  Duration pause{};
  for (int i = 0; i < 20; ++i) {
    const auto next = session.next_due();
    EXPECT_GE(next - before, pause);
    EXPECT_LE(next - before, seconds(5));
    pause = next - before;
    before = next;
    EXPECT_TRUE(session.due(next).hello.has_value());
  }
}

TEST(Session, BeatsAsOftenAsTheCoordinatorWants) {
  auto session = member();
  EXPECT_FALSE(session.due(kStart + milliseconds(1'999)).beat.has_value());
  EXPECT_TRUE(session.due(kStart + seconds(2)).beat.has_value());
  EXPECT_FALSE(session.due(kStart + seconds(3)).beat.has_value());
  EXPECT_TRUE(session.due(kStart + seconds(4)).beat.has_value());
}

TEST(Session, StopsItsAttemptsOnceWhenNobodyAnswersForMostOfTheLease) {
  auto session = member();
  EXPECT_FALSE(session.expire(kStart + milliseconds(7'999)));
  EXPECT_TRUE(session.expire(kStart + seconds(8)));
  EXPECT_TRUE(session.due(kStart + seconds(8)).hello.has_value());
  EXPECT_FALSE(session.expire(kStart + seconds(9)));
  EXPECT_FALSE(session.member());
}

TEST(Session, WakesInTimeForTheEndOfItsLease) {
  auto session = member();
  for (auto now = kStart; now < kStart + seconds(8);) {
    session.due(now);
    ASSERT_GT(session.next_due(), now);
    now = session.next_due();
    ASSERT_LE(now, kStart + seconds(8));
  }
}

TEST(Session, AnsweredHeartbeatsKeepTheLease) {
  auto session = member();
  for (int i = 1; i < 60; ++i) {
    const auto now = kStart + seconds(2) * i;
    const auto duties = session.due(now);
    ASSERT_TRUE(duties.beat.has_value());
    ASSERT_FALSE(session.expire(now));
    session.beat({3, *duties.beat}, now);
  }
}

TEST(Session, AHeartbeatThatCouldNotBeSentRenewsNothing) {
  auto session = member();
  const auto duties = session.due(kStart + seconds(2));
  session.not_asked();
  session.beat({3, *duties.beat}, kStart + seconds(2));
  EXPECT_TRUE(session.expire(kStart + seconds(8)));
}

TEST(Session, AnAnswerFromAnEarlierReignRenewsNothing) {
  auto session = member(3);
  const auto duties = session.due(kStart + seconds(2));
  session.beat({2, *duties.beat}, kStart + seconds(2));
  session.welcome(welcome(2, *duties.beat), kStart + seconds(2));
  EXPECT_EQ(session.epoch(), 3);
  EXPECT_TRUE(session.expire(kStart + seconds(8)));
}

TEST(Session, IntroducesItselfToACoordinatorThatDoesNotKnowItAndKeepsItsLease) {
  auto session = member(3);
  session.who_are_you({}, kStart + seconds(1));
  const auto duties = session.due(kStart + seconds(1));
  EXPECT_TRUE(duties.hello.has_value());
  EXPECT_FALSE(session.expire(kStart + seconds(1)));
  session.welcome(welcome(4, *duties.hello), kStart + seconds(1));
  EXPECT_EQ(session.epoch(), 4);
  EXPECT_FALSE(session.expire(kStart + milliseconds(8'500)));
}

TEST(Session, OnceItHasHeardOfALaterReignNeverJoinsAnEarlierOneAgain) {
  auto session = member(3);
  session.who_are_you({4}, kStart + seconds(1));
  const auto hello = *session.due(kStart + seconds(1)).hello;
  session.welcome(welcome(3, hello), kStart + seconds(1));
  EXPECT_FALSE(session.member()) << "with two addresses it may be the earlier one that gets the Hello";
  session.who_are_you({3}, kStart + seconds(1));
  session.welcome(welcome(4, hello), kStart + seconds(1));
  EXPECT_TRUE(session.member());
  session.who_are_you({3}, kStart + seconds(1));
  EXPECT_TRUE(session.member());
}

TEST(Session, AWelcomeThatCameLateCountsFromItsOwnHelloNotFromALaterOne) {
  Session session(kStart);
  const auto first = *session.due(kStart).hello;
  auto now = kStart;
  while (now < kStart + seconds(9)) {
    now = session.next_due();
    session.due(now);
  }
  session.welcome(welcome(3, first), now);
  EXPECT_FALSE(session.holds_lease(now));
  EXPECT_TRUE(session.expire(now));
  session.due(now);
  session.welcome(welcome(3, first + 1), now);
  EXPECT_FALSE(session.holds_lease(now)) << "the coordinator counts from its arrival, long ago";
}

TEST(Session, AcceptsOnlyTasksOfItsOwnReignAndWithinItsLease) {
  auto session = member(3);
  EXPECT_TRUE(session.accepts(3, 7, kStart + seconds(1)));
  EXPECT_FALSE(session.accepts(2, 7, kStart + seconds(1)));
  EXPECT_FALSE(session.accepts(3, 7, kStart + seconds(8)));
  EXPECT_FALSE(session.accepts(4, 7, kStart + seconds(1)));
  EXPECT_TRUE(session.due(kStart + seconds(1)).hello.has_value()) << "a later reign has to be greeted";
}

TEST(Session, AcceptsNothingThatWasGivenOutBeforeItWasWelcomedAnew) {
  Session session(kStart);
  auto answer = welcome(3, *session.due(kStart).hello);
  answer.first_attempt = 20;
  session.welcome(answer, kStart);
  EXPECT_FALSE(session.accepts(3, 19, kStart));
  EXPECT_TRUE(session.accepts(3, 20, kStart));
}

TEST(Session, IsNotJoinedByTheAnswerToAnEarlierGreeting) {
  Session session(kStart);
  const auto first = *session.due(kStart).hello;
  session.welcome(welcome(3, first), kStart);
  session.who_are_you({}, kStart + seconds(1));
  session.welcome(welcome(3, first), kStart + seconds(1));
  EXPECT_FALSE(session.member());
}

}  // namespace
}  // namespace espalier::agent
