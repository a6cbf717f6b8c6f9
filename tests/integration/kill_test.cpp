// What dies in the middle of a job costs nothing but time.
#include <gtest/gtest.h>

#include <csignal>

#include "common/base/files.hpp"
#include "tests/integration/espalier_program.hpp"
#include "tests/integration/jobs.hpp"

namespace espalier::test {
namespace {

std::int64_t tasks(const json::object& job, const char* what) {
  return job.at("tasks").at(what).to_number<std::int64_t>();
}

bool executed_at_least(const Sandbox& sandbox, std::int64_t wanted) {
  const auto job = newest_job(sandbox);
  return job && tasks(*job, "executed") >= wanted;
}

void expect_one_result_a_task(const Sandbox& sandbox) {
  EXPECT_TRUE(
      sandbox.sql("select task_key from attempts where state = 'succeeded' group by 1 having count(*) > 1")
          .empty());
}

TEST(Kill, AKilledRunnerIsReportedAndItsTaskTriedAgain) {
  const Sandbox sandbox;
  auto run = sandbox.start({"run", sandbox.write("job.toml", long_job()), "--json"});
  ASSERT_TRUE(eventually([&] { return executed_at_least(sandbox, 1); }));
  std::vector<pid_t> runners;
  ASSERT_TRUE(eventually([&] { return !(runners = descendants(run.pid(), "espalier-runner")).empty(); }));
  for (const auto runner : runners) ::kill(runner, SIGKILL);
  const auto ended = run.wait_for(std::chrono::minutes(4));
  ASSERT_TRUE(ended.has_value());
  EXPECT_EQ(ended->code, 0);
  const auto crashed = sandbox.sql("select reason from attempts where state = 'crashed'");
  ASSERT_FALSE(crashed.empty());
  EXPECT_NE(std::string(crashed.at(0).at("reason").as_string()).find("signal 9"), std::string::npos);
  expect_one_result_a_task(sandbox);
}

TEST(Kill, EverythingKilledAtOnceGoesOnWhereItWas) {
  const Sandbox sandbox;
  const auto job = sandbox.write("job.toml", long_job());
  auto run = sandbox.start({"run", job, "--json"});
  ASSERT_TRUE(eventually([&] { return executed_at_least(sandbox, 2); }));
  auto everyone = descendants(run.pid());
  everyone.insert(everyone.begin(), run.pid());
  for (const auto pid : everyone) ::kill(pid, SIGKILL);
  run.wait_for(std::chrono::seconds(10));
  ASSERT_TRUE(eventually([&] { return std::none_of(everyone.begin(), everyone.end(), alive); }));

  const auto resumed = sandbox.run({"run", job, "--json"});
  ASSERT_EQ(resumed.exit.code, 0) << resumed.errors;
  const auto document = resumed.document();
  EXPECT_GE(tasks(document, "reused"), 2);
  EXPECT_EQ(tasks(document, "reused") + tasks(document, "executed"), tasks(document, "total"));
  expect_one_result_a_task(sandbox);
  EXPECT_EQ(sandbox.sql("select id from jobs").size(), 1U) << "the same job went on";
}

TEST(Kill, CtrlCEndsAllChildrenStopsTheDatabaseCleanlyAndTheNextRunResumes) {
  const Sandbox sandbox;
  const auto job = sandbox.write("job.toml", long_job());
  auto run = sandbox.start({"run", job, "--json"});
  ASSERT_TRUE(eventually([&] { return executed_at_least(sandbox, 1); }));
  const auto children = descendants(run.pid());
  ASSERT_GE(children.size(), 4U);
  run.signal(SIGINT);
  const auto ended = run.wait_for(std::chrono::seconds(20));
  ASSERT_TRUE(ended.has_value());
  EXPECT_EQ(ended->code, 130);
  EXPECT_TRUE(std::none_of(children.begin(), children.end(), alive));

  const auto resumed = sandbox.run({"run", job, "--json"});
  EXPECT_EQ(resumed.exit.code, 0) << resumed.errors;
  EXPECT_GE(tasks(resumed.document(), "reused"), 1);
  const auto log = read_file(sandbox.state() / "postgres/postgres.log");
  ASSERT_TRUE(log.has_value());
  EXPECT_EQ(log->find("not properly shut down"), std::string::npos) << *log;
}

TEST(Kill, ATrainingGoesOnFromItsCheckpointAfterItsRunnerAndItsWorkerWereKilled) {
  const Sandbox sandbox;
  auto options = sandbox.options({"run", sandbox.write("job.toml", one_long_training()), "--json"});
  options.environment.emplace_back("ESPALIER_CHECKPOINT_SECONDS", "0.3");
  options.output_file = sandbox.folder() / "started.out";
  options.error_file = sandbox.folder() / "started.err";
  auto run = ChildProcess::spawn(options).value();
  const auto checkpoints = [&](const char* condition) {
    return newest_job(sandbox) &&
           !sandbox.sql(std::string("select step from checkpoints where ") + condition).empty();
  };
  ASSERT_TRUE(eventually([&] { return checkpoints("step > 0"); }));
  const auto victims = descendants(run.pid(), "espalier-runner");
  ASSERT_FALSE(victims.empty());
  for (const auto runner : victims) ::kill(runner, SIGKILL);
  ASSERT_TRUE(eventually([&] { return checkpoints("attempt > 1"); }));
  for (const auto worker : descendants(run.pid(), "espalier-worker")) ::kill(worker, SIGKILL);
  const auto ended = run.wait_for(std::chrono::minutes(4));
  ASSERT_TRUE(ended.has_value());
  EXPECT_EQ(ended->code, 0) << *read_file(sandbox.folder() / "started.err");
  const auto resumed = sandbox.sql(
      "select reason from events where kind = 'attempt' and state = 'running' and reason like 'goes on after "
      "step %'");
  EXPECT_EQ(resumed.size(), 2U) << "after the runner, and after the worker";
  // Its curve is whole all the same.
  EXPECT_EQ(sandbox.sql("select step from curves where name = 'train_loss'").size(), 12U);
}

TEST(Kill, CoordinatorWorkerAndDatabaseAreStartedAgain) {
  const Sandbox sandbox;
  auto run = sandbox.start({"run", sandbox.write("job.toml", long_job()), "--json"});
  std::int64_t done = 1;
  for (const char* victim : {"espalier-worker", "espalier-coordinator", "postgres"}) {
    ASSERT_TRUE(eventually([&] { return executed_at_least(sandbox, done); }, std::chrono::seconds(120)))
        << victim;
    const auto found = descendants(run.pid(), victim);
    ASSERT_FALSE(found.empty()) << victim;
    ::kill(found.front(), SIGKILL);
    done += 2;
  }
  const auto ended = run.wait_for(std::chrono::minutes(4));
  ASSERT_TRUE(ended.has_value());
  EXPECT_EQ(ended->code, 0) << *read_file(sandbox.folder() / "started.err");
  expect_one_result_a_task(sandbox);
}

}  // namespace
}  // namespace espalier::test
