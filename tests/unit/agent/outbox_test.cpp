#include "worker/agent/core/outbox.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace espalier::agent {
namespace {

using std::chrono::seconds;
constexpr MonotonicTime kStart{seconds(1'000)};

wire::Progress progress(std::int64_t attempt, std::int64_t seq) {
  return {"w", attempt, seq, 0.5, "", {}, {}};
}

wire::Finished finished(std::int64_t attempt, std::int64_t seq) {
  wire::Finished message;
  message.attempt = attempt;
  message.seq = seq;
  return message;
}

std::vector<std::string> names(const std::vector<wire::ToCoordinator>& messages) {
  std::vector<std::string> out;
  for (const auto& message : messages) {
    if (const auto* p = std::get_if<wire::Progress>(&message))
      out.push_back("progress " + std::to_string(p->attempt) + "." + std::to_string(p->seq));
    if (const auto* f = std::get_if<wire::Finished>(&message))
      out.push_back("finished " + std::to_string(f->attempt));
  }
  return out;
}

TEST(Outbox, RepeatsWithGrowingPausesUntilAcknowledged) {
  Outbox outbox;
  outbox.add(finished(7, 1), kStart);
  Duration pause{};
  auto now = kStart;
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(outbox.due(now, 200).size(), 1U);
    EXPECT_TRUE(outbox.due(now, 200).empty());
    const auto next = *outbox.next_due();
    EXPECT_GE(next - now, std::max<Duration>(pause, seconds(1)));
    EXPECT_LE(next - now, seconds(15));
    pause = next - now;
    now = next;
  }
  outbox.acknowledge(7, 1);
  EXPECT_TRUE(outbox.due(now + seconds(100), 200).empty());
  EXPECT_FALSE(outbox.next_due().has_value());
  EXPECT_FALSE(outbox.holds_end_of(7));
}

TEST(Outbox, CountsThePointsThatItKeeps) {
  Outbox outbox;
  auto with_points = progress(7, 1);
  with_points.points.resize(5);
  outbox.add(with_points, kStart);
  outbox.add(with_points, kStart);  // the same message
  with_points.seq = 2;
  outbox.add(with_points, kStart);
  with_points.attempt = 8;
  outbox.add(with_points, kStart);
  outbox.add(finished(7, 3), kStart);
  EXPECT_EQ(outbox.points(), 15U);
  outbox.acknowledge(7, 1);
  outbox.acknowledge(7, 1);
  EXPECT_EQ(outbox.points(), 10U);
  outbox.acknowledge(7, 3);  // the end: all of it is there
  EXPECT_EQ(outbox.points(), 5U);
  outbox.drop(8);
  EXPECT_EQ(outbox.points(), 0U);
}

TEST(Outbox, AnAcknowledgementOfProgressDoesNotEndTheAttempt) {
  Outbox outbox;
  outbox.add(progress(7, 1), kStart);
  outbox.add(finished(7, 2), kStart);
  outbox.acknowledge(7, 1);
  EXPECT_THAT(names(outbox.due(kStart, 200)), ::testing::ElementsAre("finished 7"));
  EXPECT_TRUE(outbox.holds_end_of(7));
  outbox.acknowledge(7, 99);
  outbox.acknowledge(8, 2);
  EXPECT_TRUE(outbox.holds_end_of(7));
}

TEST(Outbox, PointsThatAreNotAcknowledgedGoAgainBeforeTheEnd) {
  Outbox outbox;
  outbox.add(progress(7, 1), kStart);
  EXPECT_EQ(outbox.due(kStart, 200).size(), 1U);
  outbox.add(finished(7, 2), kStart);
  outbox.add(progress(8, 1), kStart + seconds(50));
  EXPECT_THAT(names(outbox.due(kStart, 200)), ::testing::ElementsAre("progress 7.1", "finished 7"));
}

TEST(Outbox, ANewSessionGetsEverythingAtOnce) {
  Outbox outbox;
  outbox.add(finished(1, 1), kStart);
  outbox.add(finished(2, 1), kStart);
  outbox.due(kStart, 200);
  outbox.send_all_again(kStart);
  EXPECT_THAT(names(outbox.due(kStart, 200)), ::testing::ElementsAre("finished 1", "finished 2"));
  EXPECT_THAT(outbox.ended_attempts(), ::testing::ElementsAre(1, 2));
}

TEST(Outbox, OneAttemptsEndCanBeAskedForAgain) {
  Outbox outbox;
  outbox.add(finished(1, 1), kStart);
  outbox.add(finished(2, 1), kStart);
  outbox.due(kStart, 200);
  outbox.send_again(2, kStart);
  EXPECT_THAT(names(outbox.due(kStart, 200)), ::testing::ElementsAre("finished 2"));
}

TEST(Outbox, AnEndWithMorePointsBeforeItThanAFrameHoldsWaitsForThem) {
  Outbox outbox;
  for (std::int64_t seq = 1; seq <= 5; ++seq) outbox.add(progress(7, seq), kStart);
  outbox.add(finished(7, 6), kStart);
  EXPECT_EQ(outbox.due(kStart, 4).size(), 5U);
  for (std::int64_t seq = 1; seq <= 3; ++seq) outbox.acknowledge(7, seq);
  EXPECT_THAT(names(outbox.due(kStart + seconds(1), 4)),
              ::testing::ElementsAre("progress 7.4", "progress 7.5", "finished 7"));
}

}  // namespace
}  // namespace espalier::agent
