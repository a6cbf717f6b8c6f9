// Which worker gets what, and who says so: targets, drained workers, users' shares, explanations.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "common/base/files.hpp"
#include "tests/system/running_system.hpp"

namespace espalier::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string aimed_job(const std::string& require, int trials = 2) {
  return wide_job(trials, 0, "aimed") + "\n[target]\nrequire = '" + require + "'\n";
}

std::vector<std::string> names_of(const RunningSystem& system) {
  std::vector<std::string> names;
  for (const auto& worker : system.sql("select name from workers order by name"))
    names.emplace_back(worker.at("name").as_string());
  return names;
}

std::int64_t began_on(const RunningSystem& system, const std::string& worker) {
  const auto rows = system.sql("select count(*) as n from attempts where worker = '" + worker + "'");
  return rows.front().at("n").to_number<std::int64_t>();
}

TEST(Workers, AreListedWithTheirFactsAndTriedAgainstATarget) {
  RunningSystem system;
  ASSERT_TRUE(system.start()) << system.said();
  const auto name = names_of(system).front();
  EXPECT_THAT(system.sandbox().run({"workers"}).output, HasSubstr(name));
  const auto facts = system.sandbox().run({"workers", "--facts", name});
  EXPECT_EQ(facts.exit.code, 0) << facts.errors;
  EXPECT_THAT(facts.output, HasSubstr("arch"));
  EXPECT_EQ(system.sandbox().run({"workers", "--facts", "nobody"}).exit.code, 4);

  const auto folder = system.sandbox().folder();
  ASSERT_TRUE(write_file_atomically(folder / "aim.txt", "cores >= 1 && worker == \"" + name + "\""));
  const auto tried = system.sandbox().run({"workers", "--match", (folder / "aim.txt").string(), "--json"});
  ASSERT_EQ(tried.exit.code, 0) << tried.errors;
  const auto targets = parse_json(tried.output);
  for (const auto& worker : targets->at(0).at("workers").as_array())
    EXPECT_EQ(worker.at("matches").as_bool(), worker.at("name").as_string() == name);

  ASSERT_TRUE(write_file_atomically(folder / "wrong.txt", "coers >= 1"));
  const auto wrong = system.sandbox().run({"workers", "--match", (folder / "wrong.txt").string()});
  EXPECT_NE(wrong.exit.code, 0);
  EXPECT_THAT(wrong.errors, HasSubstr("cores")) << "the nearest right word";

  ASSERT_TRUE(write_file_atomically(folder / "aimed.toml", aimed_job("cores > 4096")));
  const auto of_job = system.sandbox().run({"workers", "--match", (folder / "aimed.toml").string()});
  EXPECT_THAT(of_job.output, HasSubstr("cores > 4096"));
}

TEST(Workers, OfEachDeviceClassMeasureTheSameTrainedModelIfTheJobNamesThem) {
  RunningSystem system;
  ASSERT_TRUE(system.start()) << system.said();
  auto board = system.start_worker("board", 1, {"env", "ESPALIER_FAKE_DEVICE_CLASS=cpu|a board"});
  ASSERT_TRUE(eventually([&] { return system.worker_is_alive("board"); }));
  std::string text = wide_job(2, 0, "devices");
  const std::string table = "[benchmark]\n";
  ASSERT_NE(text.find(table), std::string::npos);
  text.insert(text.find(table) + table.size(), "device = ['cores >= 1']\n");
  const auto job = system.submit(text);
  ASSERT_TRUE(eventually([&] { return system.state(job) == "succeeded"; })) << system.said();
  const auto rows = system.sql(
      "select r.trial_id, r.device_class, r.latency_p50_ms, a.worker from results_by_device r "
      "join attempts a using (attempt) order by 1, 2");
  ASSERT_EQ(rows.size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(rows[i].at("device_class"), i % 2 == 0 ? "cpu|a board" : "cpu|fake");
    EXPECT_EQ(rows[i].at("worker") == "board", i % 2 == 0);
    EXPECT_TRUE(rows[i].at("latency_p50_ms").is_number());
  }
  EXPECT_EQ(system.sql("select from tasks where stage = 'train'").size(), 2U) << "once a trial";
  EXPECT_EQ(system.sql("select from results").size(), 2U);
  EXPECT_EQ(system.sql("select distinct device_class from pareto").size(), 1U);
}

