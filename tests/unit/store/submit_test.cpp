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
  const auto submitted = submit(*store_, small_plan(), submission(), epoch_);
  EXPECT_FALSE(submitted.resumed);
  ASSERT_EQ(submitted.job.tasks.size(), 4U);
  EXPECT_EQ(submitted.job.tasks[0].id, id_of("train"));
  EXPECT_EQ(submitted.job.tasks[0].state, TaskState::ready);
  EXPECT_EQ(submitted.job.tasks[3].inputs, std::vector{id_of("prune")});
  EXPECT_EQ(submitted.job.tasks[3].state, TaskState::waiting);
  EXPECT_EQ(one("select count(*) from v1.trials"), "2");
  EXPECT_EQ(one("select count(*) from v1.trial_tasks"), "5");
  EXPECT_EQ(
      rows("select group_name, params, state from v1.trials order by id"),
      (std::vector<std::string>{R"(a|{"train.epochs": 1}|waiting)", R"(b|{"prune.amount": 0.5}|waiting)"}));
}

TEST_F(Submit, ResumesAnUnfinishedJobOfTheSameTextAndTasks) {
  const auto first = submit(*store_, small_plan(), submission(), epoch_);
  store_->commit({SetJob{first.job.id, JobState::paused}}, epoch_);
  const auto second = submit(*store_, small_plan(), submission(), epoch_);
  EXPECT_TRUE(second.resumed);
  EXPECT_EQ(second.job.id, first.job.id);
  EXPECT_EQ(second.job.state, JobState::running);
  EXPECT_EQ(one("select count(*) from v1.jobs"), "1");
}

TEST_F(Submit, StartsANewJobIfTheSameTextMeansOtherTasks) {
  const auto first = submit(*store_, small_plan(), submission(), epoch_);
  auto changed = small_plan();
  changed.tasks[3].key = key_of("another version of evaluate-b");
  const auto second = submit(*store_, changed, submission(), epoch_);
  EXPECT_FALSE(second.resumed);
  EXPECT_NE(second.job.id, first.job.id);
}

TEST_F(Submit, DoesNotRepeatWhatAFinishedJobHasDone) {
  const auto first = submit(*store_, small_plan(), submission(), epoch_);
  std::int64_t attempt = 1;
  for (const auto& task : first.job.tasks) store_->commit(success(attempt++, task.id), epoch_);
  store_->commit({SetJob{first.job.id, JobState::succeeded}}, epoch_);
  EXPECT_EQ(json::serialize(tasks_of(first.job.id)),
            R"({"total":4,"executed":4,"reused":0,"running":0,"failed":0})");

  const auto second = submit(*store_, small_plan(), submission(), epoch_);
  EXPECT_FALSE(second.resumed);
  EXPECT_TRUE(second.job.tasks.empty());
  EXPECT_EQ(json::serialize(tasks_of(second.job.id)),
            R"({"total":4,"executed":0,"reused":4,"running":0,"failed":0})");
}

TEST_F(Submit, CountsOnlyWhatRanSinceTheJobWasResumed) {
  const auto first = submit(*store_, small_plan(), submission(), epoch_);
  store_->commit(success(1, id_of("train")), epoch_);
  submit(*store_, small_plan(), submission(), epoch_);
  store_->commit(success(2, id_of("prune")), epoch_);
  EXPECT_EQ(json::serialize(tasks_of(first.job.id)),
            R"({"total":4,"executed":1,"reused":1,"running":0,"failed":0})");
}

TEST_F(Submit, AsksFailedAndCancelledTasksAgain) {
  const auto first = submit(*store_, small_plan(), submission(), epoch_);
  store_->commit({SetTask{id_of("train"), TaskState::failed, 3, "no luck"},
                  SetTask{id_of("prune"), TaskState::cancelled, 0, "an input failed"},
                  SetJob{first.job.id, JobState::failed}},
                 epoch_);
  const auto second = submit(*store_, small_plan(), submission(), epoch_);
  EXPECT_NE(second.job.id, first.job.id);
  for (const auto& task : second.job.tasks) {
    EXPECT_EQ(task.state, TaskState::waiting);
    EXPECT_EQ(task.failures, 0);
  }
}

