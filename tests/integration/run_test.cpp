#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "common/base/files.hpp"
#include "tests/integration/espalier_program.hpp"
#include "tests/integration/jobs.hpp"

namespace espalier::test {
namespace {

using ::testing::HasSubstr;

std::int64_t number(const json::value& value) {
  return value.to_number<std::int64_t>();
}

TEST(Run, TrainsPrunesQuantizesAndDistilsOnRealData) {
  const Sandbox sandbox;
  const auto job = sandbox.write("job.toml", small_job());
  const auto ran = sandbox.run({"run", job, "--json"});
  ASSERT_EQ(ran.exit.code, 0) << ran.errors;
  const auto document = ran.document();
  EXPECT_EQ(document.at("state").as_string(), "succeeded");
  EXPECT_EQ(document.at("tasks").at("executed"), document.at("tasks").at("total"));

  const auto& trials = document.at("trials").as_array();
  ASSERT_EQ(trials.size(), 7U);
  for (const auto& trial : trials) {
    EXPECT_EQ(trial.at("state").as_string(), "succeeded") << trial;
    const auto& metrics = trial.at("metrics").as_object();
    for (const char* name : {"accuracy", "loss", "params", "macs", "size_bytes", "sparsity", "latency_p50_ms",
                             "latency_ci_low_ms", "latency_ci_high_ms", "throughput_per_s", "flops",
                             "load_time_ms", "output_difference", "operators_without_rule", "peak_rss_bytes"})
      EXPECT_TRUE(metrics.contains(name) && metrics.at(name).is_number()) << name << " of " << trial;
    EXPECT_GT(metrics.at("accuracy").to_number<double>(), 0.3) << "ten classes: chance is 0.1; " << trial;
    EXPECT_LE(metrics.at("latency_ci_low_ms").to_number<double>(),
              metrics.at("latency_p50_ms").to_number<double>());
    EXPECT_GE(metrics.at("latency_ci_high_ms").to_number<double>(),
              metrics.at("latency_p50_ms").to_number<double>());
    const auto group = trial.at("group").as_string();
    EXPECT_EQ(metrics.contains("speedup"), group == "int8" || group == "pruned") << trial;
    EXPECT_EQ(metrics.contains("gain"), group == "distilled") << trial;
    if (group == "pruned") {
      EXPECT_NEAR(metrics.at("sparsity").to_number<double>(),
                  trial.at("params").at("prune.amount").to_number<double>(), 0.02);
    }
  }

  const auto results = sandbox.sql("select trial_id, accuracy, params from results order by trial_id");
  EXPECT_EQ(results.size(), trials.size());
  const auto twice =
      sandbox.sql("select task_key from attempts where state = 'succeeded' group by 1 having count(*) > 1");
  EXPECT_TRUE(twice.empty());
  EXPECT_FALSE(sandbox.sql("select 1 from pareto").empty());
  EXPECT_FALSE(sandbox.sql("select 1 from curves where name = 'train_loss'").empty());
}

TEST(Run, AgainExecutesNothingAndAChangedAmountOnlyItsBranch) {
  const Sandbox sandbox;
  const auto job = sandbox.write("job.toml", small_job());
  ASSERT_EQ(sandbox.run({"run", job, "--json"}).exit.code, 0);

  const auto again = sandbox.run({"run", job, "--json"});
  ASSERT_EQ(again.exit.code, 0) << again.errors;
  EXPECT_EQ(number(again.document().at("tasks").at("executed")), 0);
  EXPECT_EQ(again.document().at("tasks").at("reused"), again.document().at("tasks").at("total"));

  sandbox.write("job.toml", small_job("[0.3, 0.7]"));
  const auto changed = sandbox.run({"run", job, "--json"});
  ASSERT_EQ(changed.exit.code, 0) << changed.errors;
  // prune, finetune, evaluate, benchmark of the one changed amount
  EXPECT_EQ(number(changed.document().at("tasks").at("executed")), 4);
}

#if defined(__SANITIZE_THREAD__)
const std::string kTight = "1400";  // it keeps several bytes for each of ours
#else
const std::string kTight = "700";
#endif

// A gigabyte of weights, whose gradients alone are a second one.
TEST(Run, ANetTooLargeForTheLimitFailsByNameAndTheRestOfTheJobGoesOn) {
  const Sandbox sandbox;
  const auto job = sandbox.write("job.toml", R"(
[job]
name = "tight"
[data]
dataset = "fashion-mnist"
train_samples = 200
val_samples = 100
[train]
epochs = 1
[benchmark]
batch_sizes = [1]
min_seconds = 0.02
target_ci = 0.2
[limits]
memory = ")" + kTight + R"(MiB"
retries = 0
[[group]]
name = "large"
pipeline = ["train"]
model = { name = "mlp", width = 8.0, depth = 64 }
[[group]]
name = "small"
pipeline = ["train"]
model = { name = "lenet5" }
)");
  const auto ran = sandbox.run({"run", job, "--json"});
  EXPECT_NE(ran.exit.code, 0);
  const auto document = ran.document();
  const auto& trials = document.at("trials").as_array();
  ASSERT_EQ(trials.size(), 2U);
  const std::string reason(trials[0].at("reason").as_string());
  EXPECT_THAT(reason, HasSubstr("memory"));
  EXPECT_THAT(reason, HasSubstr("limit of " + kTight + " MiB"));
  EXPECT_EQ(trials[1].at("state").as_string(), "succeeded") << trials[1];
  EXPECT_EQ(sandbox.sql("select 1 from attempts where state = 'out_of_memory'").size(), 1U);
}

TEST(Run, PrintsATableAndPlainProgressLinesWhereThereIsNoTerminal) {
  const Sandbox sandbox;
  const auto job = sandbox.write("job.toml", small_job("[0.5]"));
  const auto ran = sandbox.run({"run", job});
  ASSERT_EQ(ran.exit.code, 0) << ran.errors;
  EXPECT_THAT(ran.output, HasSubstr("accuracy"));
  EXPECT_THAT(ran.output, HasSubstr("quantize.method=static"));
  EXPECT_THAT(ran.output, HasSubstr("★"));
  EXPECT_THAT(ran.errors, HasSubstr("the page: http://127.0.0.1:"));
  EXPECT_THAT(ran.errors, HasSubstr("100 %"));
  EXPECT_EQ(ran.errors.find('\x1b'), std::string::npos) << "escape codes belong on terminals only";
}

TEST(Run, WorksAsAnOrdinaryUser) {
  constexpr uid_t kNobody = 65534;
  const Sandbox sandbox;
  const auto job = sandbox.write("job.toml", small_job("[0.5]"));
  auto options = sandbox.options({"run", job, "--json"});
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(sandbox.folder().c_str(), kNobody, kNobody), 0);
    options.run_as = std::pair<uid_t, gid_t>{kNobody, kNobody};
    options.folder = sandbox.folder();
  }
  const auto ran = sandbox.run(options);
  EXPECT_EQ(ran.exit.code, 0) << ran.errors;
}

