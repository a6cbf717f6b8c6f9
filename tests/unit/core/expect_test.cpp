#include <gmock/gmock.h>

#include "tests/unit/core/world.hpp"

namespace espalier::core {
namespace {

// One unit of work of kind 7 takes a second on class "fast" and ten on class "slow"; of kind 8 nothing is
// known.
class Expected : public World {
 protected:
  Expected() { step(Started{1, 1, {}, {{7, "fast", 1}, {7, "slow", 10}}}); }

  void join(const std::string& worker, const std::string& device_class, int slots = 1) {
    wire::Hello message;
    message.worker = worker;
    message.session = "s";
    message.slots = slots;
    message.device_class = device_class;
    step(WorkerHello{"peer-" + worker, message});
  }
  static TaskRow of_kind(std::uint64_t kind, const std::string& name, double work = 1) {
    TaskRow row = task(name);
    row.kind = kind;
    row.work = work;
    return row;
  }
  void end(const std::string& worker, std::int64_t attempt, double seconds) {
    wire::Finished message;
    message.worker = worker;
    message.attempt = attempt;
    message.seconds = seconds;
    step(AttemptFinished{"peer-" + worker, message});
  }
  std::string worker_of(const std::string& name) const {  // that the last step gave the task to
    for (const StartAttempt& start : writes<StartAttempt>()) {
      if (start.task == key(name)) return start.worker.value;
    }
    return "";
  }
};

TEST_F(Expected, tasks_that_take_longest_go_first) {
  join("w", "fast");
  add(job(1, {of_kind(7, "short", 1), of_kind(7, "long", 50), of_kind(7, "middling", 7)}));
  EXPECT_NE(given("long"), 0);
  end("w", given("long"), 50);
  EXPECT_NE(given("middling"), 0);
}

TEST_F(Expected, tasks_are_left_to_those_who_end_them_earlier_but_not_for_longer_than_they_would_take) {
  join("fast", "fast");
  join("slow", "slow");
  add(job(1, {of_kind(7, "1"), of_kind(7, "2")}));
  EXPECT_EQ(worker_of("1"), "fast");
  EXPECT_EQ(worker_of("2"), "") << "two seconds there, ten here";
  const auto why = core_.explain(key("2"));
  ASSERT_TRUE(why && why->workers.size() == 2);
  EXPECT_THAT(why->workers[1].obstacles.at(0).what, testing::HasSubstr("10.0 s here"));
  ASSERT_TRUE(core_.next_deadline());
  EXPECT_LE(*core_.next_deadline() - now_, 10s);
  beat("fast", {1});
  wait(9s);
  EXPECT_EQ(worker_of("2"), "");
  beat("slow");
  beat("fast", {1});
  wait(1s);
  EXPECT_EQ(worker_of("2"), "slow") << "the expectation was wrong";
}

TEST_F(Expected, slow_workers_help_where_much_is_left) {
  join("fast", "fast");
  join("slow", "slow");
  std::vector<TaskRow> tasks;
  for (int i = 0; i < 40; ++i) tasks.push_back(of_kind(7, std::to_string(i)));
  add(job(1, tasks));
  EXPECT_EQ(all<GiveOut>().size(), 2U);
}

TEST_F(Expected, tasks_of_a_class_without_workers_are_anybodys) {
  join("fast", "fast");
  join("slow", "slow");
  add(job(1, {of_kind(7, "1"), of_kind(7, "2")}));
  EXPECT_EQ(worker_of("1"), "fast");
  step(WorkerGoodbye{{"fast", "s"}});
  EXPECT_TRUE(worker_of("1") == "slow" || worker_of("2") == "slow");
}

TEST_F(Expected, cordoned_workers_are_nobodys_reason_to_wait) {
  join("fast", "fast");
  join("slow", "slow");
  step(WorkerCordoned{WorkerName{"fast"}, true, false});
  add(job(1, {of_kind(7, "1")}));
  EXPECT_EQ(worker_of("1"), "slow");
}

TEST_F(Expected, times_are_learned_from_what_ends) {
  join("fast", "fast");
  join("slow", "slow");
  add(job(1, {of_kind(8, "1"), of_kind(8, "2"), of_kind(8, "3", 2), of_kind(8, "4", 3)}));
  EXPECT_EQ(worker_of("1"), "fast");
  EXPECT_EQ(worker_of("2"), "slow") << "nothing is known: nobody waits";
  end("fast", 1, 20);
  EXPECT_EQ(worker_of("3"), "fast") << "and the other one seems to end as early on the slow one";
  end("slow", 2, 400);
  EXPECT_EQ(worker_of("4"), "") << "60 s there after at most 40, 1200 here: its home has moved";
  end("fast", 3, 40);
  EXPECT_EQ(worker_of("4"), "fast");
}

TEST_F(Expected, times_do_not_keep_a_higher_priority_from_the_place_it_was_given) {
  join("fast", "fast");
  join("slow", "slow");
  TaskRow training = task("training");
  training.preemptible = true;
  add(job(1, {of_kind(7, "long", 100)}, 90));
  add(job(2, {training}, 10));
  EXPECT_EQ(worker_of("training"), "slow");
  add(job(3, {of_kind(7, "urgent")}, 90));
  wait(3s);
  EXPECT_EQ(worker_of("urgent"), "slow");
  EXPECT_TRUE(state_is("training", TaskState::ready));
}

TEST_F(Expected, tasks_of_two_jobs_are_listed_in_both_and_run_once) {
  add(job(1, {of_kind(8, "shared"), of_kind(7, "own")}));
  add(job(2, {of_kind(8, "shared"), of_kind(8, "other")}));
  join("fast", "fast", 2);
  EXPECT_EQ(all<GiveOut>().size(), 2U);
  end("fast", 1, 5);
  end("fast", 2, 5);
  end("fast", 3, 5);
  EXPECT_EQ(writes<SetJob>().size(), 1U);
  EXPECT_EQ(core_.counts().attempts, 0U);
  EXPECT_EQ(core_.counts().jobs, 0U);
}

}  // namespace
}  // namespace espalier::core
