#include "tests/unit/core/world.hpp"

namespace espalier::core {
namespace {

class Placement : public World {};

TEST_F(Placement, fills_each_worker_up_to_its_slots) {
  add(job(1, {task("1"), task("2"), task("3"), task("4")}));
  hello("a", 2);
  EXPECT_EQ(all<GiveOut>().size(), 2u);
  hello("b", 1);
  EXPECT_EQ(all<GiveOut>().size(), 1u);
}

TEST_F(Placement, gives_an_exclusive_task_a_worker_of_its_own) {
  hello("a", 2);
  add(job(1, {task("train"), task("benchmark", {}, true)}));
  const auto train = given("train");
  EXPECT_EQ(given("benchmark"), 0);
  finish("a", train);
  const auto benchmark = given("benchmark");
  EXPECT_NE(benchmark, 0);
  add(job(2, {task("more")}));
  EXPECT_EQ(given("more"), 0);
  finish("a", benchmark);
  EXPECT_NE(given("more"), 0);
}

TEST_F(Placement, keeps_a_worker_free_for_an_exclusive_task_that_comes_first) {
  hello("a", 2);
  add(job(1, {task("train"), task("benchmark", {}, true)}, 60));
  const auto train = given("train");
  std::vector<TaskRow> many;
  for (int i = 0; i < 10; ++i) many.push_back(task("later " + std::to_string(i)));
  add(job(2, many));
  EXPECT_TRUE(all<GiveOut>().empty());  // the free slot waits with the worker
  finish("a", train);
  EXPECT_NE(given("benchmark"), 0);
}

TEST_F(Placement, keeps_a_second_host_free_for_a_second_exclusive_task_while_the_first_one_runs) {
  hello("a", 2);
  hello("b", 2);
  add(job(1, {task("t1"), task("t2"), task("benchmark 1", {}, true), task("benchmark 2", {}, true)}, 60));
  const auto first = given("t1"), second = given("t2");
  add(job(2, {task("later 1")}));
  EXPECT_TRUE(all<GiveOut>().empty());
  finish("a", first);
  EXPECT_NE(given("benchmark 1"), 0);
  add(job(3, {task("later 2")}));
  EXPECT_TRUE(all<GiveOut>().empty()) << "b is kept free for the second one";
  finish("b", second);
  EXPECT_NE(given("benchmark 2"), 0);
}

TEST_F(Placement, lets_the_others_work_while_one_worker_is_kept_free) {
  hello("a", 2);
  hello("b", 2);
  add(job(1, {task("t1"), task("t2"), task("benchmark", {}, true)}, 60));
  add(job(2, {task("l1"), task("l2"), task("l3")}));
  EXPECT_EQ(all<GiveOut>().size(), 1u);  // one of the two free slots is kept
}

TEST_F(Placement, starts_nothing_on_a_lost_worker) {
  hello("a", 4);
  wait(10s);
  add(job(1, {task("base")}));
  EXPECT_TRUE(all<GiveOut>().empty());
}

TEST_F(Placement, tells_the_limits_of_the_job_that_goes_first) {
  JobRow slow = job(1, {task("base")});
  slow.timeout_s = 100;
  JobRow urgent = job(2, {task("base")}, 90);
  urgent.timeout_s = 7;
  add(slow);
  add(urgent);
  hello("a");
  ASSERT_EQ(all<GiveOut>().size(), 1u);
  EXPECT_EQ(all<GiveOut>()[0].timeout_s, 7);
}

TEST_F(Placement, gives_short_tasks_ahead_so_that_no_slot_waits_for_the_next) {
  hello("a", 2);
  add(job(1, {task("1"), task("2"), task("3"), task("4"), task("5"), task("6"), task("7"), task("8")}));
  EXPECT_EQ(all<GiveOut>().size(), 2u) << "how long tasks take isn't known yet";
  finish("a", given("1"));  // after no time at all
  EXPECT_EQ(all<GiveOut>().size(), 3u);
  EXPECT_EQ(core_.counts().attempts, 4u);
  wire::Finished slow;
  slow.worker = "a";
  slow.attempt = 2;
  slow.seconds = 60;
  step(AttemptFinished{"peer-a", slow});
  EXPECT_TRUE(all<GiveOut>().empty());
}

}  // namespace
}  // namespace espalier::core
