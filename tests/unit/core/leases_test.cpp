#include "tests/unit/core/world.hpp"

namespace espalier::core {
namespace {

class Leases : public World {};

TEST_F(Leases, that_run_out_requeue_the_attempts_without_counting_them) {
  hello("a");
  add(job(1, {task("base")}));
  const auto first = given("base");
  hello("b");
  wait(9s);
  beat("b");
  EXPECT_TRUE(writes<EndAttempt>().empty());
  wait(1s);
  ASSERT_EQ(writes<EndAttempt>().size(), 1u);
  EXPECT_EQ(writes<EndAttempt>()[0].state, AttemptState::lost);
  EXPECT_EQ(writes<EndAttempt>()[0].attempt, AttemptId{first});
  EXPECT_GT(given("base"), first);
  EXPECT_EQ(writes<SetTask>()[0].failures, 0);
}

TEST_F(Leases, are_renewed_by_heartbeats_that_are_answered) {
  hello("a");
  add(job(1, {task("base")}));
  for (int i = 0; i < 10; ++i) {
    now_ += 9s;
    beat("a", {1});
    ASSERT_EQ(messages<wire::Beat>().size(), 1u);
    EXPECT_TRUE(writes<EndAttempt>().empty());
  }
  EXPECT_TRUE(state_is("base", TaskState::running));
}

TEST_F(Leases, that_ran_out_while_we_were_stopped_get_time_for_the_heartbeats_in_the_socket) {
  hello("a");
  add(job(1, {task("base")}));
  wait(60s);
  EXPECT_TRUE(writes<EndAttempt>().empty());
  wait(4s);
  EXPECT_EQ(writes<EndAttempt>().size(), 1u);
}

TEST_F(Leases, of_a_lost_worker_do_not_let_its_late_result_in) {
  hello("a");
  add(job(1, {task("base")}));
  const auto first = given("base");
  wait(10s);
  hello("b");
  const auto second = given("base");
  finish("a", first);
  ASSERT_EQ(writes<EndAttempt>().size(), 1u);
  EXPECT_EQ(writes<EndAttempt>()[0].state, AttemptState::superseded);
  EXPECT_EQ(writes<EndAttempt>()[0].late_metrics.size(), 1U);
  EXPECT_TRUE(writes<AcceptResult>().empty());
  EXPECT_EQ(messages<wire::Acknowledge>().size(), 1u);
  finish("b", second);
  EXPECT_EQ(writes<AcceptResult>().size(), 1u);
}

TEST_F(Leases, are_ended_by_a_goodbye_of_the_same_session_only) {
  hello("a");
  add(job(1, {task("base")}));
  step(WorkerGoodbye{{"a", "another session"}});
  EXPECT_TRUE(actions_.empty());
  step(WorkerGoodbye{{"a", "s"}});
  EXPECT_EQ(writes<EndAttempt>().size(), 1u);
  EXPECT_EQ(core_.counts().live_workers, 0u);
}

TEST_F(Leases, of_a_revoked_worker_end_at_once_and_its_task_goes_to_another) {
  hello("a");
  add(job(1, {task("base")}));
  const auto first = given("base");
  step(WorkerRevoked{{"nobody"}});
  EXPECT_TRUE(actions_.empty());
  step(WorkerRevoked{{"a"}});
  ASSERT_EQ(writes<EndAttempt>().size(), 1u);
  EXPECT_EQ(writes<EndAttempt>()[0].state, AttemptState::lost);
  EXPECT_EQ(core_.counts().live_workers, 0u);
  hello("b");
  EXPECT_NE(given("base"), first);
}

TEST_F(Leases, keep_a_second_worker_of_the_same_name_out_while_the_first_lives) {
  hello("a", 1, {}, "first");
  hello("a", 1, {}, "second");
  EXPECT_EQ(messages<wire::Rejected>().size(), 1u);
  wait(10s);
  hello("a", 1, {}, "second");
  EXPECT_EQ(messages<wire::Welcome>().size(), 1u);
}

TEST_F(Leases, are_refused_to_another_protocol_version) {
  wire::Hello message;
  message.worker = "a";
  message.session = "s";
  message.protocol = wire::kProtocolVersion + 1;
  step(WorkerHello{"peer", message});
  EXPECT_EQ(messages<wire::Rejected>().size(), 1u);
  EXPECT_TRUE(writes<SeeWorker>().empty());
}

TEST_F(Leases, of_unknown_workers_are_asked_for) {
  beat("a");
  EXPECT_EQ(messages<wire::WhoAreYou>().size(), 1u);
}

TEST_F(Leases, survive_a_restart_for_the_attempts_that_the_worker_still_holds) {
  TaskRow kept = task("kept"), dropped = task("dropped"), other = task("other");
  kept.state = dropped.state = other.state = TaskState::ready;
  core_ = Core(Settings{});
  step(Started{2, 8});
  add(job(1, {kept, dropped, other}));
  EXPECT_TRUE(writes<SetTask>().empty());
  step(AttemptsFound{
      {{{6}, key("kept"), {"a"}, true}, {{7}, key("dropped"), {"a"}}, {{5}, key("gone"), {"b"}}}});
  ASSERT_EQ(writes<EndAttempt>().size(), 1u);  // nobody needs its task
  EXPECT_EQ(writes<EndAttempt>()[0].attempt, AttemptId{5});
  EXPECT_TRUE(state_is("kept", TaskState::running));
  EXPECT_TRUE(state_is("dropped", TaskState::assigned));
  beat("a", {6});
  EXPECT_EQ(messages<wire::WhoAreYou>().size(), 1u);
  welcomed_in_ = 1;
  hello("a", 3, {6});
  ASSERT_EQ(writes<EndAttempt>().size(), 1u);
  EXPECT_EQ(writes<EndAttempt>()[0].attempt, AttemptId{7});
  EXPECT_EQ(given("kept"), 0);
  EXPECT_EQ(given("dropped"), 8);
  finish("a", 6);
  ASSERT_EQ(writes<AcceptResult>().size(), 1u);
  EXPECT_EQ(writes<AcceptResult>()[0].task, key("kept"));
}

TEST_F(Leases, of_before_a_restart_are_kept_for_a_process_that_may_still_come_when_a_namesake_comes_first) {
  TaskRow row = task("base");
  row.state = TaskState::ready;
  core_ = Core(Settings{});
  step(Started{2, 8});
  add(job(1, {row}));
  step(AttemptsFound{{{{7}, key("base"), {"a"}, true}}});
  hello("a", 2, {}, "a namesake");
  EXPECT_TRUE(writes<EndAttempt>().empty());
  step(WorkerGoodbye{{"a", "a namesake"}});
  EXPECT_TRUE(writes<EndAttempt>().empty());
  welcomed_in_ = 1;
  hello("a", 2, {7});
  EXPECT_TRUE(state_is("base", TaskState::running));
  finish("a", 7);
  EXPECT_EQ(writes<AcceptResult>().size(), 1u);
}

TEST_F(Leases, of_before_a_restart_run_out_if_the_worker_does_not_come_back) {
  TaskRow row = task("base");
  row.state = TaskState::ready;
  core_ = Core(Settings{});
  step(Started{2, 8});
  add(job(1, {row}));
  step(AttemptsFound{{{{7}, key("base"), {"a"}}}});
  hello("b");
  EXPECT_TRUE(all<GiveOut>().empty());
  wait(10s);
  hello("b");
  EXPECT_TRUE(state_is("base", TaskState::assigned));
  EXPECT_EQ(core_.counts().attempts, 1u);
}

TEST_F(Leases, have_an_attempt_given_back_that_its_worker_never_got) {
  hello("a");
  add(job(1, {task("base")}));
  const auto first = given("base");
  step(AssignmentsSent{{AttemptId{first}}});
  for (int i = 0; i < 4; ++i) {
    now_ += 2s;
    beat("a");
    EXPECT_TRUE(writes<EndAttempt>().empty());
  }
  now_ += 2s;
  beat("a");
  ASSERT_EQ(messages<wire::Cancel>().size(), 1u) << "its Assign may still be under way";
  EXPECT_TRUE(writes<EndAttempt>().empty());
  wire::Finished never_got_it;
  never_got_it.worker = "a";
  never_got_it.attempt = first;
  never_got_it.outcome = wire::Outcome::cancelled;
  step(AttemptFinished{"peer-a", never_got_it});
  EXPECT_GT(given("base"), first);
}

TEST_F(Leases, of_a_worker_that_was_lost_begin_again_after_all_that_it_was_given_before) {
  hello("a");
  EXPECT_EQ(messages<wire::Welcome>().at(0).first_attempt, 1);
  add(job(1, {task("base")}));
  const auto first = given("base");
  hello("a");
  EXPECT_EQ(messages<wire::Welcome>().at(0).first_attempt, 1) << "its Assign may still be under way";
  wait(10s);
  hello("a");
  EXPECT_EQ(messages<wire::Welcome>().at(0).first_attempt, first + 1);
}

TEST_F(Leases, make_a_worker_stop_what_it_should_not_hold) {
  hello("a");
  beat("a", {77});
  ASSERT_EQ(messages<wire::Cancel>().size(), 1u);
  EXPECT_EQ(messages<wire::Cancel>()[0].attempt, 77);
}

}  // namespace
}  // namespace espalier::core
