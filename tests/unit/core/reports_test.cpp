#include "tests/unit/core/world.hpp"

namespace espalier::core {
namespace {

class Reports : public World {
 protected:
  Actions& progress(const std::string& worker, std::int64_t attempt, std::int64_t seq, double fraction) {
    wire::Progress message;
    message.worker = worker;
    message.attempt = attempt;
    message.seq = seq;
    message.fraction = fraction;
    message.points = {{"train_loss", 1, 0.5}};
    return step(AttemptProgress{"peer-" + worker, message});
  }
};

TEST_F(Reports, of_success_are_accepted_once_however_often_they_come) {
  hello("a");
  add(job(1, {task("base")}));
  const auto attempt = given("base");
  finish("a", attempt);
  EXPECT_EQ(writes<AcceptResult>().size(), 1u);
  finish("a", attempt);
  EXPECT_TRUE(writes<AcceptResult>().empty());
  EXPECT_TRUE(writes<SetTask>().empty());
  EXPECT_EQ(messages<wire::Acknowledge>().size(), 1u);
}

TEST_F(Reports, are_acknowledged_after_their_writes) {
  hello("a");
  add(job(1, {task("base")}));
  finish("a", given("base"));
  ASSERT_FALSE(actions_.empty());
  EXPECT_TRUE(std::holds_alternative<Write>(actions_.front()));
  EXPECT_EQ(messages<wire::Acknowledge>().size(), 1u);
  EXPECT_EQ(messages<wire::Acknowledge>()[0].seq, 9);
}

TEST_F(Reports, of_a_worker_that_was_not_given_the_task_change_nothing) {
  hello("a");
  hello("b");
  add(job(1, {task("base")}));
  const auto attempt = given("base");
  finish("b", attempt);
  EXPECT_TRUE(actions_.empty());
  progress("b", attempt, 1, 0.5);
  EXPECT_TRUE(actions_.empty());
  EXPECT_TRUE(state_is("base", TaskState::assigned));
}

TEST_F(Reports, of_progress_that_come_late_add_their_points_but_do_not_go_back) {
  hello("a");
  add(job(1, {task("base")}));
  const auto attempt = given("base");
  progress("a", attempt, 2, 0.5);
  ASSERT_FALSE(writes<SetProgress>().empty());
  EXPECT_EQ(writes<SetProgress>().back().fraction, 0.5);
  EXPECT_TRUE(state_is("base", TaskState::running));
  progress("a", attempt, 1, 0.25);
  EXPECT_TRUE(writes<SetProgress>().empty());
  EXPECT_EQ(writes<AddPoints>().size(), 1u);
  EXPECT_EQ(messages<wire::Acknowledge>().size(), 1u);
}

TEST_F(Reports, of_a_checkpoint_are_recorded_for_a_live_attempt_of_its_own_worker_only) {
  hello("a");
  hello("b");
  add(job(1, {task("base")}));
  wire::Progress message;
  message.worker = "a";
  message.attempt = given("base");
  message.seq = 1;
  message.checkpoint = wire::Checkpoint{std::string(64, 'c'), 10, 40};
  step(AttemptProgress{"peer-a", message});
  ASSERT_EQ(writes<SaveCheckpoint>().size(), 1u);
  EXPECT_EQ(writes<SaveCheckpoint>()[0].task, key("base"));
  EXPECT_EQ(writes<SaveCheckpoint>()[0].checkpoint.step, 40);
  message.worker = "b";
  step(AttemptProgress{"peer-b", message});
  EXPECT_TRUE(actions_.empty());
  finish("a", message.attempt);
  message.worker = "a";
  message.seq = 2;
  step(AttemptProgress{"peer-a", message});
  EXPECT_TRUE(writes<SaveCheckpoint>().empty());
  EXPECT_EQ(messages<wire::Acknowledge>().size(), 1u);
}

TEST_F(Reports, of_a_log_are_recorded_up_to_a_bound_and_acknowledged) {
  hello("a");
  hello("b");
  add(job(1, {task("base")}));
  const auto attempt = given("base");
  const auto log = [&](const std::string& worker, std::int64_t offset, const std::string& text) {
    return step(AttemptLogged{"peer-" + worker, wire::LogText{worker, attempt, 3, offset, text}});
  };
  log("a", 5, "epoch 1\n");
  ASSERT_EQ(writes<AddLog>().size(), 1u);
  EXPECT_EQ(writes<AddLog>()[0].offset, 5);
  EXPECT_EQ(messages<wire::Acknowledge>()[0].seq, 3);
  EXPECT_TRUE(log("b", 5, "forged").empty());
  for (const std::int64_t offset : {std::int64_t{-1}, std::int64_t{2} << 20, INT64_MAX}) {
    log("a", offset, "more");
    EXPECT_TRUE(writes<AddLog>().empty()) << offset;
    EXPECT_EQ(messages<wire::Acknowledge>().size(), 1u);
  }
  finish("a", attempt);
  log("a", 13, "late");
  EXPECT_EQ(writes<AddLog>().size(), 1u) << "the store knows whose attempt it was";
}

TEST_F(Reports, of_an_attempt_that_its_worker_gave_up_requeue_the_task_uncounted) {
  hello("a");
  add(job(1, {task("base")}));
  finish("a", given("base"), wire::Outcome::cancelled);
  EXPECT_EQ(writes<SetTask>()[0].state, TaskState::ready);
  EXPECT_EQ(writes<SetTask>()[0].failures, 0);
}

}  // namespace
}  // namespace espalier::core
