#include <algorithm>

#include "tests/unit/store/database.hpp"

namespace espalier::store::testing {
namespace {

using Recovery = DatabaseTest;

TEST_F(Recovery, FindsUnfinishedJobsTheirTasksAndOpenAttempts) {
  auto store = open();
  const auto epoch = store->begin_epoch().epoch;
  auto plan = small_plan();
  plan.retries = 5;
  plan.timeout_s = 1.5;
  plan.memory_bytes = 1LL << 32;
  plan.tasks[3].exclusive = true;
  const auto paused = submit(*store, plan, submission("one"), epoch).job.id;
  const auto running = submit(*store, plan, submission("two"), epoch).job.id;
  const auto done = submit(*store, plan, submission("three"), epoch).job.id;
  store->commit({SetJob{paused, JobState::paused}, SetJob{done, JobState::succeeded}}, epoch);
  store->commit(success(41, id_of("train")), epoch);
  store->commit(
      {StartAttempt{AttemptId{42}, id_of("prune"), WorkerName{"w9"}}, SetProgress{AttemptId{42}, 0.1}},
      epoch);

  auto next = open();
  const auto reign = next->begin_epoch();
  EXPECT_EQ(reign.epoch, epoch + 1);
  EXPECT_EQ(reign.next_attempt, 43);
  EXPECT_EQ(reign.unfinished, (std::vector{paused, running}));
  EXPECT_EQ(next->job(paused).state, JobState::paused);
  const auto job = next->job(running);
  EXPECT_EQ(job.retries, 5);
  EXPECT_EQ(job.timeout_s, 1.5);
  EXPECT_EQ(job.memory_bytes, 1LL << 32);
  const auto tasks = next->tasks(running, 0, 10).tasks;
  ASSERT_EQ(tasks.size(), 3U) << "train has its result";
  EXPECT_EQ(tasks[1].id, id_of("prune"));
  EXPECT_EQ(tasks[1].state, TaskState::waiting) << "that it runs is told by its open attempt";
  EXPECT_TRUE(tasks[1].inputs.empty());
  EXPECT_EQ(tasks[2].inputs, std::vector{id_of("prune")});
  EXPECT_FALSE(tasks[1].exclusive);
  EXPECT_TRUE(tasks[2].exclusive);
  const auto attempts = next->open_attempts();
  ASSERT_EQ(attempts.size(), 1U);
  EXPECT_EQ(attempts[0].attempt, AttemptId{42});
  EXPECT_EQ(attempts[0].task, id_of("prune"));
  EXPECT_EQ(attempts[0].worker, WorkerName{"w9"});
  EXPECT_TRUE(attempts[0].heard);
}

TEST_F(Recovery, ReadsAJobsTasksPageByPage) {
  auto store = open();
  const auto epoch = store->begin_epoch().epoch;
  const auto job = submit(*store, small_plan(), submission(), epoch).job.id;
  std::vector<TaskId> found;
  std::optional<std::int64_t> place = 0;
  for (int pages = 0; place; ++pages) {
    ASSERT_LT(pages, 5);
    const auto page = store->tasks(job, *place, 1);
    for (const auto& task : page.tasks) found.push_back(task.id);
    place = page.next;
  }
  EXPECT_EQ(found, (std::vector{id_of("train"), id_of("evaluate-a"), id_of("prune"), id_of("evaluate-b")}));
}

TEST_F(Recovery, BeginsWithAttemptOneInAnEmptyDatabase) {
  const auto reign = open()->begin_epoch();
  EXPECT_EQ(reign.next_attempt, 1);
  EXPECT_TRUE(reign.unfinished.empty());
}

}  // namespace
}  // namespace espalier::store::testing
