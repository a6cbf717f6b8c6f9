// Jobs that search by halving and by NSGA-II, with the real programs and runners that only pretend.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>

#include "common/base/files.hpp"
#include "tests/system/running_system.hpp"

namespace espalier::test {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAreArray;

constexpr std::chrono::minutes kLong{2};

// `more` stands in [search].
std::string search_job(const std::string& strategy, int trials, const std::string& more) {
  return job_head("search") + fmt::format(R"([train]
epochs = 9
[objectives]
accuracy = "max"
size_bytes = "min"
[search]
strategy = "{}"
trials = {}
{}
[[group]]
name = "rates"
pipeline = ["train"]
sweep = {{ "train.learning_rate" = {{ log_uniform = [1e-4, 1e-1] }} }}
[[group]]
name = "one"
pipeline = ["train"]
train = {{ epochs = 7 }}
)",
                                          strategy, trials, more);
}
std::string halving_job(int trials = 9) {
  return search_job("halving", trials, "reduction = 3\nmin_epochs = 1");
}
std::string nsga2_job(int trials = 24) {
  return search_job("nsga2", trials, "population = 8");
}

std::int64_t number(const json::array& rows, const char* column) {
  return rows.at(0).at(column).to_number<std::int64_t>();
}

bool ends(const RunningSystem& system, std::int64_t job, const std::string& state = "succeeded") {
  return eventually([&] { return system.state(job) == state; }, kLong);
}

void expect_one_result_a_task(const RunningSystem& system) {
  EXPECT_TRUE(
      system.sql("select task_key from attempts where state = 'succeeded' group by 1 having count(*) > 1")
          .empty());
}

void kill_coordinator(const RunningSystem& system) {
  const auto found = descendants(system.pid(), "espalier-coordinator");
  ASSERT_EQ(found.size(), 1U);
  ::kill(found.front(), SIGKILL);
  ASSERT_TRUE(eventually([&] {
    const auto now = descendants(system.pid(), "espalier-coordinator");
    return now.size() == 1 && now.front() != found.front();
  }));
}

// The trials of the search by their parameters, with their rungs.
std::vector<std::string> trials_of(const RunningSystem& system, std::int64_t job) {
  std::vector<std::string> all;
  const auto rows = system.sql(fmt::format(
      "select params::text as params, rung from trials where job_id = {} and group_name = 'rates'", job));
  for (const auto& row : rows) all.push_back(json::serialize(row));
  return all;
}

TEST(Search, ByHalvingTrainsTheBestToTheEndAndStopsTheOthers) {
  RunningSystem system;
  ASSERT_TRUE(system.start()) << system.said();
  system.vary();
  const auto job = system.submit(halving_job());
  ASSERT_TRUE(ends(system, job)) << system.said();
  const auto rungs = system.sql(
      "select rung, count(*) as trials from rungs where state = 'succeeded' "
      "group by rung order by rung");
  ASSERT_EQ(rungs.size(), 3U);
  EXPECT_EQ(rungs.at(0).at("trials"), 9);
  EXPECT_GE(rungs.at(1).at("trials").to_number<int>(), 3)
      << "it doesn't wait for all, so it may promote more";
  EXPECT_GE(rungs.at(2).at("trials").to_number<int>(), 1);
  EXPECT_EQ(number(system.sql("select count(accuracy) as n from results where group_name = 'rates'"), "n"),
            number(system.sql("select count(*) as n from trials where rung = 3"), "n"));
  EXPECT_EQ(
      number(system.sql("select count(*) as n from trials where reason like 'stopped at rung _ of 3'"), "n"),
      number(system.sql("select count(*) as n from trials where rung < 3"), "n"));
  EXPECT_TRUE(
      system.sql("select 1 from pareto p join trials t on t.id = p.trial_id where t.rung < 3").empty());
  EXPECT_EQ(number(system.sql("select count(*) as n from trials where group_name = 'one'"), "n"), 1);
  const auto summary = system.summary(job);
  ASSERT_TRUE(summary.has_value());
  EXPECT_EQ(summary->at("search").at("finished"), true);
  EXPECT_EQ(summary->at("search").at("trials"), 9);
  expect_one_result_a_task(system);
}

