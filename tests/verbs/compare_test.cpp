// `espalier compare` with the real programs and runners that only pretend: 1.25 times as fast as anything but
// themselves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/system/running_system.hpp"

namespace espalier::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string trial_of(const RunningSystem& system, std::int64_t job, int place = 0) {
  const auto found = system.sql("select id from trials where job_id = " + std::to_string(job) +
                                " order by id offset " + std::to_string(place) + " limit 1");
  return json::serialize(found.at(0).at("id"));
}

// Two trained trials of one job.
std::int64_t trained(const RunningSystem& system) {
  const auto job = system.submit(wide_job(2));
  EXPECT_TRUE(eventually([&] { return system.state(job) == "succeeded"; })) << system.said();
  return job;
}

std::string as_given(const std::string& name, int channels) {
  return "pipeline = []\n[job]\nname = \"" + name + "\"\n[data]\nformat = \"synthetic\"\ninput_shape = [" +
         std::to_string(channels) +
         ", 32, 32]\n[model]\nname = \"resnet8\"\n[benchmark]\nbatch_sizes = [1]\n";
}

TEST(Compare, SaysWhetherOneTrialIsFasterThanAnother) {
  RunningSystem system;
  ASSERT_TRUE(system.start()) << system.said();
  const auto job = trained(system);
  const auto first = trial_of(system, job), second = trial_of(system, job, 1);
  const auto ran = system.sandbox().run({"compare", first, second});
  EXPECT_EQ(ran.exit.code, 0) << ran.errors;
  EXPECT_THAT(ran.output, HasSubstr("trial " + first + " is 1.25x faster (1.2 to 1.3)"));
  EXPECT_THAT(ran.output, HasSubstr("train.epochs=2"));
  EXPECT_THAT(ran.output, HasSubstr("0.900"));
  EXPECT_THAT(ran.output, Not(HasSubstr("known already")));
  EXPECT_THAT(ran.errors, HasSubstr("the machine was busy"));
  EXPECT_EQ(system.sql("select trial from comparisons").at(0).at("trial"), json::value(std::stoll(first)));
}

TEST(Compare, KnowsWhatWasMeasuredAndMeasuresAgainIfAsked) {
  RunningSystem system;
  ASSERT_TRUE(system.start()) << system.said();
  const auto job = trained(system);
  const auto first = trial_of(system, job), second = trial_of(system, job, 1);
  EXPECT_EQ(system.sandbox().run({"compare", first, second}).exit.code, 0);
  const auto before = system.seen().size();
  const auto known = system.sandbox().run({"compare", first, second});
  EXPECT_EQ(known.exit.code, 0) << known.errors;
  EXPECT_THAT(known.output, HasSubstr("measured at 20"));
  EXPECT_THAT(known.output, HasSubstr("known already; --again measures it anew"));
  EXPECT_EQ(system.seen().size(), before);
  const auto again = system.sandbox().run({"compare", first, second, "--again", "--json"});
  EXPECT_EQ(again.exit.code, 0) << again.errors;
  EXPECT_EQ(again.document().at("known"), false);
  EXPECT_EQ(system.seen().size(), before + 1);
}

TEST(Compare, CannotTellATrialFromItselfAndMeasuresAsItIsAsked) {
  RunningSystem system;
  ASSERT_TRUE(system.start()) << system.said();
  const auto trial = trial_of(system, trained(system));
  const auto ran = system.sandbox().run({"compare", trial, trial, "--batch-sizes", "1,8", "--threads", "1,2",
                                         "--device", "device == \"cpu\"", "--json"});
  EXPECT_EQ(ran.exit.code, 0) << ran.errors;
  const auto document = ran.document();
  EXPECT_EQ(document.at("trials").as_array().size(), 1U);
  ASSERT_EQ(document.at("comparisons").as_array().size(), 4U);
  for (const auto& comparison : document.at("comparisons").as_array())
    EXPECT_EQ(comparison.at("verdict"), "can't tell");
  EXPECT_EQ(document.at("comparisons").at(3).at("batch"), 8);
  EXPECT_EQ(document.at("comparisons").at(3).at("threads"), 2);
}

