#include <algorithm>

#include "tests/unit/store/database.hpp"

namespace espalier::store::testing {
namespace {

class Submit : public DatabaseTest {
 protected:
  std::unique_ptr<Store> store_ = open();
  std::int64_t epoch_ = store_->begin_epoch().epoch;
  json::object tasks_of(JobId job) { return store_->job_summaries(job).at(0).at("tasks").as_object(); }
};

TEST_F(Submit, WritesEveryTrialTaskAndEdgeOnce) {
  const auto submitted = store_->submit(small_plan(), submission());
  EXPECT_FALSE(submitted.resumed);
  ASSERT_EQ(submitted.job.tasks.size(), 4U);
  EXPECT_EQ(submitted.job.tasks[0].key, key_of("train"));
  EXPECT_EQ(submitted.job.tasks[3].inputs, std::vector{key_of("prune")});
  EXPECT_TRUE(
      std::ranges::all_of(submitted.job.tasks, [](auto& task) { return task.state == TaskState::waiting; }));
  EXPECT_EQ(one("select count(*) from v1.trials"), "2");
  EXPECT_EQ(one("select count(*) from v1.trial_tasks"), "5");
  EXPECT_EQ(
      rows("select group_name, params, state from v1.trials order by id"),
      (std::vector<std::string>{R"(a|{"train.epochs": 1}|waiting)", R"(b|{"prune.amount": 0.5}|waiting)"}));
}

TEST_F(Submit, ResumesAnUnfinishedJobOfTheSameTextAndTasks) {
  const auto first = store_->submit(small_plan(), submission());
  store_->commit({SetJob{first.job.id, JobState::paused}}, epoch_);
  const auto second = store_->submit(small_plan(), submission());
  EXPECT_TRUE(second.resumed);
  EXPECT_EQ(second.job.id, first.job.id);
  EXPECT_EQ(second.job.state, JobState::running);
  EXPECT_EQ(one("select count(*) from v1.jobs"), "1");
}

TEST_F(Submit, StartsANewJobIfTheSameTextMeansOtherTasks) {
  const auto first = store_->submit(small_plan(), submission());
  auto changed = small_plan();
  changed.tasks[3].key = key_of("another version of evaluate-b");
  const auto second = store_->submit(changed, submission());
  EXPECT_FALSE(second.resumed);
  EXPECT_NE(second.job.id, first.job.id);
}

TEST_F(Submit, DoesNotRepeatWhatAFinishedJobHasDone) {
  const auto first = store_->submit(small_plan(), submission());
  std::int64_t attempt = 1;
  for (const auto& task : first.job.tasks) store_->commit(success(attempt++, task.key), epoch_);
  store_->commit({SetJob{first.job.id, JobState::succeeded}}, epoch_);
  EXPECT_EQ(json::serialize(tasks_of(first.job.id)),
            R"({"total":4,"executed":4,"reused":0,"running":0,"failed":0})");

  const auto second = store_->submit(small_plan(), submission());
  EXPECT_FALSE(second.resumed);
  EXPECT_TRUE(
      std::ranges::all_of(second.job.tasks, [](auto& task) { return task.state == TaskState::succeeded; }));
  EXPECT_EQ(json::serialize(tasks_of(second.job.id)),
            R"({"total":4,"executed":0,"reused":4,"running":0,"failed":0})");
}

TEST_F(Submit, CountsOnlyWhatRanSinceTheJobWasResumed) {
  const auto first = store_->submit(small_plan(), submission());
  store_->commit(success(1, key_of("train")), epoch_);
  store_->submit(small_plan(), submission());
  store_->commit(success(2, key_of("prune")), epoch_);
  EXPECT_EQ(json::serialize(tasks_of(first.job.id)),
            R"({"total":4,"executed":1,"reused":1,"running":0,"failed":0})");
}

TEST_F(Submit, AsksFailedAndCancelledTasksAgain) {
  const auto first = store_->submit(small_plan(), submission());
  store_->commit({SetTask{key_of("train"), TaskState::failed, 3, "no luck"},
                  SetTask{key_of("prune"), TaskState::cancelled, 0, "an input failed"},
                  SetJob{first.job.id, JobState::failed}},
                 epoch_);
  const auto second = store_->submit(small_plan(), submission());
  EXPECT_NE(second.job.id, first.job.id);
  for (const auto& task : second.job.tasks) {
    EXPECT_EQ(task.state, TaskState::waiting);
    EXPECT_EQ(task.failures, 0);
  }
}

TEST_F(Submit, PausesOtherUnfinishedJobsIfItReplacesThem) {
  const auto first = store_->submit(small_plan(), submission("one"));
  const auto kept = store_->submit(small_plan(), submission("two"));
  EXPECT_TRUE(kept.paused.empty());
  const auto third = store_->submit(small_plan(), submission("three", true));
  EXPECT_EQ(third.paused, (std::vector{first.job.id, kept.job.id}));
  EXPECT_EQ(rows("select state from v1.jobs order by id"),
            (std::vector<std::string>{"paused", "paused", "running"}));
}

TEST_F(Submit, KeepsTextThatPostgresCouldNotHold) {
  auto plan = small_plan();
  plan.name = std::string("zero\0byte", 9);
  plan.description = "not UTF-8: \xff, quotes: \"'\\{},";
  plan.trials[0].params = {{"text", std::string("a\0b", 3)}};
  store_->submit(plan, submission());
  EXPECT_EQ(one("select name || '/' || description from v1.jobs"),
            "zero\xEF\xBF\xBD"
            "byte/not UTF-8: \xEF\xBF\xBD, quotes: \"'\\{},");
}

TEST_F(Submit, WritesMoreRowsThanOneStatementTakes) {
  auto plan = small_plan();
  const auto trial = plan.trials[0];
  plan.trials.assign(12000, trial);
  store_->submit(plan, submission());
  EXPECT_EQ(one("select count(*), count(distinct ordinal), max(ordinal) from espalier.trial"),
            "12000|12000|11999");
  EXPECT_EQ(one("select count(*) from v1.trial_tasks"), "24000");
}

}  // namespace
}  // namespace espalier::store::testing
