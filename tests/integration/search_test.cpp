// Searches that learn from what their trials really gave.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>

#include "common/base/files.hpp"
#include "tests/integration/espalier_program.hpp"

namespace espalier::test {
namespace {

using ::testing::HasSubstr;

std::string search_job(const std::string& search) {
  return R"(
[job]
name = "search"
[data]
dataset = "fashion-mnist"
train_samples = 1000
val_samples = 500
[model]
name = "lenet5"
[train]
epochs = 4
batch_size = 32
[benchmark]
batch_sizes = [1]
min_seconds = 0.02
target_ci = 0.2
[objectives]
accuracy = "max"
size_bytes = "min"
)" + search +
         R"(
[[group]]
name = "rates"
pipeline = ["train"]
)";
}

std::int64_t count(const Sandbox& sandbox, const std::string& from) {
  return sandbox.sql("select count(*) as n from " + from).at(0).at("n").to_number<std::int64_t>();
}

TEST(Search, ByHalvingTrainsTheBestOnFromWhereTheyStopped) {
  const Sandbox sandbox;
  const auto job = sandbox.write("job.toml", search_job(R"(
[search]
strategy = "halving"
trials = 6
reduction = 2
min_epochs = 1
)") + R"(sweep = { "train.learning_rate" = { log_uniform = [1e-5, 1e-2] } }
)");
  const auto ran = sandbox.run({"run", job});
  ASSERT_EQ(ran.exit.code, 0) << ran.errors;
  EXPECT_THAT(ran.output, HasSubstr("stopped at rung 1 of 3"));
  EXPECT_THAT(ran.errors, HasSubstr("halving: 6 of 6 trials asked for"));
  EXPECT_EQ(count(sandbox, "rungs where rung = 1 and value is not null"), 6);
  EXPECT_GE(count(sandbox, "rungs where rung = 3 and value > 0.3"), 1) << "ten classes: chance is 0.1";
  EXPECT_EQ(count(sandbox, "results where latency_p50_ms is not null"),
            count(sandbox, "trials where rung = 3"));
  // A trial that went on has one curve, without a gap and without a repetition.
  EXPECT_EQ(count(sandbox,
                  "(select trial_id from curves join trials t on t.id = trial_id where name = 'train_loss' "
                  "and t.rung = 3 group by trial_id having array_agg(step order by step) <> "
                  "array[1, 2, 3, 4]::float8[]) broken"),
            0);
  const auto again = sandbox.run({"run", job, "--json"});
  ASSERT_EQ(again.exit.code, 0) << again.errors;
  EXPECT_EQ(again.document().at("state").as_string(), "succeeded");
  const auto search = again.document().at("search");
  EXPECT_EQ(search.at("strategy"), "halving");
  EXPECT_EQ(search.at("rungs").at(0).at("trials"), 6);
  EXPECT_EQ(search.at("rungs").at(0).at("best"),
            sandbox.sql("select max(value) as best from rungs where rung = 1").at(0).at("best"));
}

TEST(Search, ByNsga2FindsTradeOffsAndGoesOnAfterEverythingWasKilled) {
  const Sandbox sandbox;
  const auto job = sandbox.write("job.toml", search_job(R"(
[search]
strategy = "nsga2"
trials = 16
population = 8
)") + R"(train = { epochs = 1 }
sweep = { "model.width" = { uniform = [0.25, 1.5] }, "train.learning_rate" = { log_uniform = [1e-4, 1e-2] } }
)");
  auto run = sandbox.start({"run", job, "--json"});
  ASSERT_TRUE(eventually(
      [&] {
        const auto newest = newest_job(sandbox);
        return newest && newest->at("tasks").at("executed").to_number<std::int64_t>() >= 12;
      },
      std::chrono::minutes(2)));
  auto everyone = descendants(run.pid());
  everyone.insert(everyone.begin(), run.pid());
  for (const auto pid : everyone) ::kill(pid, SIGKILL);
  run.wait_for(std::chrono::seconds(10));
  ASSERT_TRUE(eventually([&] { return std::none_of(everyone.begin(), everyone.end(), alive); }));

  const auto resumed = sandbox.run({"run", job, "--json"});
  ASSERT_EQ(resumed.exit.code, 0) << resumed.errors;
  EXPECT_EQ(sandbox.sql("select id from jobs").size(), 1U) << "the same job went on";
  EXPECT_EQ(resumed.document().at("trials").as_array().size(), 16U);
  EXPECT_TRUE(
      sandbox.sql("select task_key from attempts where state = 'succeeded' group by 1 having count(*) > 1")
          .empty());
  const auto generations = sandbox.sql("select trials, hypervolume from generations order by generation");
  ASSERT_EQ(generations.size(), 2U);
  EXPECT_GE(generations.at(1).at("hypervolume").to_number<double>(),
            generations.at(0).at("hypervolume").to_number<double>());
  const auto told = resumed.document().at("search").at("generations").as_array();
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told.at(1).at("hypervolume"), generations.at(1).at("hypervolume"));
}

}  // namespace
}  // namespace espalier::test