TEST_F(Submit, ExtendsAFinishedJobByTheTrialsItDoesNotHaveYet) {
  auto plan = small_plan();
  plan.groups = {"a"};
  plan.trials.pop_back();
  plan.tasks.resize(2);
  const auto first = submit(*store_, plan, submission(), epoch_);
  store_->commit(success(1, id_of("train")), epoch_);
  store_->commit(
      {SetTask{id_of("evaluate-a"), TaskState::failed, 1, "no luck"}, SetJob{first.job.id, JobState::failed}},
      epoch_);
  const auto extended = submit(*store_, small_plan(), submission("more"), epoch_, first.job.id);
  EXPECT_EQ(extended.job.id, first.job.id);
  EXPECT_EQ(extended.job.state, JobState::running);
  EXPECT_EQ(rows("select group_name, state from v1.trials order by id"),
            (std::vector<std::string>{"a|failed", "b|waiting"}));
  EXPECT_EQ(one("select array_to_string(groups, ','), state from v1.jobs"), "a,b|running");
  EXPECT_EQ(json::serialize(tasks_of(first.job.id)),
            R"({"total":4,"executed":1,"reused":0,"running":0,"failed":1})");
  submit(*store_, small_plan(), submission("more"), epoch_, first.job.id);
  EXPECT_EQ(one("select count(*) from v1.trials"), "2") << "a second time adds nothing";
  EXPECT_EQ(one("select count(*) from espalier.job_task"), "4");
}

TEST_F(Submit, RefusesToExtendAJobThatIsNotThere) {
  EXPECT_THROW(submit(*store_, small_plan(), submission(), epoch_, JobId{99}), ErrorException);
  EXPECT_EQ(one("select count(*) from v1.tasks"), "0");
}

TEST_F(Submit, AsksAgainForWhatFailedIfTheJobIsRetried) {
  const auto first = submit(*store_, small_plan(), submission(), epoch_);
  store_->commit(success(1, id_of("train")), epoch_);
  store_->commit({SetTask{id_of("prune"), TaskState::failed, 3, "no luck"},
                  SetTask{id_of("evaluate-b"), TaskState::cancelled, 0, "an input failed"},
                  SetJob{first.job.id, JobState::failed}},
                 epoch_);
  EXPECT_EQ(store_->retry(first.job.id, epoch_), 2U);
  EXPECT_EQ(one("select state, finished_at is null from v1.jobs"), "running|t");
  const auto tasks = store_->tasks(first.job.id, 0, 10).tasks;
  ASSERT_EQ(tasks.size(), 3U);
  EXPECT_TRUE(std::ranges::all_of(tasks, [](auto& task) { return !core::is_terminal(task.state); }));
}

TEST_F(Submit, LeavesAJobAloneIfNothingOfItCanBeRetried) {
  const auto first = submit(*store_, small_plan(), submission(), epoch_);
  store_->commit({SetJob{first.job.id, JobState::succeeded}}, epoch_);
  EXPECT_EQ(store_->retry(first.job.id, epoch_), 0U);
  EXPECT_EQ(one("select state from v1.jobs"), "succeeded");
}

TEST_F(Submit, LeavesNothingBehindIfItIsNotFinished) {
  const auto plan = small_plan();
  {
    const auto opened = store_->begin_submission(submission(), epoch_);
    opened->head(plan);
    opened->part(plan.trials, plan.tasks);
  }
  EXPECT_EQ(one("select count(*) from v1.jobs"), "0");
  EXPECT_EQ(one("select count(*) from v1.tasks"), "0");
}

// The first two tasks and the first trial, then the rest.
std::pair<job::Plan, job::Plan> in_parts() {
  auto first = small_plan();
  auto second = first;
  first.tasks.resize(2);
  first.trials.resize(1);
  second.tasks.erase(second.tasks.begin(), second.tasks.begin() + 2);
  second.trials.erase(second.trials.begin());
  return {first, second};
}

