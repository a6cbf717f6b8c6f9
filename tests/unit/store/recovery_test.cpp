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
  const auto paused = store->submit(plan, submission("one")).job.id;
  const auto running = store->submit(plan, submission("two")).job.id;
  const auto done = store->submit(plan, submission("three")).job.id;
  store->commit({SetJob{paused, JobState::paused}, SetJob{done, JobState::succeeded}}, epoch);
  store->commit(success(41, key_of("train")), epoch);
  store->commit({StartAttempt{AttemptId{42}, key_of("prune"), WorkerName{"w9"}},
                 SetTask{key_of("prune"), TaskState::running, 1, ""}},
                epoch);

  const auto recovered = open()->begin_epoch();
  EXPECT_EQ(recovered.epoch, epoch + 1);
  EXPECT_EQ(recovered.next_attempt, 43);
  ASSERT_EQ(recovered.jobs.size(), 2U);
  EXPECT_EQ(recovered.jobs[0].id, paused);
  EXPECT_EQ(recovered.jobs[0].state, JobState::paused);
  const auto& job = recovered.jobs[1];
  EXPECT_EQ(job.id, running);
  EXPECT_EQ(job.retries, 5);
  EXPECT_EQ(job.timeout_s, 1.5);
  EXPECT_EQ(job.memory_bytes, 1LL << 32);
  ASSERT_EQ(job.tasks.size(), 4U);
  EXPECT_EQ(job.tasks[0].state, TaskState::succeeded);
  EXPECT_EQ(job.tasks[2].state, TaskState::running);
  EXPECT_EQ(job.tasks[2].failures, 1);
  EXPECT_EQ(job.tasks[2].inputs, std::vector{key_of("train")});
  EXPECT_FALSE(job.tasks[2].exclusive);
  EXPECT_TRUE(job.tasks[3].exclusive);
  ASSERT_EQ(recovered.attempts.size(), 1U);
  EXPECT_EQ(recovered.attempts[0].attempt, AttemptId{42});
  EXPECT_EQ(recovered.attempts[0].task, key_of("prune"));
  EXPECT_EQ(recovered.attempts[0].worker, WorkerName{"w9"});
}

TEST_F(Recovery, BeginsWithAttemptOneInAnEmptyDatabase) {
  const auto recovered = open()->begin_epoch();
  EXPECT_EQ(recovered.next_attempt, 1);
  EXPECT_TRUE(recovered.jobs.empty());
  EXPECT_TRUE(recovered.attempts.empty());
}

}  // namespace
}  // namespace espalier::store::testing