TEST(Explain, NamesForEachWorkerTheTermThatFailsDeadOnesToo) {
  RunningSystem system;
  ASSERT_TRUE(system.start()) << system.said();
  const auto spare = names_of(system).front();
  const auto job = system.submit(aimed_job("cores > 4096 && worker != \"" + spare + "\""));
  const auto trial =
      std::to_string(system.sql("select min(id) as id from trials")[0].at("id").to_number<std::int64_t>());
  const auto agents = descendants(system.pid(), "espalier-worker");
  ASSERT_FALSE(agents.empty());
  ::kill(agents.front(), SIGTERM);
  ASSERT_TRUE(eventually([&] { return system.sql("select from workers where state = 'lost'").size() == 1; }));
  const auto said = system.sandbox().run({"explain", trial, "--json"});
  ASSERT_EQ(said.exit.code, 0) << said.errors;
  const auto tasks = parse_json(said.output);
  std::size_t lost = 0;
  for (const auto& task : tasks->as_array()) {
    if (task.at("state").as_string() != "ready") continue;
    EXPECT_GE(task.at("workers").as_array().size(), 2U) << "`espalier up` starts another one";
    for (const auto& worker : task.at("workers").as_array()) {
      EXPECT_THAT(json::serialize(worker), HasSubstr("cores > 4096"));
      EXPECT_THAT(json::serialize(worker), HasSubstr("more than 4096"));
      if (worker.at("state").as_string() == "lost") ++lost;
      const bool is_spare = worker.at("name").as_string() == spare;
      EXPECT_THAT(json::serialize(worker),
                  is_spare ? ::testing::Matcher<std::string>(HasSubstr("worker != "))
                           : ::testing::Matcher<std::string>(Not(HasSubstr("worker != "))));
    }
  }
  EXPECT_GT(lost, 0U);
  EXPECT_THAT(system.sandbox().run({"explain", trial}).output, HasSubstr("to change that"));
  EXPECT_EQ(system.sandbox().run({"explain", "999999"}).exit.code, 4);
  EXPECT_EQ(system.state(job), "running");
}

TEST(Drain, GivesAWorkerNothingAnyMoreAlsoAfterARestartUntilItIsLifted) {
  RunningSystem system;
  ASSERT_TRUE(system.start()) << system.said();
  const auto drained = names_of(system).front();
  EXPECT_EQ(system.sandbox().run({"workers", "drain", "nobody"}).exit.code, 4);
  const auto done = system.sandbox().run({"workers", "drain", drained});
  EXPECT_EQ(done.exit.code, 0) << done.errors;
  EXPECT_THAT(done.output, HasSubstr("nothing any more"));
  const auto first = system.submit(wide_job(6, 0, "first"), "a.toml");
  ASSERT_TRUE(eventually([&] { return system.state(first) == "succeeded"; })) << system.said();
  EXPECT_EQ(began_on(system, drained), 0);

  const auto coordinator = descendants(system.pid(), "espalier-coordinator");
  ASSERT_EQ(coordinator.size(), 1U);
  ::kill(coordinator.front(), SIGKILL);
  ASSERT_TRUE(
      eventually([&] { return system.state(first) == "succeeded" && system.worker_is_alive(drained); }));
  const auto second = system.submit(wide_job(6, 0, "second"), "b.toml");
  ASSERT_TRUE(eventually([&] { return system.state(second) == "succeeded"; })) << system.said();
  EXPECT_EQ(began_on(system, drained), 0);
  EXPECT_THAT(system.sandbox().run({"workers"}).output, HasSubstr("cordoned"));

  EXPECT_EQ(system.sandbox().run({"workers", "undrain", drained}).exit.code, 0);
  const auto third = system.submit(wide_job(12, 0, "third"), "c.toml");
  ASSERT_TRUE(eventually([&] { return system.state(third) == "succeeded"; })) << system.said();
  EXPECT_GT(began_on(system, drained), 0);
}

TEST(Priority, TakesThePlaceOfATrainingThatIsUnderWay) {
  RunningSystem system;
  ASSERT_TRUE(system.start()) << system.said();
  system.hold();
  system.submit(wide_job(8, 0, "patient"), "a.toml");
  ASSERT_TRUE(eventually([&] { return system.busy() == 4; }));
  std::string urgent = wide_job(1, 0, "urgent");
  urgent.replace(urgent.find("1000"), 4, "900");  // or its training would be the other job's first
  urgent.replace(urgent.find("[data]"), 0, "priority = 90\n");
  system.submit(urgent, "b.toml");
  ASSERT_TRUE(eventually([&] {
    return system.sql("select from attempts where state = 'cancelled' and reason like '%priority 90%'")
               .size() == 1;
  })) << system.said();
  system.release();
  ASSERT_TRUE(eventually([&] { return system.state(1) == "succeeded" && system.state(2) == "succeeded"; }))
      << system.said();
  EXPECT_EQ(system.sql("select from jobs where user_name <> ''").size(), 2U);
}

}  // namespace
}  // namespace espalier::test
