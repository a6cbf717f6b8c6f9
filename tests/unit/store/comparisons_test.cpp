#include "tests/unit/store/database.hpp"

namespace espalier::store::testing {
namespace {

using ::testing::ElementsAre;

// One trial that compares the trials 12 and 34, whether or not these are there.
job::Plan comparing_plan(std::int64_t trial = 12, std::int64_t against = 34) {
  job::Plan plan;
  plan.name = "compare";
  plan.groups = {"main"};
  job::Task task{key_of("compare"), job::Stage::benchmark, json::object{{"stage", "benchmark"}}, {}, true};
  task.inputs = {{"model", {}, "", hash_of("one"), 0}, {"baseline", {}, "", hash_of("other"), 0}};
  plan.tasks.push_back(std::move(task));
  plan.trials.push_back(
      {"main", {{"model.trial", trial}, {"benchmark.against", against}}, {{0, job::TaskRole::own}}});
  return plan;
}

class Comparisons : public DatabaseTest {
 protected:
  void measure(double low, double high) {
    store_->commit(
        success(1, id_of("compare"),
                {metric("speedup", (low + high) / 2, low, high),
                 metric("speedup/b1/t1", (low + high) / 2, low, high),
                 metric("speedup/b32/t2", 1.5, 1.4, 1.6), metric("latency_p50_ms/b1/t1", 2, 1.9, 2.1),
                 metric("baseline_p50_ms/b1/t1", 3, 2.9, 3.1), metric("busy", 0.01)}),
        epoch_);
  }
  std::unique_ptr<Store> store_ = open();
  std::int64_t epoch_ = store_->begin_epoch().epoch;
};

TEST_F(Comparisons, AreARowABatchSizeAndNumberOfThreads) {
  submit(*store_, comparing_plan(), submission(), epoch_);
  EXPECT_THAT(rows("select 1 from v1.comparisons"), ElementsAre()) << "nothing is measured yet";
  measure(1.3, 1.7);
  EXPECT_THAT(
      rows("select trial, against, batch, threads, p50_ms, against_p50_ms, ratio, ci_low, ci_high, verdict, "
           "busy, worker, device_class from v1.comparisons order by batch"),
      ElementsAre("12|34|1|1|2|3|1.5|1.3|1.7|faster|0.01|w1|cpu",
                  "12|34|32|2|null|null|1.5|1.4|1.6|faster|0.01|w1|cpu"));
}

// The speed-up is that of batch 1.
TEST_F(Comparisons, CannotTellWhereTheIntervalComesNearOneAndNeitherCanResults) {
  const auto job = submit(*store_, comparing_plan(), submission(), epoch_).job.id;
  const auto verdicts =
      "select c.verdict, r.speedup_verdict, d.speedup_verdict from v1.comparisons c "
      "join v1.results r using (trial_id) join v1.results_by_device d using (trial_id) where c.batch = 1";
  const auto between = [&](double low, double high) {
    execute("update espalier.metric set ci_low = " + std::to_string(low) +
            ", ci_high = " + std::to_string(high) + " where name in ('speedup', 'speedup/b1/t1')");
    return one(verdicts);
  };
  const std::string unclear = "can't tell|can't tell|can't tell";
  EXPECT_EQ(one("select speedup_verdict from v1.results"), "null");
  measure(1.0, 1.1);
  EXPECT_EQ(one(verdicts), unclear);
  EXPECT_EQ(between(1.004, 1.1), unclear) << "nobody chooses a net for so little";
  EXPECT_EQ(between(1.006, 1.1), "faster|faster|faster");
  EXPECT_EQ(between(0.9, 0.996), unclear);
  EXPECT_EQ(between(0.9, 0.99), "slower|slower|slower");
  EXPECT_EQ(store_->job_document(job)->at("trials").at(0).at("speedup_verdict"), "slower");
}

TEST_F(Comparisons, AreReadWithWhatIsKnownOfTheirTrials) {
  submit(*store_, small_plan(), submission(), epoch_);
  const auto trials = rows("select id from v1.trials order by id");
  ASSERT_EQ(trials.size(), 2U);
  store_->commit(success(7, id_of("evaluate-a"), {metric("accuracy", 0.9, 0.88, 0.92)}), epoch_);
  const auto job = submit(*store_, comparing_plan(std::stoll(trials[0]), std::stoll(trials[1])),
                          submission("compare"), epoch_)
                       .job.id;
  measure(1.3, 1.7);
  const auto found = store_->comparisons(job);
  ASSERT_TRUE(found.has_value());
  ASSERT_EQ(found->at("trials").as_array().size(), 2U);
  const auto& first = found->at("trials").at(0);
  EXPECT_EQ(first.at("group"), "a");
  EXPECT_EQ(first.at("job").at("name"), "small");
  EXPECT_EQ(first.at("accuracy"), 0.9);
  EXPECT_EQ(first.at("accuracy_ci_low"), 0.88);
  EXPECT_TRUE(found->at("trials").at(1).at("accuracy").is_null()) << "it isn't measured, which is not 0";
  ASSERT_EQ(found->at("comparisons").as_array().size(), 2U);
  const auto& measured = found->at("comparisons").at(0);
  EXPECT_EQ(measured.at("batch"), 1);
  EXPECT_EQ(measured.at("against_p50_ms"), 3.0);
  EXPECT_EQ(json::serialize(measured.at("ratio_ci")), "[1.3E0,1.7E0]");
  EXPECT_FALSE(store_->comparisons(JobId{99}).has_value());
}

TEST_F(Comparisons, TakeTheModelOfATrialFromItsLastStage) {
  submit(*store_, small_plan(), submission(), epoch_);
  const auto trial = TrialId{std::stoll(one("select max(id) from v1.trials"))};
  auto refused = store_->trial_model(trial);
  ASSERT_TRUE(refused.has_error());
  EXPECT_EQ(refused.error().kind, ErrorKind::busy);
  store_->commit(success(1, id_of("train"), {}, {{"model", hash_of("trained").value, 100}}), epoch_);
  store_->commit(success(2, id_of("prune"), {}, {{"model", hash_of("pruned").value, 90}}), epoch_);
  const auto model = store_->trial_model(trial);
  ASSERT_TRUE(model.has_value()) << model.error().message;
  EXPECT_EQ(model->file->file, hash_of("pruned"));
  EXPECT_EQ(store_->trial_model(TrialId{99}).error().kind, ErrorKind::not_found);
}

// The file is an input of the comparison: it stays even if the trial's own tasks should go one day.
TEST_F(Comparisons, KeepTheFilesThatTheyNeed) {
  submit(*store_, comparing_plan(), submission(), epoch_);
  EXPECT_THAT(store_->unneeded_artifacts({hash_of("one"), hash_of("other"), hash_of("garbage")}),
              ElementsAre(hash_of("garbage")));
}

}  // namespace
}  // namespace espalier::store::testing
