#include <cmath>
#include <limits>

#include "tests/unit/store/database.hpp"

namespace espalier::store::testing {
namespace {

class Documents : public DatabaseTest {
 protected:
  std::unique_ptr<Store> store_ = open();
  std::int64_t epoch_ = store_->begin_epoch().epoch;
  std::int64_t attempt_ = 1;

  void succeed(std::string_view task, std::vector<wire::Metric> metrics = {}) {
    store_->commit(success(attempt_++, id_of(task), std::move(metrics)), epoch_);
  }
  JobId submit(const job::Plan& plan = small_plan()) {
    return testing::submit(*store_, plan, submission(plan.name), epoch_).job.id;
  }
  json::object document(JobId job) { return store_->job_document(job).value(); }
  json::object trial(JobId job, std::size_t index) {
    return document(job).at("trials").at(index).as_object();
  }

  // A job of trials that are one evaluation each, with the given accuracy and latency.
  JobId measured(std::vector<std::pair<std::optional<double>, std::optional<double>>> points,
                 std::vector<job::Objective> objectives, std::vector<job::Constraint> constraints = {}) {
    job::Plan plan;
    plan.name = "measured";
    plan.groups = {"g"};
    plan.objectives = std::move(objectives);
    plan.constraints = std::move(constraints);
    for (std::size_t index = 0; index < points.size(); ++index) {
      plan.tasks.push_back({key_of("point " + std::to_string(index)), job::Stage::evaluate, {}, {}, false});
      plan.trials.push_back({"g", {{"n", index}}, {{index, job::TaskRole::own}}});
    }
    const auto job = submit(plan);
    for (std::size_t index = 0; index < points.size(); ++index) {
      succeed("point " + std::to_string(index),
              {metric("accuracy", points[index].first), metric("latency_p50_ms", points[index].second)});
    }
    return job;
  }
  std::string front() {
    return one("select coalesce(string_agg(params ->> 'n', ' ' order by trial_id), '') from v1.pareto");
  }
};

const std::vector<job::Objective> kBoth = {{"accuracy", true}, {"latency_p50_ms", false}};

TEST_F(Documents, SummariseAJobWithItsGroups) {
  const auto job = submit();
  succeed("train");
  store_->commit(
      {SetTask{id_of("prune"), TaskState::ready, 0, ""},
       StartAttempt{AttemptId{attempt_}, id_of("prune"), WorkerName{"w1"}}, SetProgress{AttemptId{2}, 0.5}},
      epoch_);
  const auto summary = store_->job_summaries(job).at(0).as_object();
  EXPECT_EQ(summary.at("id"), job.value);
  EXPECT_EQ(summary.at("name"), "small");
  EXPECT_EQ(summary.at("state"), "running");
  EXPECT_EQ(summary.at("finished_at"), json::value(nullptr));
  EXPECT_THAT(std::string(summary.at("submitted_at").as_string()),
              ::testing::MatchesRegex("....-..-..T..:..:..\\....Z"));
  EXPECT_EQ(json::serialize(summary.at("trials")),
            R"({"total":2,"succeeded":0,"failed":0,"cancelled":0,"running":1,"waiting":1})");
  EXPECT_EQ(json::serialize(summary.at("tasks")),
            R"({"total":4,"executed":1,"reused":0,"running":1,"failed":0})");
  EXPECT_DOUBLE_EQ(summary.at("progress").as_double(), 1.5 / 4);
  EXPECT_GT(summary.at("eta_s").as_double(), 0);
  const auto& groups = summary.at("groups").as_array();
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[0].at("name"), "a");
  EXPECT_DOUBLE_EQ(groups[0].at("progress").as_double(), 0.5);
  EXPECT_DOUBLE_EQ(groups[1].at("progress").as_double(), 0.5);
}

TEST_F(Documents, TellTheTimeThatIsLeftByWhatTasksTakeNotByTheirNumber) {
  const auto job = submit();
  succeed("train");
  store_->commit(
      {SetTask{id_of("prune"), TaskState::ready, 0, ""},
       StartAttempt{AttemptId{attempt_}, id_of("prune"), WorkerName{"w1"}}, SetProgress{AttemptId{2}, 0.1}},
      epoch_);
  one("update espalier.open_attempt set started_at = now() - interval '100 s' returning 1");
  one("update espalier.job set resumed_at = now() - interval '101 s' returning 1");
  const auto eta = store_->job_summaries(job).at(0).at("eta_s").to_number<double>();
  EXPECT_GT(eta, 900);  // what runs needs ten times as long as until now
  EXPECT_LT(eta, 3000);
}

TEST_F(Documents, ListJobsNewestFirst) {
  const auto first = submit();
  auto plan = small_plan();
  plan.name = "second";
  const auto second = submit(plan);
  const auto all = store_->job_summaries(std::nullopt);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all.at(0).at("id"), second.value);
  EXPECT_EQ(all.at(1).at("id"), first.value);
}

