// One clear error each, its own exit code, nothing half-written.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/integration/espalier_program.hpp"
#include "tests/integration/jobs.hpp"

namespace espalier::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct Mistake {
  const char* name;
  std::string text;
  int code;
  std::vector<std::string> said;
};

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

class JobFileMistake : public ::testing::TestWithParam<Mistake> {};

TEST_P(JobFileMistake, IsSaidWithItsPlaceAndTheRightWord) {
  const Sandbox sandbox;
  const auto job = sandbox.write("job.toml", GetParam().text);
  const auto ran = sandbox.run({"run", job});
  EXPECT_EQ(ran.exit.code, GetParam().code) << ran.errors;
  EXPECT_EQ(ran.output, "");
  EXPECT_THAT(ran.errors, HasSubstr("job.toml:"));
  for (const auto& part : GetParam().said) EXPECT_THAT(ran.errors, HasSubstr(part));
  EXPECT_FALSE(std::filesystem::exists(sandbox.state())) << "a job with mistakes leaves nothing behind";
}

INSTANTIATE_TEST_SUITE_P(
    All, JobFileMistake,
    ::testing::Values(
        Mistake{"BrokenToml", replaced(small_job(), "[train]", "[train"), 3, {"job.toml:11"}},
        Mistake{"UnknownKey",
                replaced(small_job(), "batch_size = 32", "batchsize = 32"),
                3,
                {"batchsize", "batch_size"}},
        Mistake{"WrongType", replaced(small_job(), "epochs = 1", "epochs = \"one\""), 3, {"epochs"}},
        Mistake{"UnknownModel", replaced(small_job(), "\"lenet5\"", "\"lenet6\""), 3, {"lenet6", "lenet5"}},
        Mistake{"UnknownDataset",
                replaced(small_job(), "\"fashion-mnist\"", "\"fasion-mnist\""),
                3,
                {"fasion-mnist", "fashion-mnist"}}),
    [](const auto& instance) { return instance.param.name; });

TEST(Errors, AMissingJobFileIsNamed) {
  const Sandbox sandbox;
  const auto ran = sandbox.run({"run", sandbox.folder() / "nowhere.toml"});
  EXPECT_EQ(ran.exit.code, 4);
  EXPECT_THAT(ran.errors, HasSubstr("nowhere.toml"));
  EXPECT_FALSE(std::filesystem::exists(sandbox.state()));
}

TEST(Errors, AMissingDatasetNamesThePackageToInstall) {
  const Sandbox sandbox;
  auto options = sandbox.options({"run", sandbox.write("job.toml", small_job())});
  options.environment = {{"ESPALIER_DATASETS", sandbox.folder().string()}};
  const auto ran = sandbox.run(options);
  EXPECT_EQ(ran.exit.code, 5) << ran.errors;
  EXPECT_THAT(ran.errors, HasSubstr("dataset-fashion-mnist"));
}

TEST(Errors, AStateFolderInUseIsRefusedAndTheFirstRunGoesOn) {
  const Sandbox sandbox;
  const auto job = sandbox.write("job.toml", long_job());
  auto first = sandbox.start({"run", job, "--json"});
  ASSERT_TRUE(eventually([&] { return newest_job(sandbox).has_value(); }));
  const auto second = sandbox.run({"run", job});
  EXPECT_EQ(second.exit.code, 6) << second.errors;
  EXPECT_THAT(second.errors, HasSubstr("in use by process " + std::to_string(first.pid())));
  EXPECT_FALSE(first.poll().has_value());
  first.stop(SIGINT, std::chrono::seconds(30));
}

TEST(Errors, ATakenPortIsRefusedAndNamed) {
  const int taken = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(taken, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(taken, 1), 0);
  ASSERT_EQ(::getsockname(taken, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const auto port = std::to_string(::ntohs(address.sin_port));

  const Sandbox sandbox;
  const auto ran =
      sandbox.run({"run", sandbox.write("job.toml", small_job()), "--http", "127.0.0.1:" + port});
  ::close(taken);
  EXPECT_EQ(ran.exit.code, 6) << ran.errors;
  EXPECT_THAT(ran.errors, HasSubstr(port));
}

TEST(Errors, AWrongCommandLineExitsWithItsOwnCode) {
  const Sandbox sandbox;
  EXPECT_EQ(sandbox.run({"run"}).exit.code, 2);
  EXPECT_EQ(sandbox.run({"nosuchcommand"}).exit.code, 2);
  EXPECT_EQ(sandbox.run({"run", "--help"}).exit.code, 0);
}

TEST(Errors, SqlWithoutADatabaseSaysSo) {
  const Sandbox sandbox;
  const auto ran = sandbox.run({"sql", "select 1"});
  EXPECT_EQ(ran.exit.code, 4);
  EXPECT_THAT(ran.errors, HasSubstr("run a job first"));
}

TEST(Plan, CountsTrialsAndTasksWithoutRunningAnything) {
  const Sandbox sandbox;
  const auto ran = sandbox.run({"plan", sandbox.write("job.toml", small_job()), "--json"});
  EXPECT_EQ(ran.exit.code, 0) << ran.errors;
  const auto document = ran.document();
  EXPECT_EQ(document.at("trials").to_number<int>(), 7);
  EXPECT_GT(document.at("tasks").to_number<int>(), 7);
  EXPECT_TRUE(document.at("errors").as_array().empty());
  EXPECT_THAT(ran.errors, Not(HasSubstr("error")));
}

}  // namespace
}  // namespace espalier::test
