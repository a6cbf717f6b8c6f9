// A worker on another host, whose cable is pulled in the middle of work: half-open connections, no reset.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/chaos/faults.hpp"
#include "tests/chaos/network.hpp"
#include "tests/chaos/verdict.hpp"

namespace espalier::test {
namespace {

using ::testing::HasSubstr;

class Network : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!network_.objection().empty()) GTEST_SKIP() << network_.objection();
  }
  // One worker with `slots` here, one with two over there.
  void start(int slots, int task_ms) {
    RunningSystem::Options options;
    options.workers = 1;
    options.slots = slots;
    options.task_ms = task_ms;
    options.http = network_.here() + ":0";
    options.zmq = "tcp://" + network_.here() + ":0";
    system_ = std::make_unique<RunningSystem>(options);
    ASSERT_TRUE(system_->start()) << system_->said();
    far_ = system_->start_worker("far", 2, network_.run_there());
    ASSERT_TRUE(eventually([this] { return system_->worker_is_alive("far"); })) << system_->said();
  }
  void TearDown() override {
    if (far_.spawned()) far_.stop(SIGTERM, std::chrono::seconds(10));
  }
  [[nodiscard]] json::array attempts(const std::string& condition) const {
    return system_->sql(
        "select attempt, task_key, worker, state, reason, late_metrics, extract(epoch from "
        "started_at)::float8 as started, "
        "extract(epoch from ended_at)::float8 as ended from attempts where " +
        condition + " order by attempt");
  }

  CutNetwork network_;
  std::unique_ptr<RunningSystem> system_;
  ChildProcess far_;
};

TEST_F(Network, CutForLongerThanTheLeaseStopsTheWorkerBeforeItsTasksGoElsewhereAndItComesBack) {
  start(4, 60);
  system_->hold();
  const auto job = system_->submit(wide_job(5));
  ASSERT_TRUE(eventually([this] { return system_->busy() == 5; })) << system_->said();
  const auto held = attempts("worker = 'far'");
  ASSERT_EQ(held.size(), 2U);
  network_.cut();
  ASSERT_TRUE(eventually([this] { return attempts("worker = 'far' and state = 'lost'").size() == 2; }))
      << system_->said();
  const auto seen = system_->seen();
  for (const auto& lost : attempts("worker = 'far' and state = 'lost'")) {
    EXPECT_THAT(std::string(lost.at("reason").as_string()), HasSubstr("far sent no heartbeat for 10 s"));
    const auto& sighting = seen.at(lost.at("attempt").to_number<std::int64_t>());
    EXPECT_EQ(sighting.ended, 0);
    // Its runner was dead before the coordinator gave the task to anybody.
    EXPECT_LT(wall_s(sighting.last_alive), lost.at("ended").to_number<double>()) << lost;
    RecordProperty("dead_before_requeued_ms", static_cast<int>(1000 * (lost.at("ended").to_number<double>() -
                                                                       wall_s(sighting.last_alive))));
  }
  // One of the two goes to the free slot here, the other waits.
  ASSERT_TRUE(eventually([&] { return attempts("state = 'running'").size() == 4; })) << system_->said();
  network_.heal();
  EXPECT_TRUE(eventually([this] { return system_->worker_is_alive("far"); })) << system_->said();
  EXPECT_TRUE(eventually([this] { return attempts("worker = 'far' and state = 'running'").size() == 1; }))
      << system_->said();
  system_->release();
  expect_done_once(*system_, job, std::chrono::seconds(60));
  expect_no_retries_consumed(*system_);
  EXPECT_FALSE(far_.poll().has_value()) << "it went on as the same process";
}

TEST_F(Network, CutForLongerThanTheLeaseMakesALateResultSuperseded) {
  start(4, 4000);
  const auto job = system_->submit(wide_job(5));
  ASSERT_TRUE(eventually([this] { return system_->busy() == 5; })) << system_->said();
  const auto held = attempts("worker = 'far'");
  ASSERT_EQ(held.size(), 2U);
  network_.cut();  // its tasks end while it can't say so
  ASSERT_TRUE(eventually([this] { return attempts("worker = 'far' and state = 'lost'").size() == 2; }))
      << system_->said();
  network_.heal();
  ASSERT_TRUE(eventually([this] { return attempts("worker = 'far' and state = 'superseded'").size() == 2; }))
      << json::serialize(attempts("true")) << system_->said();
  for (const auto& late : attempts("state = 'superseded'")) {
    EXPECT_FALSE(late.at("late_metrics").is_null());
    EXPECT_THAT(std::string(late.at("reason").as_string()), HasSubstr("ended after it had been given up"));
  }
  expect_done_once(*system_, job, std::chrono::seconds(120));
  expect_no_retries_consumed(*system_);
}

TEST_F(Network, CutForLessThanTheLeaseLosesNothing) {
  start(2, 60);
  const auto job = system_->submit(wide_job(60));
  ASSERT_TRUE(eventually([&] { return system_->executed(job) >= 30; })) << system_->said();
  network_.cut();
  pass(std::chrono::seconds(5));
  network_.heal();
  expect_done_once(*system_, job, std::chrono::seconds(120));
  // What was on its way to the worker just then may never have arrived: it was never begun.
  EXPECT_EQ(json::serialize(system_->sql("select * from attempts where state <> 'succeeded' and "
                                         "reason <> 'worker far doesn''t have it'")),
            "[]");
  expect_all_begun_attempts_succeeded(*system_);
  EXPECT_FALSE(far_.poll().has_value());
}

}  // namespace
}  // namespace espalier::test
