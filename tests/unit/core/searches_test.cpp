#include "tests/unit/core/world.hpp"

namespace espalier::core {
namespace {

class Searches : public World {
 protected:
  static JobRow searching(std::vector<TaskRow> tasks) {
    JobRow row = job(1, std::move(tasks));
    row.searching = true;
    return row;
  }
  // As the runtime does it: the core forgets nothing while the store writes.
  void extend(std::vector<TaskRow> tasks, JobState read = JobState::running) {
    step(SubmissionBegun{JobId{1}});
    JobRow row = searching(std::move(tasks));
    row.state = read;
    add_by_search(std::move(row));
    step(SubmissionEnded{JobId{1}});
  }
  Actions& add_by_search(JobRow row) { return step(JobAdded{std::move(row), true, false, true}); }
  bool is_due() const {
    for (const auto& published : all<PublishJob>())
      if (published.search) return true;
    return false;
  }
  // The states that the last step put on record for the job.
  std::vector<JobState> ends() const {
    std::vector<JobState> states;
    for (const auto& write : writes<SetJob>()) states.push_back(write.state);
    return states;
  }
};

using States = std::vector<JobState>;

TEST_F(Searches, keep_their_job_from_ending_until_they_are_over) {
  hello("a");
  add(searching({task("base")}));
  finish("a", given("base"));
  EXPECT_EQ(ends(), States{});
  step(SearchEnded{JobId{1}});
  EXPECT_EQ(ends(), States{JobState::succeeded});
}

TEST_F(Searches, may_begin_with_nothing) {
  add(searching({}));
  EXPECT_TRUE(is_due());
  EXPECT_EQ(ends(), States{});
  hello("a");
  extend({task("first")});
  EXPECT_TRUE(state_is("first", TaskState::assigned));
}

TEST_F(Searches, that_are_over_leave_the_last_task_to_end_the_job) {
  hello("a");
  add(searching({task("base")}));
  const auto attempt = given("base");
  step(SearchEnded{JobId{1}});
  EXPECT_EQ(ends(), States{});
  finish("a", attempt);
  EXPECT_EQ(ends(), States{JobState::succeeded});
  EXPECT_FALSE(is_due());
}

TEST_F(Searches, that_cannot_go_on_fail_their_job_once_its_tasks_have_ended) {
  hello("a");
  add(searching({task("base")}));
  const auto attempt = given("base");
  step(SearchEnded{JobId{1}, true});
  EXPECT_EQ(ends(), States{});
  finish("a", attempt);
  EXPECT_EQ(ends(), States{JobState::failed});
}

TEST_F(Searches, that_could_not_go_on_before_a_restart_fail_their_job_after_it) {
  JobRow row = job(1, {});
  row.search_failed = true;
  step(JobAdded{row, false});
  EXPECT_EQ(ends(), States{JobState::failed});
}

TEST_F(Searches, are_due_when_a_task_has_ended_and_not_when_one_runs) {
  hello("a");
  add(searching({task("base"), task("next", {"base"})}));
  const auto attempt = given("base");
  beat("a", {attempt});
  EXPECT_FALSE(is_due());
  finish("a", attempt);
  EXPECT_TRUE(is_due());
}

TEST_F(Searches, of_other_jobs_are_not_due) {
  hello("a");
  add(job(1, {task("base")}));
  EXPECT_FALSE(is_due());
  finish("a", given("base"));
  EXPECT_FALSE(is_due());
}

TEST_F(Searches, of_a_paused_job_are_due_when_it_is_resumed) {
  hello("a");
  add(searching({task("base")}));
  const auto attempt = given("base");
  step(JobPaused{{1}});
  finish("a", attempt);
  EXPECT_FALSE(is_due());
  step(JobResumed{{1}});
  EXPECT_TRUE(is_due());
}

TEST_F(Searches, leave_a_job_paused_that_was_paused_while_they_asked) {
  add(searching({task("base")}));
  step(SubmissionBegun{JobId{1}});
  step(JobPaused{{1}});
  add_by_search(searching({task("more")}));
  EXPECT_EQ(ends(), States{});
  step(SubmissionEnded{JobId{1}});
  hello("a", 4);
  EXPECT_TRUE(all<GiveOut>().empty());
  step(JobResumed{{1}});
  EXPECT_NE(given("more"), 0);
}

TEST_F(Searches, do_not_bring_back_a_job_that_was_cancelled_while_they_asked) {
  add(searching({task("base")}));
  step(SubmissionBegun{JobId{1}});
  step(JobCancelled{{1}});
  add_by_search(searching({task("more"), task("later", {"more"})}));
  EXPECT_EQ(ends(), States{});
  step(SubmissionEnded{JobId{1}});
  for (int i = 0; i < 20 && core_.next_deadline(); ++i) wait(1ms);
  EXPECT_EQ(core_.counts().tasks, 0u) << "what they asked for went with it";
}

TEST_F(Searches, cancel_what_they_asked_for_of_a_job_that_has_ended_but_for_what_others_need) {
  add(searching({task("base")}));
  add(job(2, {task("shared")}));
  step(SubmissionBegun{JobId{1}});
  step(JobCancelled{{1}});
  std::vector<TaskId> cancelled;
  add_by_search(searching({task("shared"), task("more")}));
  for (const auto& write : writes<SetTask>())
    if (write.state == TaskState::cancelled) cancelled.push_back(write.task);
  step(SubmissionEnded{JobId{1}});
  EXPECT_EQ(cancelled, std::vector{key("more")});
  EXPECT_TRUE(state_is("shared", TaskState::ready));
}

TEST_F(Searches, do_not_ask_again_for_what_has_failed_in_their_job) {
  hello("a");
  add(searching({task("teacher")}));
  finish("a", given("teacher"), wire::Outcome::failed);
  extend({task("teacher"), task("student", {"teacher"})});
  EXPECT_TRUE(state_is("teacher", TaskState::failed));
  EXPECT_TRUE(state_is("student", TaskState::cancelled));
  step(SearchEnded{JobId{1}});
  EXPECT_EQ(ends(), States{JobState::failed});
}

TEST_F(Searches, ask_again_for_what_failed_for_others) {
  hello("a");
  add(job(2, {task("base"), task("other")}));
  const auto base = given("base");
  add(searching({}));
  finish("a", base, wire::Outcome::failed);
  extend({task("base")});
  EXPECT_FALSE(state_is("base", TaskState::failed));
}

TEST_F(Searches, that_are_continued_by_another_text_keep_the_job_from_ending_again) {
  hello("a");
  add(searching({task("base")}));
  const auto attempt = given("base");
  step(SearchEnded{JobId{1}});
  add(searching({task("base")}));
  finish("a", attempt);
  EXPECT_EQ(ends(), States{});
  EXPECT_TRUE(is_due());
}

}  // namespace
}  // namespace espalier::core
