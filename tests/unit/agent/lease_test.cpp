#include "worker/agent/core/lease.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace espalier::agent {
namespace {

using std::chrono::seconds;
constexpr MonotonicTime kStart{seconds(1'000)};

TEST(Lease, IsNotHeldBeforeAnAnswer) {
  Lease lease;
  lease.asked(1, kStart);
  EXPECT_FALSE(lease.held(kStart));
}

TEST(Lease, CountsFromWhenTheQuestionWasSentNotFromItsAnswer) {
  Lease lease;
  lease.asked(1, kStart);
  lease.answered(1, seconds(10));
  EXPECT_TRUE(lease.held(kStart + seconds(7)));
  EXPECT_FALSE(lease.held(kStart + seconds(8)));
}

TEST(Lease, ARepeatedAnswerRenewsNothing) {
  Lease lease;
  lease.asked(1, kStart);
  lease.answered(1, seconds(10));
  lease.answered(1, seconds(10));
  EXPECT_EQ(lease.ends(), kStart + seconds(8));
}

TEST(Lease, AnAnswerToAnEarlierQuestionNeverShortensIt) {
  Lease lease;
  lease.asked(1, kStart);
  lease.asked(2, kStart + seconds(2));
  lease.answered(2, seconds(10));
  lease.answered(1, seconds(10));
  EXPECT_EQ(lease.ends(), kStart + seconds(10));
}

// The coordinator's own copy starts when a question arrives. Whatever is lost, delayed or doubled on the way,
// the worker's copy has to end first.
TEST(Lease, AlwaysEndsBeforeTheCoordinatorsCopy) {
  EXPECT_TRUE(rc::check([] {
    Lease lease;
    const Duration length = seconds(10);
    std::optional<MonotonicTime> coordinators_end;
    MonotonicTime now = kStart;
    for (std::int64_t number = 1; number < 40; ++number) {
      now += std::chrono::milliseconds(*rc::gen::inRange(1, 6'000));
      lease.asked(number, now);
      if (*rc::gen::inRange(0, 3) == 0) continue;  // lost on the way there
      const auto arrival = now + std::chrono::milliseconds(*rc::gen::inRange(0, 3'000));
      coordinators_end = std::max(coordinators_end.value_or(arrival), arrival) + length;
      if (*rc::gen::inRange(0, 3) == 0) continue;  // lost on the way back
      lease.answered(number, length);
      RC_ASSERT(!lease.ends() || *lease.ends() < *coordinators_end);
    }
  }));
}

}  // namespace
}  // namespace espalier::agent
