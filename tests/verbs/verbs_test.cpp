// What can be done to a job that is under way, with the real programs and runners that only pretend.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "common/base/files.hpp"
#include "tests/system/running_system.hpp"

namespace espalier::test {
namespace {

using ::testing::HasSubstr;

std::int64_t running(const RunningSystem& system, std::int64_t job) {
  const auto summary = system.summary(job);
  return summary ? summary->at("tasks").at("running").to_number<std::int64_t>() : -1;
}

// As many attempts as there are slots have begun and none of them ends.
bool all_slots_are_held(const RunningSystem& system, std::size_t slots) {
  return eventually([&] { return system.busy() == slots; });
}

void restart_coordinator(const RunningSystem& system, int signal) {
  const auto found = descendants(system.pid(), "espalier-coordinator");
  ASSERT_EQ(found.size(), 1U);
  ::kill(found.front(), signal);
  ASSERT_TRUE(eventually([&] {
    const auto now = descendants(system.pid(), "espalier-coordinator");
    return now.size() == 1 && now.front() != found.front();
  }));
}

TEST(Pause, StartsNothingMoreWhileWhatRunsGoesOnAndResumeGoesOn) {
  RunningSystem system;
  ASSERT_TRUE(system.start()) << system.said();
  system.hold();
  const auto job = system.submit(wide_job(10));
  ASSERT_TRUE(all_slots_are_held(system, 4));
  const auto paused = system.sandbox().run({"pause", "wide"});
  EXPECT_EQ(paused.exit.code, 0) << paused.errors;
  EXPECT_THAT(paused.output, HasSubstr("job 1 (wide) is paused"));
  system.release();
  ASSERT_TRUE(eventually([&] { return system.executed(job) == 4 && running(system, job) == 0; }));
  EXPECT_EQ(system.seen().size(), 4U);

  const auto resumed = system.sandbox().run({"resume", "1", "--json"});
  EXPECT_EQ(resumed.document().at("state").as_string(), "running");
  ASSERT_TRUE(eventually([&] { return system.state(job) == "succeeded"; })) << system.said();
  EXPECT_EQ(system.seen().size(), 30U);
}

TEST(Pause, AndCancelSurviveARestartOfTheCoordinator) {
  RunningSystem system;
  ASSERT_TRUE(system.start()) << system.said();
  system.hold();
  const auto paused = system.submit(wide_job(4, 0, "to-pause"), "a.toml");
  ASSERT_TRUE(all_slots_are_held(system, 4));
  const auto cancelled = system.submit(wide_job(12, 0, "to-cancel"), "b.toml");
  EXPECT_EQ(system.sandbox().run({"pause", "to-pause"}).exit.code, 0);
  EXPECT_EQ(system.sandbox().run({"cancel", "to-cancel"}).exit.code, 0);
  restart_coordinator(system, SIGKILL);
  system.release();
  ASSERT_TRUE(eventually([&] { return system.state(paused) == "paused"; }));
  EXPECT_EQ(system.state(cancelled), "cancelled");
  // What ran when it was paused is handed in, and nothing else was begun.
  ASSERT_TRUE(eventually([&] { return system.executed(paused) == 4; })) << system.said();
  EXPECT_EQ(system.seen().size(), 4U);
  EXPECT_EQ(system.sandbox().run({"resume", "to-pause"}).exit.code, 0);
  ASSERT_TRUE(eventually([&] { return system.state(paused) == "succeeded"; }));
  EXPECT_EQ(system.seen().size(), 12U) << "the cancelled job's tasks stay where they are";
}

TEST(Cancel, StopsWhatRunsButForTasksThatAnotherJobNeeds) {
  RunningSystem system;
  ASSERT_TRUE(system.start()) << system.said();
  system.hold();
  const auto first = system.submit(wide_job(4, 0, "first"), "a.toml");
  ASSERT_TRUE(all_slots_are_held(system, 4));
  const auto second = system.submit(wide_job(2, 0, "second"), "b.toml");  // two of the same trainings
  const auto ran = system.sandbox().run({"cancel", "first"});
  EXPECT_EQ(ran.exit.code, 0) << ran.errors;
  EXPECT_THAT(ran.output, HasSubstr("job 1 (first) is cancelled"));
  system.release();
  ASSERT_TRUE(eventually([&] { return system.state(second) == "succeeded"; })) << system.said();
  EXPECT_EQ(system.state(first), "cancelled");
  const auto counts = system.sql(
      "select count(*) filter (where state = 'succeeded') as succeeded, "
      "count(*) filter (where state = 'cancelled') as cancelled, count(*) as total from attempts");
  EXPECT_EQ(counts.at(0).at("succeeded"), 6) << "the two shared trainings went on";
  EXPECT_EQ(counts.at(0).at("cancelled"), 2);
  EXPECT_EQ(counts.at(0).at("total"), 8);
}

TEST(Retry, RunsOnlyWhatFailedAndWhatWasCancelledBecauseOfIt) {
  RunningSystem system;
  ASSERT_TRUE(system.start()) << system.said();
  system.fail("\"epochs\":2,");
  const auto job = system.submit(wide_job(4));
  ASSERT_TRUE(eventually([&] { return system.state(job) == "failed"; })) << system.said();
  const auto before = system.seen().size();
  EXPECT_EQ(before, 10U) << "one of four trainings failed, its evaluation and benchmark were not begun";
  EXPECT_EQ(system.sandbox().run({"retry", "wide"}).exit.code, 2) << "it has to be said what to run again";
  system.fail("");
  const auto ran = system.sandbox().run({"retry", "wide", "--failed"});
  EXPECT_EQ(ran.exit.code, 0) << ran.errors;
  EXPECT_THAT(ran.output, HasSubstr("job 1 (wide) is running"));
  ASSERT_TRUE(eventually([&] { return system.state(job) == "succeeded"; })) << system.said();
  EXPECT_EQ(system.seen().size(), before + 3);
  EXPECT_TRUE(
      system.sql("select task_key from attempts where state = 'succeeded' group by 1 having count(*) > 1")
          .empty());
  const auto nothing = system.sandbox().run({"retry", "wide", "--failed"});
  EXPECT_EQ(nothing.exit.code, 6);
  EXPECT_THAT(nothing.errors, HasSubstr("nothing"));
}

// PostgreSQL has committed and waits for a copy that nobody makes when its connection is cut: whoever asked
// can't know. The submitter's connection is the newest.
void lose_the_answer_of_the_commit_of(const RunningSystem& system, std::vector<std::string> command,
                                      int times = 1, int exit_code = 0) {
  ASSERT_TRUE(
      system.psql({"alter system set synchronous_standby_names = 'nobody'", "select pg_reload_conf()"}));
  auto asking = system.sandbox().start(std::move(command));
  EXPECT_TRUE(eventually([&] {
    const auto cut =
        system.psql({"select pg_terminate_backend(pid) from (select pid, wait_event from pg_stat_activity "
                     "where backend_type = 'client backend' and pid <> pg_backend_pid() "
                     "order by backend_start desc limit 1) newest where wait_event = 'SyncRep'"});
    times -= cut && cut->find('t') != std::string::npos ? 1 : 0;
    return times == 0;
  }));
  ASSERT_TRUE(system.psql({"alter system reset synchronous_standby_names", "select pg_reload_conf()"}));
  const auto ended = asking.wait_for(std::chrono::seconds(30));
  const auto said = read_file(system.sandbox().folder() / "started.err");
  EXPECT_TRUE(ended && ended->code == exit_code) << (said ? *said : "");
}

TEST(Retry, IsHeardOfAlthoughTheAnswerOfItsCommitIsLost) {
  RunningSystem system;
  ASSERT_TRUE(system.start()) << system.said();
  system.fail("\"epochs\":2,");
  const auto job = system.submit(wide_job(4));
  ASSERT_TRUE(eventually([&] { return system.state(job) == "failed"; })) << system.said();
  system.fail("");
  lose_the_answer_of_the_commit_of(system, {"retry", "wide", "--failed"});
  EXPECT_TRUE(eventually([&] { return system.state(job) == "succeeded"; })) << system.said();
}

TEST(Submit, IsDoneOnceAlthoughTheAnswerOfItsCommitIsLost) {
  RunningSystem system;
  ASSERT_TRUE(system.start()) << system.said();
  const auto first = system.submit(wide_job(1));
  ASSERT_TRUE(eventually([&] { return system.state(first) == "succeeded"; })) << system.said();
  lose_the_answer_of_the_commit_of(system,
                                   {"submit", system.sandbox().write("b.toml", wide_job(3, 0, "second"))});
  EXPECT_TRUE(eventually([&] { return system.state(first + 1) == "succeeded"; })) << system.said();
  EXPECT_EQ(system.sql("select id from jobs").size(), 2U);
}

TEST(Submit, IsHeardOfAlthoughNobodyCanTellWhetherItWasWritten) {
  RunningSystem system;
  ASSERT_TRUE(system.start()) << system.said();
  const auto first = system.submit(wide_job(1));
  ASSERT_TRUE(eventually([&] { return system.state(first) == "succeeded"; })) << system.said();
  const auto file = system.sandbox().write("b.toml", wide_job(3, 0, "second"));
  lose_the_answer_of_the_commit_of(system, {"submit", file}, 2, 7);
  EXPECT_TRUE(eventually([&] { return system.state(first + 1) == "succeeded"; })) << system.said();
  EXPECT_EQ(system.sql("select id from jobs").size(), 2U);
}

TEST(Extend, AddsItsTrialsOnceAlthoughTheAnswerOfItsCommitIsLost) {
  RunningSystem system;
  ASSERT_TRUE(system.start()) << system.said();
  const auto job = system.submit(wide_job(1));
  ASSERT_TRUE(eventually([&] { return system.state(job) == "succeeded"; })) << system.said();
  lose_the_answer_of_the_commit_of(system, {"extend", "wide", system.sandbox().write("b.toml", wide_job(3))});
  EXPECT_TRUE(eventually([&] { return system.executed(job) == 9; })) << system.said();
  EXPECT_EQ(system.state(job), "succeeded");
  EXPECT_EQ(system.sql("select id from trials").size(), 3U);
}

TEST(Extend, AddsTheTrialsThatTheJobDoesNotHaveYet) {
  RunningSystem system;
  ASSERT_TRUE(system.start()) << system.said();
  const auto job = system.submit(wide_job(3));
  ASSERT_TRUE(eventually([&] { return system.state(job) == "succeeded"; })) << system.said();
  const auto trials = system.sql("select id, params from trials order by id");
  const auto wrong =
      system.sandbox().run({"extend", "wide", system.sandbox().write("wrong.toml", "[job]\nnme = 1\n")});
  EXPECT_EQ(wrong.exit.code, 3);
  EXPECT_THAT(wrong.errors, HasSubstr("wrong.toml:2"));
  const auto more = system.sandbox().write("more.toml", wide_job(5));
  const auto ran = system.sandbox().run({"extend", "wide", more, "--json"});
  ASSERT_EQ(ran.exit.code, 0) << ran.errors;
  EXPECT_EQ(ran.document().at("id"), job);
  EXPECT_EQ(ran.document().at("trials").at("total"), 5);
  ASSERT_TRUE(eventually([&] { return system.state(job) == "succeeded"; })) << system.said();
  EXPECT_EQ(system.seen().size(), 15U) << "two trials of three tasks more";
  const auto now = system.sql("select id, params from trials order by id");
  ASSERT_EQ(now.size(), 5U);
  for (std::size_t index = 0; index < trials.size(); ++index) EXPECT_EQ(now.at(index), trials.at(index));
  EXPECT_EQ(system.sql("select id from jobs").size(), 1U);
  // The same again adds nothing.
  EXPECT_EQ(system.sandbox().run({"extend", "wide", more}).exit.code, 0);
  ASSERT_TRUE(eventually([&] { return system.state(job) == "succeeded"; }));
  EXPECT_EQ(system.seen().size(), 15U);
}

TEST(Submit, GoesThroughAlthoughTheConnectionsOfTheOneBeforeHaveBroken) {
  RunningSystem system;
  ASSERT_TRUE(system.start()) << system.said();
  const auto first = system.submit(wide_job(1));
  ASSERT_TRUE(eventually([&] { return system.state(first) == "succeeded"; })) << system.said();
  ASSERT_TRUE(
      system.psql({"select pg_terminate_backend(pid, 5000) from pg_stat_activity "
                   "where backend_type = 'client backend' and pid <> pg_backend_pid()"}));
  const auto second = system.submit(wide_job(2));
  EXPECT_TRUE(eventually([&] { return system.state(second) == "succeeded"; })) << system.said();
}

TEST(Verbs, TeachWhenTheyCannotBeDone) {
  RunningSystem system;
  const auto nobody = system.sandbox().run({"pause", "1"});
  EXPECT_EQ(nobody.exit.code, 7);
  EXPECT_THAT(nobody.errors, HasSubstr("espalier up"));
  ASSERT_TRUE(system.start()) << system.said();
  EXPECT_THAT(system.sandbox().run({"jobs"}).output, HasSubstr("no jobs yet"));
  const auto job = system.submit(wide_job(1));
  ASSERT_TRUE(eventually([&] { return system.state(job) == "succeeded"; }));
  for (const char* verb : {"cancel", "pause", "resume"}) {
    const auto missing = system.sandbox().run({verb, "77"});
    EXPECT_EQ(missing.exit.code, 4) << verb;
    EXPECT_THAT(missing.errors, HasSubstr("there is no job 77"));
    EXPECT_THAT(missing.errors, HasSubstr("espalier jobs"));
    const auto unknown = system.sandbox().run({verb, "elsewhere"});
    EXPECT_EQ(unknown.exit.code, 4) << verb;
    EXPECT_THAT(unknown.errors, HasSubstr("there is no job \"elsewhere\""));
    const auto ended = system.sandbox().run({verb, "wide"});
    EXPECT_EQ(ended.exit.code, 6) << verb;
    EXPECT_THAT(ended.errors, HasSubstr("job 1 (wide) has ended already: it succeeded"));
    EXPECT_THAT(system.sandbox().run({verb, "--help"}).output, HasSubstr("Example:"));
  }
  const auto missing = system.sandbox().run({"retry", "77", "--failed"});
  EXPECT_EQ(missing.exit.code, 4);
  EXPECT_THAT(missing.errors, HasSubstr("there is no job 77"));
  const auto nowhere =
      system.sandbox().run({"extend", "77", system.sandbox().write("more.toml", wide_job(2))});
  EXPECT_EQ(nowhere.exit.code, 4);
  EXPECT_THAT(nowhere.errors, HasSubstr("there is no job 77"));
  const auto again = system.submit(wide_job(2), "other.toml");
  EXPECT_EQ(again, 2);
  const auto which = system.sandbox().run({"cancel", "wide"});
  EXPECT_EQ(which.exit.code, 2);
  EXPECT_THAT(which.errors, HasSubstr("2 jobs are called \"wide\": 2, 1"));
  const auto listed = system.sandbox().run({"jobs", "--json"});
  ASSERT_EQ(listed.exit.code, 0) << listed.errors;
  EXPECT_EQ(parse_json(listed.output)->as_array().size(), 2U);
  EXPECT_THAT(system.sandbox().run({"jobs"}).output, HasSubstr("wide"));
}

}  // namespace
}  // namespace espalier::test
