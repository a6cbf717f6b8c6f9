#include <chrono>

#include "coordinator/store/reign_lock.hpp"
#include "tests/unit/store/database.hpp"

namespace espalier::store::testing {
namespace {

using std::chrono::milliseconds;

class ReignTest : public DatabaseTest {
 protected:
  ReignTest() { open(); }
  // As a coordinator that stands by does it.
  static bool waits_for(ReignLock& lock, milliseconds dead_after) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < end) {  // each try asks the database
      if (lock.try_take(dead_after)) return true;
    }
    return false;
  }
};

TEST_F(ReignTest, IsHeldByOneWhoKnowsWhetherAnotherStandsBy) {
  ReignLock first(database());
  ReignLock second(database());
  EXPECT_TRUE(first.try_take(milliseconds(60'000)));
  EXPECT_TRUE(first.keep());
  EXPECT_FALSE(first.is_contested());
  EXPECT_FALSE(second.try_take(milliseconds(60'000)));
  EXPECT_TRUE(first.keep());
  EXPECT_TRUE(first.is_contested());
}

TEST_F(ReignTest, GoesToWhoStandsByWhenItsHolderHasGone) {
  auto first = std::make_unique<ReignLock>(database());
  ReignLock second(database());
  EXPECT_TRUE(first->try_take(milliseconds(60'000)));
  EXPECT_FALSE(second.try_take(milliseconds(60'000)));
  first.reset();
  EXPECT_TRUE(waits_for(second, milliseconds(60'000)));
}

TEST_F(ReignTest, IsNotTakenFromAHolderAtFirstSight) {
  ReignLock first(database());
  ReignLock second(database());
  EXPECT_TRUE(first.try_take({}));
  EXPECT_FALSE(second.try_take({})) << "it may not have shown its first sign of life yet";
  EXPECT_TRUE(second.try_take({}));
}

TEST_F(ReignTest, IsTakenFromAHolderThatShowsNoLifeAndTheHolderIsTold) {
  ReignLock first(database());
  ReignLock second(database());
  EXPECT_TRUE(first.try_take(milliseconds(100)));
  EXPECT_TRUE(waits_for(second, milliseconds(100)));
  EXPECT_THROW(first.keep(), Unavailable) << "its session was ended";
  EXPECT_FALSE(first.keep());
  EXPECT_TRUE(second.keep());
}

TEST_F(ReignTest, BeginsThoughAStoppedCoordinatorIsWithinATransaction) {
  const auto stopped = open();
  const auto epoch = stopped->begin_epoch().epoch;
  const auto submitting = stopped->begin_submission(submission(), epoch, std::nullopt);
  EXPECT_EQ(open()->begin_epoch().epoch, epoch + 1);
  EXPECT_THROW(submitting->head(small_plan()), Unavailable);
}

}  // namespace
}  // namespace espalier::store::testing
