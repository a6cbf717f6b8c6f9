// {coordinator, agent, runner, PostgreSQL} x {killed, stopped for 5 s, for 20 s, started again} in the middle
// of a job of 501 tasks; and PostgreSQL is stopped for a whole minute.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/chaos/faults.hpp"
#include "tests/chaos/verdict.hpp"

namespace espalier::test {
namespace {

using ::testing::HasSubstr;

constexpr int kTrials = 167;
constexpr int kTasks = 3 * kTrials;
constexpr double kRequeuePromise_s = 12;

using Case = std::tuple<Victim, Fault>;

std::string name_of(const ::testing::TestParamInfo<Case>& info) {
  return to_string(std::get<0>(info.param)) + to_string(std::get<1>(info.param));
}

std::int64_t count(const RunningSystem& system, const std::string& condition) {
  return system.sql("select count(*) as n from attempts where " + condition)
      .at(0)
      .at("n")
      .to_number<std::int64_t>();
}

// A worker that died: its attempts were lost for that reason, and given out again in time.
void expect_requeued_in_time(const RunningSystem& system, const Struck& struck, const std::string& reason) {
  const auto lost = system.sql(
      "select a.attempt, a.reason, extract(epoch from a.ended_at)::float8 as ended, "
      "(select min(extract(epoch from n.started_at))::float8 from attempts n "
      " where n.task_key = a.task_key and n.attempt > a.attempt) as next "
      "from attempts a where a.state = 'lost'");
  ASSERT_FALSE(lost.empty());
  for (const auto& row : lost) {
    EXPECT_THAT(std::string(row.at("reason").as_string()), HasSubstr(reason));
    EXPECT_LE(row.at("ended").to_number<double>() - struck.at_s, kRequeuePromise_s);
    EXPECT_LE(row.at("next").to_number<double>() - struck.at_s, kRequeuePromise_s) << row;
  }
}

class Matrix : public ::testing::TestWithParam<Case> {};

TEST_P(Matrix, LosesNothingThatWasDoneAndSaysWhatHappened) {
  const auto [victim, fault] = GetParam();
  // Long enough that work is left when a process wakes after 20 s.
  const bool outlasts_a_lease = fault == Fault::stop_20_s || fault == Fault::stop_60_s;
  RunningSystem system({.task_ms = outlasts_a_lease ? 120 : 60});
  ASSERT_TRUE(system.start()) << system.said();
  // A runner's crash is the one thing here that counts as a try of the user's.
  const auto job = system.submit(wide_job(kTrials, victim == Victim::runner ? 2 : 0));
  ASSERT_TRUE(eventually([&] { return system.executed(job) >= 60; })) << system.said();
  if (victim == Victim::runner) {  // an idle one would be replaced without a word
    system.hold();
    ASSERT_TRUE(eventually([&] { return system.busy() >= 2; }));
  }
  const auto struck = strike(system, victim, fault);
  system.release();
  EXPECT_LT(system.executed(job), kTasks) << "the fault has to come in the middle";
  expect_done_once(system, job, std::chrono::seconds(150));
  EXPECT_EQ(system.executed(job), kTasks);

  const bool dies = fault == Fault::kill || fault == Fault::start_again;
  switch (victim) {
    case Victim::coordinator:
    case Victim::postgres:
      expect_no_retries_consumed(system);
      // Without an answer for longer than its lease a worker has to stop.
      if (victim == Victim::postgres || fault != Fault::stop_20_s)
        expect_all_begun_attempts_succeeded(system);
      break;
    case Victim::agent:
      expect_no_retries_consumed(system);
      if (fault == Fault::kill) expect_requeued_in_time(system, struck, "sent no heartbeat for 10 s");
      if (fault == Fault::start_again) expect_requeued_in_time(system, struck, " left");
      if (fault == Fault::stop_20_s) {
        EXPECT_GT(count(system, "state in ('lost', 'superseded')"), 0);
        EXPECT_EQ(count(system, "state = 'crashed'"), 0);
        EXPECT_TRUE(alive(struck.processes.front())) << "it goes on as the same process";
        const auto names = system.sql("select name from workers where state = 'alive'");
        EXPECT_EQ(names.size(), 2U);
      }
      break;
    case Victim::runner:
      EXPECT_EQ(count(system, "state = 'crashed'") > 0, dies);
      EXPECT_EQ(count(system, "state = 'crashed' and reason not like 'the runner was killed by signal%'"), 0);
      break;
  }
  if (fault == Fault::stop_5_s) expect_nothing_lost(system);
  if (victim == Victim::postgres && outlasts_a_lease) {
    EXPECT_THAT(system.said(), HasSubstr("the database does not answer: workers go on"));
    EXPECT_THAT(system.said(), HasSubstr("the database answers again"));
  }
}

const auto kEveryVictim =
    ::testing::Values(Victim::coordinator, Victim::agent, Victim::runner, Victim::postgres);
INSTANTIATE_TEST_SUITE_P(Chaos, Matrix,
                         ::testing::Combine(kEveryVictim, ::testing::Values(Fault::kill, Fault::stop_5_s,
                                                                            Fault::start_again)),
                         name_of);
INSTANTIATE_TEST_SUITE_P(ChaosPastTheLease, Matrix,
                         ::testing::Combine(::testing::Values(Victim::agent),
                                            ::testing::Values(Fault::stop_20_s)),
                         name_of);
// A minute each: `./dev test --all`.
INSTANTIATE_TEST_SUITE_P(SlowChaos, Matrix,
                         ::testing::Combine(::testing::Values(Victim::coordinator, Victim::runner,
                                                              Victim::postgres),
                                            ::testing::Values(Fault::stop_20_s)),
                         name_of);
INSTANTIATE_TEST_SUITE_P(SlowChaosOutage, Matrix,
                         ::testing::Combine(::testing::Values(Victim::postgres),
                                            ::testing::Values(Fault::stop_60_s)),
                         name_of);

}  // namespace
}  // namespace espalier::test
