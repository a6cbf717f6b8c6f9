#include "tests/unit/core/world.hpp"

namespace espalier::core {
namespace {

class Jobs : public World {};

TEST_F(Jobs, that_are_cancelled_take_along_only_what_nobody_else_needs) {
  hello("a", 3);
  add(job(1, {task("shared"), task("own"), task("later", {"own"})}));
  const auto own = given("own");
  add(job(2, {task("shared")}));
  step(JobCancelled{{1}});
  EXPECT_TRUE(state_is("shared", TaskState::assigned));
  EXPECT_EQ(messages<wire::Cancel>().size(), 1u);
  EXPECT_EQ(messages<wire::Cancel>()[0].attempt, own);
  EXPECT_EQ(writes<SetJob>()[0].state, JobState::cancelled);
  ASSERT_EQ(writes<EndAttempt>().size(), 1u);
  EXPECT_EQ(writes<EndAttempt>()[0].state, AttemptState::cancelled);
  EXPECT_EQ(writes<SetTask>().size(), 2u);  // own, later
}

TEST_F(Jobs, that_are_cancelled_twice_change_nothing_the_second_time) {
  add(job(1, {task("base")}));
  step(JobCancelled{{1}});
  step(JobCancelled{{1}});
  EXPECT_TRUE(writes<SetJob>().empty());
  EXPECT_TRUE(writes<SetTask>().empty());
}

TEST_F(Jobs, that_are_paused_start_nothing_until_they_are_resumed) {
  add(job(1, {task("base")}));
  step(JobPaused{{1}});
  hello("a");
  EXPECT_TRUE(all<GiveOut>().empty());
  step(JobResumed{{1}});
  EXPECT_NE(given("base"), 0);
}

TEST_F(Jobs, that_are_paused_do_not_hold_up_what_another_job_needs) {
  add(job(1, {task("base")}));
  step(JobPaused{{1}});
  add(job(2, {task("base")}));
  hello("a");
  EXPECT_NE(given("base"), 0);
}

TEST_F(Jobs, of_higher_priority_go_first_and_equal_ones_by_age) {
  add(job(1, {task("old")}));
  add(job(2, {task("young")}));
  add(job(3, {task("urgent")}, 90));
  hello("a");
  EXPECT_NE(given("urgent"), 0);
  finish("a", given("urgent"));
  EXPECT_NE(given("old"), 0);
  EXPECT_GT(given("young"), given("old"));
}

TEST_F(Jobs, that_come_twice_are_one) {
  hello("a", 4);
  add(job(1, {task("base")}));
  add(job(1, {task("base"), task("more")}));
  EXPECT_EQ(all<GiveOut>().size(), 1u);
  EXPECT_NE(given("more"), 0);
  finish("a", 1);
  finish("a", 2);
  EXPECT_EQ(writes<SetJob>().size(), 1u);
}

TEST_F(Jobs, that_are_cancelled_and_asked_for_again_run_again) {
  hello("a");
  add(job(1, {task("base"), task("next", {"base"})}));
  step(SubmissionBegun{});  // somebody else's: meanwhile nothing is forgotten
  step(JobCancelled{{1}});
  step(SubmissionBegun{JobId{1}});
  add(job(1, {task("base"), task("next", {"base"})}));
  step(SubmissionEnded{JobId{1}});
  step(SubmissionEnded{});
  wait(1ms);
  EXPECT_TRUE(state_is("base", TaskState::assigned));
  EXPECT_TRUE(state_is("next", TaskState::waiting));
}

TEST_F(Jobs, that_are_cancelled_between_their_parts_stay_so) {
  hello("a", 4);
  step(SubmissionBegun{});
  step(JobAdded{job(1, {task("base")}), true, true});
  EXPECT_NE(given("base"), 0);
  step(JobCancelled{{1}});
  for (const bool more : {true, false}) {
    step(JobAdded{job(1, {task(more ? "next" : "last", {"base"})}), true, more});
    EXPECT_TRUE(all<GiveOut>().empty());
    for (const SetJob& set : writes<SetJob>()) EXPECT_EQ(set.state, JobState::cancelled);
  }
  step(SubmissionEnded{});
  wait(1ms);
  EXPECT_EQ(core_.counts().tasks, 0u);
  EXPECT_TRUE(all<GiveOut>().empty());
}

TEST_F(Jobs, that_are_cancelled_between_their_parts_stay_so_though_their_search_asks_for_more) {
  step(SubmissionBegun{});
  step(JobAdded{job(1, {task("base")}), true, true});
  step(JobCancelled{{1}});
  step(SubmissionBegun{JobId{1}, true});
  step(SubmissionEnded{JobId{1}});
  step(JobAdded{job(1, {task("next")}), true, false});
  ASSERT_EQ(writes<SetJob>().size(), 1u);
  EXPECT_EQ(writes<SetJob>()[0].state, JobState::cancelled);
  step(SubmissionEnded{});
}

TEST_F(Jobs, that_are_paused_between_their_parts_stay_so) {
  hello("a", 4);
  step(SubmissionBegun{});
  step(JobAdded{job(1, {task("base")}), true, true});
  step(JobPaused{{1}});
  step(JobAdded{job(1, {task("next")}), true, false});
  step(SubmissionEnded{});
  EXPECT_TRUE(state_is("next", TaskState::ready));
  step(JobResumed{{1}});
  EXPECT_NE(given("next"), 0);
}

// The store has written that it runs, before the pause or after it.
TEST_F(Jobs, that_are_paused_while_they_are_extended_stay_so_and_that_is_put_on_record) {
  add(job(1, {task("base")}));
  step(SubmissionBegun{JobId{1}});
  step(JobPaused{{1}});
  add(job(1, {task("next")}));
  ASSERT_EQ(writes<SetJob>().size(), 1u);
  EXPECT_EQ(writes<SetJob>()[0].state, JobState::paused);
  step(SubmissionEnded{JobId{1}});
  hello("a", 2);
  EXPECT_TRUE(all<GiveOut>().empty());
}

TEST_F(Jobs, of_many_tasks_are_cancelled_in_slices) {
  std::vector<TaskRow> tasks;
  for (int i = 0; i < 5000; ++i) tasks.push_back(task(std::to_string(i)));
  add(job(1, tasks));
  step(JobCancelled{{1}});
  EXPECT_EQ(writes<SetTask>().size(), Settings{}.slice);
  EXPECT_LE(*core_.next_deadline(), now_);
  for (int i = 0; i < 20 && core_.next_deadline(); ++i) wait(1ms);
  EXPECT_EQ(core_.counts().tasks, 0u);
}

TEST_F(Jobs, are_counted_with_their_tasks_by_state_until_they_are_forgotten) {
  const auto tasks = [&](TaskState state) {
    return core_.counts().tasks_by_state[static_cast<std::size_t>(state)];
  };
  const auto sum = [&] {
    std::size_t all = 0;
    for (const std::size_t each : core_.counts().tasks_by_state) all += each;
    return all;
  };
  add(job(1, {task("a"), task("b"), task("c", {"a"}), task("d", {"b"})}));
  EXPECT_EQ(tasks(TaskState::ready), 2u);
  EXPECT_EQ(tasks(TaskState::waiting), 2u);
  hello("w", 2);
  EXPECT_EQ(tasks(TaskState::assigned), 2u);
  const auto a = given("a"), b = given("b");
  beat("w", {a, b});
  EXPECT_EQ(tasks(TaskState::running), 2u);
  finish("w", a);
  finish("w", b, wire::Outcome::failed);
  EXPECT_EQ(tasks(TaskState::succeeded), 1u);
  EXPECT_EQ(tasks(TaskState::failed), 1u);
  EXPECT_EQ(tasks(TaskState::cancelled), 1u) << "an input of it failed";
  EXPECT_EQ(sum(), 4u);
  EXPECT_EQ(core_.counts().jobs_by_state[static_cast<std::size_t>(JobState::running)], 1u);
  EXPECT_EQ(core_.counts().slots, 2u);
  step(JobCancelled{{1}});
  for (int i = 0; i < 20 && core_.counts().tasks > 0; ++i) wait(1ms);
  EXPECT_EQ(sum(), 0u);
  EXPECT_EQ(core_.counts().jobs_by_state, (std::array<std::size_t, kJobStates>{}));
}

}  // namespace
}  // namespace espalier::core
