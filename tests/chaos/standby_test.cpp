// Two coordinators on one database: what befalls the one that reigns, and how the other takes over.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <future>

#include "tests/chaos/faults.hpp"
#include "tests/chaos/network.hpp"
#include "tests/chaos/verdict.hpp"
#include "tests/system/counts.hpp"

namespace espalier::test {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kOutdone = 7;  // exit code of a coordinator that another has followed

class Standby : public ::testing::Test {
 protected:
  void start(const std::string& first, const std::string& second,
             std::vector<std::string> around_first = {}) {
    first_ = system_.start_coordinator(first, std::move(around_first));
    second_ = system_.start_coordinator(second);
    // The first has to know of it: until then it takes a silent database for an outage.
    ASSERT_TRUE(eventually([this] { return metric(system_, "espalier_another_stands_by") == 1; }))
        << system_.said();
    first_http_ = system_.address("http");
  }

  // Five seconds are promised; that a loaded machine takes longer is no failure of the test's.
  void expect_second_takes_over() {
    const auto begin = Clock::now();
    ASSERT_TRUE(
        eventually([this] { return system_.address("http") != first_http_; }, std::chrono::seconds(10)))
        << system_.said();
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin);
    RecordProperty("took_over_after_ms", static_cast<int>(took.count()));
    std::cout << "took over after " << took.count() << " ms\n";
  }

  void expect_first_ends_outdone() {
    const auto ended = first_.wait_for(std::chrono::seconds(60));
    ASSERT_TRUE(ended.has_value()) << system_.said();
    EXPECT_EQ(ended->code, kOutdone) << system_.said();
  }

  [[nodiscard]] std::string everything_on_record() const {
    return json::serialize(system_.sql("select * from attempts order by attempt")) +
           json::serialize(system_.sql("select * from events order by 1")) +
           json::serialize(system_.sql("select * from tasks order by key")) +
           json::serialize(system_.sql("select * from workers order by name"));
  }

  RunningSystem system_;
  ChildProcess first_;
  ChildProcess second_;
  std::optional<std::string> first_http_;
};

TEST_F(Standby, TakesOverFromOneThatIsKilledAndWhatRunsGoesOn) {
  ASSERT_TRUE(system_.start_database());
  start("127.0.0.1", "127.0.0.2");
  const auto worker = system_.start_worker("worker", 4);
  const auto job = system_.submit(wide_job(60));
  ASSERT_TRUE(eventually([&] { return system_.executed(job) >= 30; })) << system_.said();
  system_.hold();
  ASSERT_TRUE(eventually([this] { return system_.busy() == 4; }));
  first_.signal(SIGKILL);
  expect_second_takes_over();
  EXPECT_TRUE(eventually([this] { return system_.worker_is_alive("worker"); })) << system_.said();
  system_.release();
  expect_done_once(system_, job, std::chrono::seconds(60));
  EXPECT_EQ(system_.executed(job), 180);
  expect_all_begun_attempts_succeeded(system_);
  expect_no_retries_consumed(system_);
}

TEST_F(Standby, TakesOverFromOneThatIsStoppedWhichWritesNothingWhenItWakes) {
  ASSERT_TRUE(system_.start_database());
  start("127.0.0.1", "127.0.0.2");
  const auto worker = system_.start_worker("worker", 4);
  const auto job = system_.submit(wide_job(60));
  ASSERT_TRUE(eventually([&] { return system_.executed(job) >= 30; })) << system_.said();
  first_.signal(SIGSTOP);  // what the worker reports from now on waits in its sockets
  expect_second_takes_over();
  ASSERT_TRUE(eventually([&] { return system_.executed(job) >= 60; })) << system_.said();
  system_.hold();
  // Nothing ends any more, and what the worker has told the first in vain it has told the second by now: it
  // repeats itself after one second, two, four; an upload to the first takes longer to give up.
  const auto lately = "select from attempts where greatest(started_at, ended_at) > now() - interval '20 s'";
  ASSERT_TRUE(eventually([&] { return system_.sql(lately).empty(); }));
  const auto before = everything_on_record();
  first_.signal(SIGCONT);
  expect_first_ends_outdone();
  EXPECT_EQ(everything_on_record(), before);
  system_.release();
  expect_done_once(system_, job, std::chrono::seconds(60));
  EXPECT_EQ(system_.executed(job), 180);
  expect_no_retries_consumed(system_);
}

// Its last commit is refused while it stops for another reason.
TEST_F(Standby, IsNotNeededForTheFirstToEndOrderlyThoughItIsOutdoneWhileItStops) {
  ASSERT_TRUE(system_.start_database());
  first_ = system_.start_coordinator("127.0.0.1");
  const auto worker = system_.start_worker("worker", 4);
  system_.hold();
  system_.submit(wide_job(4));
  ASSERT_TRUE(eventually([this] { return system_.busy() == 4; })) << system_.said();
  const auto begun = std::async(std::launch::async, [this] {
    return system_.psql(
        {"begin; update espalier.coordinator set epoch = epoch + 1; select pg_sleep(3); commit"});
  });
  const auto somebody_waits_for = [this](const std::string& event) {
    const std::string statement = "select 'yes' from pg_stat_activity where " + event;
    return eventually([&] { return system_.psql({statement}).value_or("").starts_with(" yes"); });
  };
  ASSERT_TRUE(somebody_waits_for("wait_event = 'PgSleep'"));
  system_.release();
  ASSERT_TRUE(somebody_waits_for("wait_event_type = 'Lock'")) << "a commit waits for the epoch";
  first_.signal(SIGTERM);
  expect_first_ends_outdone();
}

// The first and a worker are on a host that vanishes: its connections seem to live, and the two still hear
// each other.
TEST_F(Standby, TakesOverFromOneWhoseHostVanishesAndNothingRunsTwiceAtATime) {
  const CutNetwork network;
  if (!network.objection().empty()) GTEST_SKIP() << network.objection();
  ASSERT_TRUE(system_.start_database(network.here()));
  start(network.there(), network.here(), network.run_there());
  const auto near = system_.start_worker("near", 2);
  const auto far = system_.start_worker("far", 2, network.run_there());
  system_.hold();
  ASSERT_TRUE(
      eventually([this] { return system_.worker_is_alive("near") && system_.worker_is_alive("far"); }));
  const auto job = system_.submit(wide_job(4));
  ASSERT_TRUE(eventually([this] { return system_.busy() == 4; })) << system_.said();
  network.cut();
  expect_second_takes_over();
  const std::string lost_there =
      "select attempt, extract(epoch from ended_at)::float8 as ended from attempts where worker = 'far' and "
      "state = 'lost'";
  ASSERT_TRUE(eventually([&] { return system_.sql(lost_there).size() == 2; })) << system_.said();
  const auto seen = system_.seen();
  for (const auto& lost : system_.sql(lost_there)) {
    EXPECT_LT(wall_s(seen.at(lost.at("attempt").to_number<std::int64_t>()).last_alive),
              lost.at("ended").to_number<double>())
        << "its runner was dead before its task was given to another";
  }
  network.heal();
  system_.release();
  expect_first_ends_outdone();
  EXPECT_TRUE(eventually([this] { return system_.worker_is_alive("far"); })) << system_.said();
  expect_done_once(system_, job, std::chrono::seconds(60));
  expect_no_retries_consumed(system_);
}

}  // namespace
}  // namespace espalier::test