TEST_F(Submit, OfSeveralPartsIsAsOfOne) {
  submit(*store_, small_plan(), submission("before"), epoch_);
  store_->commit(success(1, id_of("train")), epoch_);
  const auto [first, second] = in_parts();
  const auto opened = store_->begin_submission(submission(), epoch_);
  opened->head(first);
  opened->part(first.trials, first.tasks);
  opened->part(second.trials, second.tasks);
  opened->part({}, {});
  const auto submitted = opened->finish();
  EXPECT_EQ(submitted.trials, 2U);
  EXPECT_EQ(json::serialize(tasks_of(submitted.job.id)),
            R"({"total":4,"executed":0,"reused":1,"running":0,"failed":0})");
  EXPECT_EQ(rows("select group_name, params from v1.trials where job_id = 2 order by id"),
            (std::vector<std::string>{R"(a|{"train.epochs": 1})", R"(b|{"prune.amount": 0.5})"}));
  EXPECT_EQ(
      one("select string_agg(task_id::text, ',' order by ordinal) from espalier.job_task where job_id = 2"),
      one("select string_agg(task_id::text, ',' order by ordinal) from espalier.job_task where job_id = 1"));
  EXPECT_EQ(one("select count(*) from v1.trial_tasks"), "10");
}

TEST_F(Submit, LeavesNothingBehindIfAConnectionBreaksBetweenItsParts) {
  const auto [first, second] = in_parts();
  const std::string ours = "datname = current_database() and pid <> pg_backend_pid() and state = ";
  for (const std::string which : {"'idle in transaction' and backend_xid is not null",  // that writes
                                  "'idle in transaction' and backend_xid is null"}) {   // that gives numbers
    {
      const auto opened = store_->begin_submission(submission(), epoch_);
      opened->head(first);
      opened->part(first.trials, first.tasks);
      opened->part(second.trials, second.tasks);
      ASSERT_EQ(
          one("select count(pg_terminate_backend(pid, 5000)) from pg_stat_activity where " + ours + which),
          "1");
      EXPECT_THROW(
          {
            opened->part({}, {});
            opened->finish();
          },
          Unavailable);
    }
    EXPECT_EQ(one("select count(*) from v1.jobs"), "0");
    EXPECT_EQ(one("select count(*) from v1.tasks"), "0");
  }
  EXPECT_EQ(submit(*store_, small_plan(), submission(), epoch_).job.tasks.size(), 4U);
}

TEST_F(Submit, TellsAtAGlanceWhatAnUntouchedJobIs) {
  const auto first = submit(*store_, small_plan(), submission(), epoch_);
  EXPECT_EQ(store_->untouched_summary(first.job.id), store_->job_summaries(first.job.id).at(0).as_object());
}

TEST_F(Submit, PausesOtherUnfinishedJobsIfItReplacesThem) {
  const auto first = submit(*store_, small_plan(), submission("one"), epoch_);
  const auto kept = submit(*store_, small_plan(), submission("two"), epoch_);
  EXPECT_TRUE(kept.paused.empty());
  const auto third = submit(*store_, small_plan(), submission("three", true), epoch_);
  EXPECT_EQ(third.paused, (std::vector{first.job.id, kept.job.id}));
  EXPECT_EQ(rows("select state from v1.jobs order by id"),
            (std::vector<std::string>{"paused", "paused", "running"}));
}

TEST_F(Submit, KeepsTextThatPostgresCouldNotHold) {
  auto plan = small_plan();
  plan.name = std::string("zero\0byte", 9);
  plan.description = "not UTF-8: \xff, quotes: \"'\\{},";
  plan.trials[0].params = {{"text", std::string("a\0b", 3)}};
  submit(*store_, plan, submission(), epoch_);
  EXPECT_EQ(one("select name || '/' || description from v1.jobs"),
            "zero\xEF\xBF\xBD"
            "byte/not UTF-8: \xEF\xBF\xBD, quotes: \"'\\{},");
}

TEST_F(Submit, WritesMoreRowsThanOneStatementTakes) {
  auto plan = small_plan();
  const auto trial = plan.trials[0];
  plan.trials.assign(12000, trial);
  submit(*store_, plan, submission(), epoch_);
  EXPECT_EQ(one("select count(*), count(distinct ordinal), max(ordinal) from espalier.trial"),
            "12000|12000|11999");
  EXPECT_EQ(one("select count(*) from v1.trial_tasks"), "24000");
}

}  // namespace
}  // namespace espalier::store::testing
