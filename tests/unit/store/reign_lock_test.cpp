#include "coordinator/store/reign_lock.hpp"

#include "tests/unit/store/database.hpp"

namespace espalier::store::testing {
namespace {

class Reigning : public DatabaseTest {
 protected:
  std::unique_ptr<Store> store_ = open();
  ReignLock first_{database()};
  ReignLock second_{database()};
};

TEST_F(Reigning, OneTakesItAndTheOtherWaitsAsLongAsThereAreSignsOfLife) {
  constexpr std::chrono::milliseconds kPatient = std::chrono::hours(1);
  ASSERT_TRUE(first_.try_take(kPatient));
  EXPECT_TRUE(first_.keep());
  EXPECT_FALSE(second_.try_take(kPatient));
  EXPECT_FALSE(second_.try_take(kPatient));
}

TEST_F(Reigning, WhoShowsNoLifeLosesIt) {
  ASSERT_TRUE(first_.try_take({}));
  EXPECT_FALSE(second_.try_take({}));  // sees the last sign for the first time
  EXPECT_TRUE(second_.try_take({}));
  EXPECT_THROW(first_.keep(), Unavailable);  // its session was ended
  EXPECT_FALSE(first_.keep());
}

TEST_F(Reigning, ACoordinatorThatStoppedWithinATransactionDoesNotHoldUpTheNext) {
  ASSERT_TRUE(first_.try_take({}));
  const auto epoch = store_->begin_epoch().epoch;
  const auto unfinished = store_->begin_submission(submission(), epoch);
  unfinished->head(small_plan());
  EXPECT_FALSE(second_.try_take({}));
  ASSERT_TRUE(second_.try_take({}));
  EXPECT_EQ(open()->begin_epoch().epoch, epoch + 1);
  EXPECT_THROW(unfinished->finish(), Unavailable);
}

}  // namespace
}  // namespace espalier::store::testing
