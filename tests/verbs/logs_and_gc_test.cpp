// What the runners wrote, and what nobody needs, with the real programs and runners that only pretend.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "common/base/hash.hpp"
#include "tests/system/running_system.hpp"

namespace espalier::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

TEST(Logs, OfAFailedAttemptAreInTheDatabaseAndPrintedByTrialAndTask) {
  RunningSystem system;
  ASSERT_TRUE(system.start()) << system.said();
  system.fail("\"stage\":\"evaluate\"");
  const auto job = system.submit(wide_job(1));
  ASSERT_TRUE(eventually([&] { return system.state(job) == "failed"; })) << system.said();
  const auto of_trial = system.sandbox().run({"logs", "1"});
  EXPECT_EQ(of_trial.exit.code, 0) << of_trial.errors;
  EXPECT_THAT(of_trial.output, HasSubstr(": train\n"));
  EXPECT_THAT(of_trial.output, HasSubstr(": evaluate\n"));
  const auto failed = system.sql("select key from tasks where state = 'failed'");
  ASSERT_EQ(failed.size(), 1U);
  const std::string key(failed.at(0).at("key").as_string());
  const auto of_task = system.sandbox().run({"logs", key.substr(0, 10)});
  EXPECT_THAT(of_task.output, HasSubstr(": evaluate\n"));
  EXPECT_EQ(of_task.output.find(": train\n"), std::string::npos);
  EXPECT_EQ(system.sandbox().run({"logs", "999"}).exit.code, 4);
  EXPECT_EQ(system.sql("select 1 from artifacts where name = 'log'").size(), 0U);
}

TEST(Logs, AreFollowedUntilTheTrialHasEnded) {
  RunningSystem system;
  ASSERT_TRUE(system.start()) << system.said();
  system.hold();
  const auto job = system.submit(wide_job(1));
  ASSERT_TRUE(eventually([&] { return system.busy() == 1; }));
  auto following = system.sandbox().start({"logs", "1", "--follow"});
  const auto heard = [&](const std::string& text) {
    std::ifstream file(system.sandbox().folder() / "started.out");
    return std::string(std::istreambuf_iterator<char>(file), {}).find(text) != std::string::npos;
  };
  EXPECT_TRUE(eventually([&] { return heard(": train\n"); })) << "while it runs";
  system.release();
  const auto ended = following.wait_for(std::chrono::seconds(60));
  ASSERT_TRUE(ended.has_value());
  EXPECT_EQ(ended->code, 0);
  EXPECT_TRUE(heard(": benchmark\n"));
  EXPECT_EQ(system.state(job), "succeeded");
}

TEST(Gc, TakesWhatNobodyNeedsAndNothingThatALiveJobDoes) {
  RunningSystem system;
  ASSERT_TRUE(system.start()) << system.said();
  const auto store = system.sandbox().state() / "artifacts";
  const auto first = system.submit(wide_job(2));
  ASSERT_TRUE(eventually([&] { return system.state(first) == "succeeded"; })) << system.said();

  const auto file_of = [&](const std::string& hash) {
    auto path = store;
    path /= hash.substr(0, 2);
    path /= hash.substr(2);
    return path;
  };
  const auto old = fs::file_time_type::clock::now() - std::chrono::hours(3);
  const auto put = [&](const std::string& text) {
    const auto path = file_of(sha256_hex(text));
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return path;
  };
  const auto junk = put("junk"), fresh = put("fresh");
  auto partial = store / "incoming" / sha256_hex("whole");
  partial += ".part";
  std::ofstream(partial) << "half";
  for (const auto& entry : fs::recursive_directory_iterator(store))
    if (entry.is_regular_file() && entry.path() != fresh) fs::last_write_time(entry.path(), old);

  system.hold();
  const auto second = system.submit(wide_job(3, 0, "second"), "second.toml");
  ASSERT_TRUE(eventually([&] { return system.busy() > 0; })) << system.said();
  const auto dry = system.sandbox().run({"gc", "--dry-run", "--json"});
  ASSERT_EQ(dry.exit.code, 0) << dry.errors;
  EXPECT_EQ(dry.document().at("count"), 1);
  EXPECT_EQ(dry.document().at("bytes"), 4);
  EXPECT_EQ(dry.document().at("files").at(0).at("hash").as_string(), sha256_hex("junk"));
  EXPECT_EQ(dry.document().at("partial").at("count"), 1);
  EXPECT_TRUE(fs::exists(junk) && fs::exists(partial)) << "it only says what would go";
  EXPECT_EQ(system.sandbox().run({"gc", "--keep-days", "1", "--json"}).document().at("count"), 0);

  const auto collected = system.sandbox().run({"gc"});
  EXPECT_THAT(collected.output, HasSubstr("removed 1 artifacts, 4 bytes, and 1 unfinished uploads, 4 bytes"));
  EXPECT_FALSE(fs::exists(junk) || fs::exists(partial));
  EXPECT_TRUE(fs::exists(fresh));
  for (const auto& row : system.sql("select hash from artifacts"))
    EXPECT_TRUE(fs::exists(file_of(std::string(row.at("hash").as_string()))));
  system.release();
  ASSERT_TRUE(eventually([&] { return system.state(second) == "succeeded"; })) << system.said();
}

}  // namespace
}  // namespace espalier::test