TEST(Run, AFailingTrialIsNamedWithItsReasonAndTheOthersGoOn) {
  const Sandbox sandbox;
  // A learning rate that must overflow; the other trial is sound.
  const auto job = sandbox.write("job.toml", R"(
[job]
name = "rates"
[data]
dataset = "fashion-mnist"
train_samples = 1000
val_samples = 200
[model]
name = "lenet5"
[train]
epochs = 1
optimizer = "sgd"
[benchmark]
min_seconds = 0.02
target_ci = 0.2
[limits]
retries = 0
[[group]]
name = "rates"
pipeline = ["train"]
sweep = { "train.learning_rate" = [0.05, 1000.0] }
)");
  const auto ran = sandbox.run({"run", job, "--json"});
  EXPECT_EQ(ran.exit.code, 1) << ran.errors;
  const auto document = ran.document();
  EXPECT_EQ(document.at("state").as_string(), "failed");
  std::set<std::string> states;
  for (const auto& trial : document.at("trials").as_array()) {
    states.insert(std::string(trial.at("state").as_string()));
    if (trial.at("state").as_string() == "failed") {
      EXPECT_THAT(std::string(trial.at("reason").as_string()), HasSubstr("diverged"));
    }
  }
  EXPECT_EQ(states, (std::set<std::string>{"failed", "succeeded"}));
}

TEST(Sql, AnswersWhileAJobRunsAndRefusesToWrite) {
  const Sandbox sandbox;
  const auto job = sandbox.write("job.toml", long_job());
  auto running = sandbox.start({"run", job, "--json"});
  ASSERT_TRUE(eventually([&] { return newest_job(sandbox).has_value(); }));
  EXPECT_EQ(sandbox.sql("select name from jobs").at(0).at("name").as_string(), "long");
  const auto wrote = sandbox.run({"sql", "delete from espalier.job"});
  EXPECT_NE(wrote.exit.code, 0);
  EXPECT_FALSE(sandbox.sql("select name from jobs").empty());
  const auto csv = sandbox.run({"sql", "--csv", "select 1 as one, null as nothing, 'a,\"b' as text"});
  EXPECT_EQ(csv.output, "one,nothing,text\r\n1,,\"a,\"\"b\"\r\n");
  const auto typed =
      sandbox.run({"sql", "--json", "select 1 as one, 1.5::float8 as half, true as yes, null as no"});
  EXPECT_EQ(typed.output, "[{\"one\":1,\"half\":1.5E0,\"yes\":true,\"no\":null}]\n");
  running.stop(SIGINT, std::chrono::seconds(30));
}

}  // namespace
}  // namespace espalier::test