TEST(Compare, RefusesWhatHasNoModelAndWhatDoesNotFit) {
  RunningSystem system;
  ASSERT_TRUE(system.start()) << system.said();
  const auto refusal = [&](const std::string& one, const std::string& other, int code) {
    const auto ran = system.sandbox().run({"compare", one, other});
    EXPECT_EQ(ran.exit.code, code) << ran.errors;
    return ran.errors;
  };
  const auto colour = system.submit(as_given("colour", 3), "a.toml");
  const auto grey = system.submit(as_given("grey", 1), "b.toml");
  ASSERT_TRUE(eventually([&] { return system.state(grey) == "succeeded"; })) << system.said();
  const auto coloured = trial_of(system, colour);
  EXPECT_THAT(refusal(coloured, trial_of(system, grey), 2),
              HasSubstr("trial " + coloured + " takes inputs [3,32,32], but trial " + trial_of(system, grey) +
                        " takes [1,32,32]"));
  EXPECT_THAT(refusal(coloured, "999", 4), HasSubstr("there is no trial 999"));
  refusal("one", "2", 2);
  refusal("0", "2", 2);

  system.fail("\"epochs\":1,");
  const auto failing = system.submit(wide_job(1, 0, "failing"), "c.toml");
  ASSERT_TRUE(eventually([&] { return system.state(failing) == "failed"; })) << system.said();
  EXPECT_THAT(refusal(trial_of(system, failing), coloured, 1),
              HasSubstr("its train failed: it was told to fail"));

  system.hold();
  const auto slow = system.submit(wide_job(2, 0, "slow"), "d.toml");
  EXPECT_THAT(refusal(trial_of(system, slow, 1), coloured, 6), HasSubstr("has no model yet"));
  system.release();
}

TEST(Compare, TakesNetsAsTheyWereGiven) {
  RunningSystem system;
  ASSERT_TRUE(system.start()) << system.said();
  const auto job = system.submit(as_given("given", 3));
  ASSERT_TRUE(eventually([&] { return system.state(job) == "succeeded"; })) << system.said();
  const auto trial = trial_of(system, job);
  const auto ran = system.sandbox().run({"compare", trial, trial});
  EXPECT_EQ(ran.exit.code, 0) << ran.errors;
}

TEST(Compare, TellsWhyAComparisonFailed) {
  RunningSystem system;
  ASSERT_TRUE(system.start()) << system.said();
  const auto job = trained(system);
  system.fail("\"baseline\"");
  const auto ran = system.sandbox().run({"compare", trial_of(system, job), trial_of(system, job, 1)});
  EXPECT_EQ(ran.exit.code, 1) << ran.output;
  EXPECT_THAT(ran.errors, HasSubstr("it was told to fail"));
}

TEST(Compare, StartsWhatItNeedsInAStateFolderWhereNothingRuns) {
  RunningSystem system;
  const auto nothing = Sandbox().run({"compare", "1", "2"});
  EXPECT_EQ(nothing.exit.code, 4);
  EXPECT_THAT(nothing.errors, HasSubstr("there are no trials in"));
  ASSERT_TRUE(system.start()) << system.said();
  const auto job = trained(system);
  const auto first = trial_of(system, job), second = trial_of(system, job, 1);
  system.stop();
  auto offline = system.sandbox().options({"compare", first, second});
  offline.environment.emplace_back("ESPALIER_RUNNER", ESPALIER_FAKE_RUNNER);
  const auto ran = system.sandbox().run(std::move(offline));
  EXPECT_EQ(ran.exit.code, 0) << ran.errors;
  EXPECT_THAT(ran.output, HasSubstr("is 1.25x faster"));
}

}  // namespace
}  // namespace espalier::test