TEST(Search, ByNsga2RunsGenerationAfterGenerationAndKeepsWhatEachGave) {
  RunningSystem system;
  ASSERT_TRUE(system.start()) << system.said();
  system.vary();
  const auto job = system.submit(nsga2_job());
  ASSERT_TRUE(ends(system, job)) << system.said();
  const auto generations =
      system.sql("select generation, trials, front, hypervolume from generations order by generation");
  ASSERT_EQ(generations.size(), 3U);
  EXPECT_EQ(generations.at(0).at("trials"), 8);
  EXPECT_EQ(generations.at(2).at("trials"), 24);
  double before = 0;
  for (const auto& generation : generations) {
    const auto now = generation.at("hypervolume").to_number<double>();
    EXPECT_GE(now, before) << "what is known only grows";
    before = now;
  }
  EXPECT_EQ(
      number(system.sql(
                 "select count(*) as n from results where generation is not null and state = 'succeeded'"),
             "n"),
      24);
  expect_one_result_a_task(system);
}

TEST(Search, GoesOnWhereItWasAfterItsCoordinatorWasKilled) {
  for (const auto& text : {halving_job(), nsga2_job(16)}) {
    RunningSystem system;
    ASSERT_TRUE(system.start()) << system.said();
    system.vary();
    const auto job = system.submit(text);
    for (const std::int64_t done : {8, 20}) {
      ASSERT_TRUE(eventually([&] { return system.executed(job) >= done; }, kLong)) << system.said();
      kill_coordinator(system);
    }
    ASSERT_TRUE(ends(system, job)) << system.said();
    expect_one_result_a_task(system);
    EXPECT_EQ(number(system.sql("select count(*) as n from trials where group_name = 'rates'"), "n"),
              text == halving_job() ? 9 : 16);
    const auto checked = system.sandbox().run({"db", "check", "--state", system.sandbox().state().string()});
    EXPECT_EQ(checked.exit.code, 0) << checked.output << checked.errors;
  }
}

TEST(Search, AgainExecutesNothingAndComesToTheSame) {
  RunningSystem::Options options;
  options.workers = 1;
  options.slots = 1;  // who ends first is then no matter of chance
  RunningSystem system(options);
  ASSERT_TRUE(system.start()) << system.said();
  system.vary();
  const auto first = system.submit(nsga2_job(16));
  ASSERT_TRUE(ends(system, first)) << system.said();
  const auto attempts = system.seen().size();
  const auto again = system.submit(nsga2_job(16));
  EXPECT_NE(again, first);
  ASSERT_TRUE(ends(system, again)) << system.said();
  EXPECT_EQ(system.seen().size(), attempts);
  EXPECT_THAT(trials_of(system, again), UnorderedElementsAreArray(trials_of(system, first)));
}

TEST(Search, IsContinuedByAFileThatAsksForMoreTrials) {
  RunningSystem system;
  ASSERT_TRUE(system.start()) << system.said();
  system.vary();
  const auto job = system.submit(nsga2_job(8));
  ASSERT_TRUE(ends(system, job)) << system.said();
  const auto before = trials_of(system, job);
  const auto more = system.sandbox().write("more.toml", nsga2_job(16));
  const auto extended = system.sandbox().run({"extend", "search", more});
  EXPECT_EQ(extended.exit.code, 0) << extended.errors;
  ASSERT_TRUE(eventually(
      [&] {
        const auto summary = system.summary(job);
        return summary && summary->at("state").as_string() == "succeeded" &&
               summary->at("search").at("trials") == 16;
      },
      kLong))
      << system.said();
  const auto after = trials_of(system, job);
  EXPECT_THAT(after, ::testing::IsSupersetOf(before));
  const auto other = system.sandbox().write("other.toml", halving_job());
  const auto refused = system.sandbox().run({"extend", "search", other});
  EXPECT_NE(refused.exit.code, 0);
  EXPECT_THAT(refused.errors, HasSubstr("searches by nsga2, and this file searches by halving"));
}