TEST_F(Documents, AreAbsentForAJobThatDoesNotExist) {
  EXPECT_FALSE(store_->job_document(JobId{99}).has_value());
  EXPECT_FALSE(store_->job_exists(JobId{99}));
  EXPECT_TRUE(store_->job_exists(submit()));
  EXPECT_TRUE(store_->job_summaries(JobId{99}).empty());
}

TEST_F(Documents, TellNullFromAbsentMetrics) {
  const auto job = submit();
  succeed("train", {metric("train_loss", 0.5)});
  succeed("evaluate-a", {metric("accuracy", 0.9, 0.85, 0.95), metric("energy_j", std::nullopt),
                         metric("loss", std::numeric_limits<double>::quiet_NaN())});
  EXPECT_EQ(
      trial(job, 0).at("metrics"),
      json::parse(
          R"({"accuracy":0.9,"accuracy_ci_low":0.85,"accuracy_ci_high":0.95,"energy_j":null,"loss":null})"));
  EXPECT_EQ(trial(job, 0).at("state"), "succeeded");
  EXPECT_EQ(trial(job, 1).at("metrics"), json::parse("{}"));
}

TEST_F(Documents, NameTheOperatorsThatMacsLeaveOutWithTheirCalls) {
  const auto job = submit();
  succeed("train");
  succeed("evaluate-a", {metric("operators_without_rule", 1), metric("calls_without_rule/aten::cumsum", 2),
                         metric("busy", 0.5)});
  EXPECT_EQ(rows("select operator, calls from v1.uncounted_operators"),
            (std::vector<std::string>{"aten::cumsum|2"}));
  EXPECT_EQ(trial(job, 0).at("metrics"),
            json::parse(R"({"operators_without_rule":1,"calls_without_rule/aten::cumsum":2})"));
  EXPECT_EQ(one("select operators_without_rule from v1.results order by trial_id limit 1"), "1");
}

TEST_F(Documents, GiveEveryIntervalThatThePageDraws) {
  const auto job = submit();
  succeed("train");
  succeed("evaluate-a", {metric("throughput_per_s", 900, 880, 930), metric("latency_p90_ms", 2, 1, 3)});
  EXPECT_EQ(trial(job, 0).at("metrics"), json::parse(R"({"throughput_per_s":900,"throughput_per_s_ci_low":880,
                            "throughput_per_s_ci_high":930,"latency_p90_ms":2})"));
}

TEST_F(Documents, NameTheNetThatATrialStartsFromAndItsFamily) {
  job::Plan plan;
  plan.name = "nets";
  plan.groups = {"g"};
  const auto own = job::TaskRole::own;
  const auto spec = [](json::object model) { return json::object{{"model", std::move(model)}}; };
  plan.tasks.push_back(
      {key_of("teacher"), job::Stage::train, spec({{"name", "resnet18"}, {"width", 1.0}}), {}, false});
  plan.tasks.push_back(
      {key_of("train"), job::Stage::train, spec({{"name", "resnet20"}, {"width", 0.5}}), {}, false});
  plan.tasks.push_back({key_of("evaluate"), job::Stage::evaluate, {}, {}, false});
  plan.tasks.push_back({key_of("file"), job::Stage::evaluate, spec({{"file", "00ff"}}), {}, false});
  plan.trials.push_back({"g", {{"n", 0}}, {{0, job::TaskRole::teacher}, {1, own}, {2, own}}});
  plan.trials.push_back({"g", {{"n", 1}}, {{3, own}}});
  const auto job = submit(plan);
  EXPECT_EQ(trial(job, 0).at("model"), "resnet20") << "not the teacher's";
  EXPECT_EQ(trial(job, 0).at("family"), "resnet");
  EXPECT_EQ(trial(job, 1).at("model"), json::value(nullptr));
  EXPECT_EQ(trial(job, 1).at("family"), json::value(nullptr));
}

