#include "tests/unit/core/world.hpp"

namespace espalier::core {
namespace {

class Tasks : public World {};

TEST_F(Tasks, start_only_after_their_inputs_have_succeeded) {
  hello("a", 4);
  add(job(1, {task("base"), task("prune", {"base"}), task("evaluate", {"prune", "base"})}));
  const auto base = given("base");
  EXPECT_NE(base, 0);
  EXPECT_EQ(all<GiveOut>().size(), 1u);
  finish("a", base);
  const auto prune = given("prune");
  EXPECT_NE(prune, 0);
  EXPECT_EQ(given("evaluate"), 0);
  finish("a", prune);
  EXPECT_NE(given("evaluate"), 0);
}

TEST_F(Tasks, that_two_jobs_need_run_once) {
  hello("a", 4);
  add(job(1, {task("base")}));
  const auto base = given("base");
  add(job(2, {task("base"), task("student", {"base"})}));
  EXPECT_TRUE(all<GiveOut>().empty());
  finish("a", base);
  EXPECT_NE(given("student"), 0);
  ASSERT_EQ(writes<SetJob>().size(), 1u);
  EXPECT_EQ(writes<SetJob>()[0].job, JobId{1});
}

TEST_F(Tasks, with_a_committed_result_never_run_again) {
  hello("a");
  TaskRow done = task("base");
  done.state = TaskState::succeeded;
  add(job(1, {done}));
  EXPECT_TRUE(all<GiveOut>().empty());
  ASSERT_EQ(writes<SetJob>().size(), 1u);
  EXPECT_EQ(writes<SetJob>()[0].state, JobState::succeeded);
}

TEST_F(Tasks, that_crash_are_tried_again_until_their_retries_are_used_up) {
  hello("a");
  JobRow row = job(1, {task("base"), task("next", {"base"})});
  row.retries = 1;
  add(row);
  const auto first = given("base");
  finish("a", first, wire::Outcome::crashed);
  const auto second = given("base");
  EXPECT_GT(second, first);
  finish("a", second, wire::Outcome::failed, true);
  EXPECT_EQ(given("base"), 0);
  const auto states = writes<SetTask>();
  ASSERT_EQ(states.size(), 2u);
  EXPECT_EQ(states[0].state, TaskState::failed);
  EXPECT_EQ(states[0].failures, 2);
  EXPECT_EQ(states[1].task, key("next"));
  EXPECT_EQ(states[1].state, TaskState::cancelled);
  EXPECT_EQ(states[1].reason, "an input failed: it broke");
  ASSERT_EQ(writes<SetJob>().size(), 1u);
  EXPECT_EQ(writes<SetJob>()[0].state, JobState::failed);
}

TEST_F(Tasks, that_cannot_succeed_fail_at_once) {
  hello("a");
  for (const auto outcome : {wire::Outcome::failed, wire::Outcome::timed_out, wire::Outcome::out_of_memory}) {
    const std::string name = "task " + std::to_string(static_cast<int>(outcome));
    add(job(1 + static_cast<int>(outcome), {task(name)}));
    finish("a", given(name), outcome);
    ASSERT_EQ(writes<SetTask>().size(), 1u);
    EXPECT_EQ(writes<SetTask>()[0].state, TaskState::failed);
  }
}

TEST_F(Tasks, that_failed_run_again_when_another_submission_asks_for_them) {
  hello("a");
  add(job(1, {task("base"), task("next", {"base"}), task("other")}));
  const auto base = given("base");
  finish("a", base, wire::Outcome::failed);
  const auto other = given("other");
  TaskRow failed = task("base");
  failed.state = TaskState::failed;
  TaskRow cancelled = task("next", {"base"});
  cancelled.state = TaskState::cancelled;
  add(job(2, {failed, cancelled}));
  EXPECT_EQ(writes<SetTask>()[0].reason, "asked for again");
  EXPECT_TRUE(state_is("next", TaskState::waiting));
  finish("a", other);
  EXPECT_TRUE(writes<SetJob>().empty());  // job 1 needs the base as well, and it is on its way again
  finish("a", given("base"));
  finish("a", given("next"));
  ASSERT_EQ(writes<SetJob>().size(), 2u);
  EXPECT_EQ(writes<SetJob>()[0].state, JobState::succeeded);
  EXPECT_EQ(writes<SetJob>()[1].state, JobState::succeeded);
}

TEST_F(Tasks, whose_input_failed_twice_over_wait_for_each_input_once_when_asked_for_again) {
  hello("a", 2);
  add(job(1, {task("slow"), task("bad"), task("both", {"slow", "bad"})}));
  const auto slow = given("slow");
  finish("a", given("bad"), wire::Outcome::failed);
  EXPECT_TRUE(state_is("both", TaskState::cancelled));
  add(job(2, {task("slow"), task("bad"), task("both", {"slow", "bad"})}));
  const auto bad = given("bad");
  finish("a", slow);
  EXPECT_EQ(given("both"), 0);  // an edge of the first time must not count
  finish("a", bad);
  EXPECT_NE(given("both"), 0);
}

TEST_F(Tasks, are_forgotten_once_no_unfinished_job_needs_them) {
  hello("a", 2);
  add(job(1, {task("base")}));
  add(job(2, {task("base"), task("other")}));
  finish("a", 1);
  wait(1ms);
  EXPECT_TRUE(state_is("base", TaskState::succeeded));
  finish("a", 2);
  wait(1ms);
  EXPECT_EQ(core_.counts().tasks, 0u);
}

TEST_F(Tasks, are_remembered_while_a_submission_is_on_its_way) {
  hello("a");
  add(job(1, {task("base")}));
  const auto base = given("base");
  step(SubmissionBegun{});
  finish("a", base);
  wait(1ms);
  wait(1ms);
  TaskRow stale = task("base");  // what the store read before the end was committed
  stale.state = TaskState::ready;
  add(job(2, {stale}));
  EXPECT_TRUE(all<GiveOut>().empty());
  ASSERT_EQ(writes<SetJob>().size(), 1u);
  EXPECT_EQ(writes<SetJob>()[0].job, JobId{2});
  EXPECT_EQ(writes<SetJob>()[0].state, JobState::succeeded);
  EXPECT_EQ(core_.counts().tasks, 1u);
  step(SubmissionEnded{});
  wait(1ms);
  EXPECT_EQ(core_.counts().tasks, 0u);
}

TEST_F(Tasks, come_in_parts_and_their_job_ends_after_the_last) {
  hello("a");
  step(SubmissionBegun{});
  step(JobAdded{job(1, {task("base")}), true, true});
  finish("a", given("base"));
  EXPECT_TRUE(writes<SetJob>().empty());
  step(JobAdded{job(1, {task("next", {"base"})}), true, false});
  finish("a", given("next"));
  ASSERT_EQ(writes<SetJob>().size(), 1u);
  step(SubmissionEnded{});
}

TEST_F(Tasks, that_are_on_their_way_to_a_job_keep_it_from_ending) {
  hello("a");
  add(job(1, {task("base")}));
  const auto base = given("base");
  step(SubmissionBegun{JobId{1}});
  finish("a", base);
  EXPECT_TRUE(writes<SetJob>().empty());
  step(SubmissionEnded{JobId{1}});  // they never came
  ASSERT_EQ(writes<SetJob>().size(), 1u);
  EXPECT_EQ(writes<SetJob>()[0].state, JobState::succeeded);
}

TEST_F(Tasks, that_many_others_wait_for_wake_them_a_slice_at_a_time) {
  const std::size_t many = 3 * Settings{}.slice;
  std::vector<TaskRow> rows{task("base")};
  for (std::size_t i = 0; i < many; ++i) rows.push_back(task(std::to_string(i), {"base"}));
  hello("a");
  add(job(1, rows));
  finish("a", given("base"));
  EXPECT_EQ(writes<SetTask>().size(), Settings{}.slice);
  std::size_t woken = 0;
  for (int steps = 0; steps < 10; ++steps) {
    woken += writes<SetTask>().size();
    if (!core_.next_deadline() || *core_.next_deadline() > now_) break;
    step(Tick{});
  }
  EXPECT_EQ(woken, many);
}

TEST_F(Tasks, go_to_the_worker_that_has_their_input) {
  hello("a");
  hello("b");
  add(job(1, {task("1"), task("2"), task("3"), task("4"), task("next", {"2"})}));
  const auto second = given("2");
  ASSERT_NE(second, 0);
  finish("b", second);
  EXPECT_NE(given("next"), 0) << "before 3, which comes first in the plan";
}

TEST_F(Tasks, go_to_the_worker_that_has_their_input_though_another_is_as_free) {
  hello("a");
  hello("b");
  add(job(1, {task("1"), task("2"), task("next", {"2"})}));
  const auto second = given("2");
  finish("a", given("1"));
  finish("b", second);
  ASSERT_EQ(all<GiveOut>().size(), 1U);
  EXPECT_EQ(all<GiveOut>()[0].peer, "peer-b");
}

TEST_F(Tasks, go_to_another_too_if_the_one_that_has_their_input_is_at_work) {
  hello("a");
  hello("b");
  add(job(1, {task("1"), task("2"), task("next", {"2"}), task("other", {"2"})}));
  const auto second = given("2");
  finish("a", given("1"));
  finish("b", second);
  ASSERT_EQ(all<GiveOut>().size(), 2U);
  EXPECT_EQ(all<GiveOut>()[0].peer, "peer-b");
  EXPECT_EQ(all<GiveOut>()[1].peer, "peer-a");
}

TEST_F(Tasks, never_take_an_edge_that_is_not_in_the_table) {
  EXPECT_TRUE(edge_allowed(TaskState::assigned, TaskState::running));
  EXPECT_FALSE(edge_allowed(TaskState::succeeded, TaskState::ready));
  EXPECT_FALSE(edge_allowed(TaskState::waiting, TaskState::assigned));
  for (const auto to : {TaskState::waiting, TaskState::ready, TaskState::assigned, TaskState::running,
                        TaskState::failed, TaskState::cancelled}) {
    EXPECT_FALSE(edge_allowed(TaskState::succeeded, to));
  }
}

}  // namespace
}  // namespace espalier::core