TEST(Search, RestsWhileItsJobIsPausedAndEndsWithItsJobIfThatIsCancelled) {
  RunningSystem system;
  ASSERT_TRUE(system.start()) << system.said();
  system.hold();
  const auto job = system.submit(nsga2_job());
  ASSERT_TRUE(eventually([&] { return system.busy() == 4; }));
  EXPECT_EQ(system.sandbox().run({"pause", "search"}).exit.code, 0);
  system.release();
  ASSERT_TRUE(eventually([&] { return system.executed(job) == 4 && system.busy() == 0; })) << system.said();
  EXPECT_EQ(system.summary(job)->at("search").at("finished"), false);
  EXPECT_EQ(system.sandbox().run({"resume", "search"}).exit.code, 0);
  ASSERT_TRUE(eventually([&] { return system.executed(job) >= 30; }, kLong)) << system.said();
  EXPECT_EQ(system.sandbox().run({"cancel", "search"}).exit.code, 0);
  EXPECT_EQ(system.state(job), "cancelled");
  EXPECT_EQ(system.summary(job)->at("search").at("finished"), true);
  // Nothing of it is begun any more: another job has all slots.
  const auto next = system.submit(wide_job(6), "next.toml");
  ASSERT_TRUE(ends(system, next)) << system.said();
  EXPECT_EQ(system.state(job), "cancelled");
  const auto checked = system.sandbox().run({"db", "check", "--state", system.sandbox().state().string()});
  EXPECT_EQ(checked.exit.code, 0) << checked.output << checked.errors;
}

TEST(Search, ThatFailsSomeTrialsGoesOnWithTheOthersAndRetryRunsThem) {
  RunningSystem system;
  ASSERT_TRUE(system.start()) << system.said();
  system.vary();
  system.fail("\"epochs\":7,");  // of the group that isn't searched
  const auto job = system.submit(halving_job());
  ASSERT_TRUE(ends(system, job, "failed")) << system.said();
  EXPECT_EQ(number(system.sql(
                       "select count(*) as n from trials where group_name = 'rates' and state = 'succeeded'"),
                   "n"),
            9);
  system.fail("");
  const auto retried = system.sandbox().run({"retry", "search", "--failed"});
  EXPECT_EQ(retried.exit.code, 0) << retried.errors;
  ASSERT_TRUE(ends(system, job)) << system.said();
}

TEST(Search, ThatCannotBePlannedAnyMoreSaysWhyAndEndsItsJob) {
  RunningSystem system;
  ASSERT_TRUE(system.start()) << system.said();
  system.vary();
  system.hold();
  const auto weights = system.sandbox().write("weights.pt", "weights");
  auto text = halving_job();
  const auto model = text.find("name = \"lenet5\"");
  text.replace(model, std::string("name = \"lenet5\"").size(), "name = \"lenet5\"\nweights = \"weights.pt\"");
  const auto job = system.submit(text);
  ASSERT_TRUE(eventually([&] { return system.busy() == 4; })) << system.said();
  ASSERT_TRUE(std::filesystem::remove(weights));
  system.release();
  ASSERT_TRUE(ends(system, job, "failed")) << system.said();
  const auto summary = system.summary(job);
  EXPECT_THAT(std::string(summary->at("search").at("failure").as_string()), HasSubstr("weights.pt"));
  EXPECT_THAT(system.said(), HasSubstr("can't go on"));
  // Where it was it goes on once the file is there again.
  system.sandbox().write("weights.pt", "weights");
  EXPECT_EQ(system.sandbox().run({"retry", "search", "--failed"}).exit.code, 0);
  ASSERT_TRUE(ends(system, job)) << system.said();
}

}  // namespace
}  // namespace espalier::test