TEST_F(Documents, GiveADistilledStudentsGainWithItsInterval) {
  job::Plan plan;
  plan.name = "distilled";
  plan.groups = {"d"};
  for (const auto* name : {"student", "teacher", "twin"}) {
    plan.tasks.push_back({key_of(name), job::Stage::evaluate, {}, {}, false});
  }
  plan.trials.push_back(
      {"d", {}, {{1, job::TaskRole::teacher}, {0, job::TaskRole::own}, {2, job::TaskRole::twin}}});
  const auto job = submit(plan);
  succeed("teacher", {metric("accuracy", 0.99, 0.98, 1.0)});
  succeed("student", {metric("accuracy", 0.9, 0.87, 0.93)});
  EXPECT_FALSE(trial(job, 0).at("metrics").as_object().contains("gain"));
  succeed("twin", {metric("accuracy", 0.88, 0.84, 0.92)});
  const auto metrics = trial(job, 0).at("metrics").as_object();
  EXPECT_DOUBLE_EQ(metrics.at("accuracy").as_double(), 0.9);
  EXPECT_NEAR(metrics.at("gain").as_double(), 0.02, 1e-12);
  EXPECT_NEAR(metrics.at("gain_ci_low").as_double(), 0.02 - 0.05, 1e-12) << "half-widths 0.03 and 0.04";
  EXPECT_NEAR(metrics.at("gain_ci_high").as_double(), 0.02 + 0.05, 1e-12);
}

TEST_F(Documents, FailATrialWithItsFirstFailureInWords) {
  const auto job = submit();
  store_->commit({SetTask{id_of("prune"), TaskState::failed, 3, "out of luck"},
                  SetTask{id_of("evaluate-b"), TaskState::cancelled, 0, "an input failed"}},
                 epoch_);
  EXPECT_EQ(trial(job, 0).at("state"), "waiting");
  EXPECT_EQ(trial(job, 0).at("reason"), json::value(nullptr));
  EXPECT_EQ(trial(job, 1).at("state"), "failed");
  EXPECT_EQ(trial(job, 1).at("reason"), "prune: out of luck");
}

TEST_F(Documents, ShowUnfinishedTrialsOfACancelledJobAsCancelled) {
  const auto job = submit();
  succeed("train");
  succeed("evaluate-a");
  store_->commit({SetJob{job, JobState::cancelled}}, epoch_);
  EXPECT_EQ(trial(job, 0).at("state"), "succeeded");
  EXPECT_EQ(trial(job, 1).at("state"), "cancelled");
}

TEST_F(Documents, MarkTrialsThatNoOtherDominates) {
  measured({{0.9, 2.0}, {0.8, 1.0}, {0.85, 2.5}, {0.9, 3.0}, {0.9, 2.0}}, kBoth);
  EXPECT_EQ(front(), "0 1 4") << "equals don't dominate each other";
}

TEST_F(Documents, UseTheUsualObjectivesIfAJobNamesNone) {
  const auto job = measured({{0.9, 2.0}, {0.8, 1.0}, {0.8, 2.0}}, {});
  EXPECT_EQ(front(), "0 1");
  EXPECT_EQ(document(job).at("objectives"),
            json::parse(R"({"accuracy":"max","latency_p50_ms":"min","size_bytes":"min"})"));
}

TEST_F(Documents, ShowTheFrontWithEveryColumnOfTheResults) {
  measured({{0.9, 2.0}}, kBoth);
  EXPECT_EQ(one("select job_name, group_name, state, accuracy, latency_p50_ms, objectives from v1.pareto"),
            R"(measured|g|succeeded|0.9|2|{"accuracy": 0.9, "latency_p50_ms": 2})");
  EXPECT_EQ(
      rows(
          "select column_name from information_schema.columns where table_schema = 'v1' and table_name = "
          "'results' except select column_name from information_schema.columns where table_schema = 'v1' and "
          "table_name = 'pareto'"),
      std::vector<std::string>{});
}

