// Points by chance: what a distribution gives, and what stays when a job is made larger.
#include <cmath>

#include "tests/unit/job/plans.hpp"

namespace espalier::job {
namespace {

std::vector<json::object> drawn(int trials, const std::string& sweep, const std::string& more = {}) {
  const auto plan =
      plan_of("pipeline = [\"train\"]\n" + kJob + more + kData + kModel +
              "[search]\nstrategy = \"random\"\ntrials = " + std::to_string(trials) + "\n[sweep]\n" + sweep);
  std::vector<json::object> params;
  for (const auto& trial : plan.trials) params.push_back(trial.params);
  return params;
}

std::vector<double> values(const std::vector<json::object>& params, const char* key) {
  std::vector<double> all;
  for (const auto& each : params) all.push_back(each.at(key).to_number<double>());
  return all;
}

// The share of `all` below `bound`.
double below(const std::vector<double>& all, double bound) {
  const auto count = std::count_if(all.begin(), all.end(), [&](double value) { return value < bound; });
  return static_cast<double>(count) / static_cast<double>(all.size());
}

TEST(RandomSearch, DrawsAsManyPointsAsAskedFor) {
  const auto params = drawn(50, "\"train.learning_rate\" = { log_uniform = [1e-4, 1e-1] }\n");
  ASSERT_EQ(params.size(), 50U);
  std::set<std::string> distinct;
  for (const auto& each : params) distinct.insert(canonical(each));
  EXPECT_EQ(distinct.size(), 50U);
}

TEST(RandomSearch, FollowsTheDistributions) {
  const auto params = drawn(4000,
                            "\"train.learning_rate\" = { log_uniform = [1e-4, 1e-2] }\n"
                            "\"train.weight_decay\" = { uniform = [0.0, 0.2] }\n"
                            "\"train.epochs\" = { int = [1, 4] }\n"
                            "\"train.batch_size\" = { choice = [32, 64] }\n");
  const auto rates = values(params, "train.learning_rate");
  EXPECT_NEAR(below(rates, 1e-3), 0.5, 0.03);
  EXPECT_GE(*std::min_element(rates.begin(), rates.end()), 1e-4);
  EXPECT_LE(*std::max_element(rates.begin(), rates.end()), 1e-2);
  const auto decays = values(params, "train.weight_decay");
  EXPECT_NEAR(below(decays, 0.05), 0.25, 0.03);
  const auto epochs = values(params, "train.epochs");
  for (int i = 1; i <= 4; ++i) EXPECT_NEAR(below(epochs, i + 0.5), 0.25 * i, 0.03);
  EXPECT_NEAR(below(values(params, "train.batch_size"), 48), 0.5, 0.03);
  // The axes know nothing of each other.
  int both = 0;
  for (std::size_t i = 0; i < rates.size(); ++i) both += rates[i] < 1e-3 && decays[i] < 0.1 ? 1 : 0;
  EXPECT_NEAR(both / 4000.0, 0.25, 0.03);
}

TEST(RandomSearch, WholeNumbersStayWholeAndRealOnesAreShort) {
  for (const auto& each :
       drawn(20, "\"train.epochs\" = { int = [1, 40] }\n\"model.width\" = { uniform = [0.5, 2.0] }\n")) {
    EXPECT_TRUE(each.at("train.epochs").is_int64());
    EXPECT_LE(canonical(each.at("model.width")).size(), 12U);
  }
}

TEST(RandomSearch, MoreTrialsChangeNoneOfThoseThereWere) {
  const std::string sweep =
      "\"train.learning_rate\" = { log_uniform = [1e-4, 1e-1] }\n\"train.epochs\" = [1, 2, 3]\n";
  const auto few = drawn(10, sweep);
  const auto many = drawn(40, sweep);
  ASSERT_EQ(many.size(), 40U);
  EXPECT_TRUE(std::equal(few.begin(), few.end(), many.begin()));
}

TEST(RandomSearch, AnotherAxisChangesNoValueOfTheRest) {
  const std::string rate = "\"train.learning_rate\" = { log_uniform = [1e-4, 1e-1] }\n";
  EXPECT_EQ(values(drawn(10, rate), "train.learning_rate"),
            values(drawn(10, rate + "\"train.epochs\" = { int = [1, 3] }\n"), "train.learning_rate"));
}

TEST(RandomSearch, DependsOnTheSeed) {
  const std::string rate = "\"train.learning_rate\" = { log_uniform = [1e-4, 1e-1] }\n";
  EXPECT_EQ(drawn(5, rate, "seed = 3\n"), drawn(5, rate, "seed = 3\n"));
  EXPECT_NE(drawn(5, rate, "seed = 3\n"), drawn(5, rate, "seed = 4\n"));
}

TEST(RandomSearch, ASmallSpaceIsDrawnWholeAndNoPointTwice) {
  const auto params =
      drawn(1000, "\"train.epochs\" = { int = [1, 10] }\n\"train.batch_size\" = [32, 64, 128]\n");
  EXPECT_EQ(params.size(), 30U);
}

TEST(RandomSearch, ZippedListsMoveTogether) {
  for (const auto& each :
       drawn(20,
             "zip = [[\"train.epochs\", \"train.batch_size\"]]\n\"train.epochs\" = [1, 2]\n"
             "\"train.batch_size\" = [32, 64]\n\"train.weight_decay\" = { uniform = [0, 1] }\n"))
    EXPECT_EQ(each.at("train.batch_size").as_int64(), 32 * each.at("train.epochs").as_int64());
}

TEST(RandomSearch, AGroupWithoutASweepIsOneTrial) {
  EXPECT_EQ(drawn(10, "").size(), 1U);
}

}  // namespace
}  // namespace espalier::job