// One trained net, measured on two classes; and another that was only measured on the second.
TEST_F(Documents, CompareLatenciesWithinADeviceClassOnly) {
  job::Plan plan;
  plan.name = "devices";
  plan.groups = {"g"};
  plan.objectives = kBoth;
  for (const std::string name : {"accuracy 0", "0 on a", "0 on b", "accuracy 1", "1 on b"}) {
    plan.tasks.push_back({key_of(name),
                          name.starts_with("accuracy") ? job::Stage::evaluate : job::Stage::benchmark,
                          {},
                          {},
                          false});
  }
  const auto own = job::TaskRole::own;
  plan.trials.push_back({"g", {{"n", 0}}, {{0, own}, {1, own}, {2, own}}});
  plan.trials.push_back({"g", {{"n", 1}}, {{3, own}, {4, own}}});
  submit(plan);
  const auto measure = [&](std::string_view task, const char* name, double value, const char* device_class) {
    auto writes = success(attempt_++, id_of(task), {metric(name, value)});
    for (auto& write : writes) {
      if (auto* end = std::get_if<EndAttempt>(&write)) end->device_class = device_class;
    }
    store_->commit(writes, epoch_);
  };
  measure("accuracy 0", "accuracy", 0.9, "a");
  measure("0 on a", "latency_p50_ms", 5, "a");
  measure("0 on b", "latency_p50_ms", 1, "b");
  measure("accuracy 1", "accuracy", 0.8, "b");
  EXPECT_EQ(rows("select device_class, state, latency_p50_ms from v1.results_by_device order by trial_id, 1"),
            (std::vector<std::string>{"a|succeeded|5", "b|succeeded|1", "null|ready|null"}));
  measure("1 on b", "latency_p50_ms", 2, "b");
  EXPECT_EQ(
      rows("select device_class, params ->> 'n' from v1.pareto_by_device join v1.trials t on t.id = trial_id "
           "order by 1, 2"),
      (std::vector<std::string>{"a|0", "b|0"}))
      << "1 is slower than 0 on b, and no better";
  EXPECT_EQ(front(), "0") << "of 0 that is the first of its classes, on which 1 wasn't measured";
  EXPECT_EQ(one("select latency_p50_ms, device_class from v1.pareto"), "5|a");
}

TEST_F(Documents, LetNoUnmeasuredMetricDominate) {
  measured({{0.9, 2.0}, {std::nullopt, 2.0}, {0.95, std::nullopt}, {std::nullopt, std::nullopt}}, kBoth);
  EXPECT_EQ(front(), "0 2");
}

TEST_F(Documents, KeepTrialsThatBreakAConstraintOffTheFront) {
  const auto job = measured({{0.9, 2.0}, {0.8, 1.0}, {std::nullopt, 0.5}}, kBoth, {{"accuracy", ">=", 0.85}});
  EXPECT_EQ(front(), "0");
  EXPECT_EQ(document(job).at("constraints"), json::parse(R"({"accuracy":">= 0.85"})"));
  EXPECT_EQ(document(job).at("trials").at(0).at("pareto"), true);
  EXPECT_EQ(document(job).at("trials").at(1).at("pareto"), false);
}

TEST_F(Documents, TellOnlyTrialsThatChangedSinceTheWatermark) {
  const auto job = submit();
  std::int64_t watermark = 0;
  EXPECT_EQ(store_->trials_changed_since(job, watermark).size(), 2U);
  EXPECT_TRUE(store_->trials_changed_since(job, watermark).empty());
  succeed("prune");
  const auto changed = store_->trials_changed_since(job, watermark);
  ASSERT_EQ(changed.size(), 1U);
  EXPECT_EQ(changed.at(0).at("group"), "b");
  succeed("train");
  EXPECT_EQ(store_->trials_changed_since(job, watermark).size(), 2U) << "both need it";
  EXPECT_TRUE(store_->trials_changed_since(job, watermark).empty());
}

TEST_F(Documents, TellTrialsThatAnotherOneTakesOffTheFront) {
  job::Plan plan = small_plan();
  const auto job = submit(plan);
  succeed("train");
  succeed("evaluate-a", {metric("accuracy", 0.5)});
  std::int64_t watermark = 0;
  EXPECT_EQ(store_->trials_changed_since(job, watermark).at(0).at("pareto"), true);
  succeed("prune");
  succeed("evaluate-b", {metric("accuracy", 0.6)});
  const auto changed = store_->trials_changed_since(job, watermark);
  ASSERT_EQ(changed.size(), 2U);
  EXPECT_EQ(changed.at(0).at("pareto"), false);
  EXPECT_EQ(changed.at(1).at("pareto"), true);
}

TEST_F(Documents, TellEveryTrialWhenTheJobItselfChanges) {
  const auto job = submit();
  std::int64_t watermark = 0;
  store_->trials_changed_since(job, watermark);
  store_->commit({SetJob{job, JobState::cancelled}}, epoch_);
  const auto changed = store_->trials_changed_since(job, watermark);
  ASSERT_EQ(changed.size(), 2U);
  EXPECT_EQ(changed.at(0).at("state"), "cancelled");
}

}  // namespace
}  // namespace espalier::store::testing
