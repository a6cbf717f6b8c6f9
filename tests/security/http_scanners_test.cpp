// Other people's tools, against a coordinator on loopback: nmap, sqlmap and wrk of Debian, where they are
// installed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "common/base/files.hpp"
#include "tests/security/http_tools.hpp"

namespace espalier::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class HttpScanners : public ::testing::Test {
 protected:
  static RunningSystem::Options options() {
    RunningSystem::Options options;
    options.workers = 1;
    options.insecure_bind = false;
    options.more = {"--require-tokens"};
    return options;
  }
  HttpScanners() : system_(options()) {}
  void SetUp() override {
    admin_ = make_token(system_, "root", "admin");
    system_.set_access(admin_);
    ASSERT_TRUE(system_.start()) << system_.said();
    finished_ = system_.submit(wide_job(1));
    ASSERT_TRUE(eventually([&] { return system_.state(finished_) == "succeeded"; })) << system_.said();
  }
  // What it says; unset if it isn't installed.
  std::optional<std::string> run(const std::string& package, std::vector<std::string> arguments) {
    ChildOptions look;
    look.arguments = {"sh", "-c", "command -v " + arguments.front()};
    const auto found = run_to_end(look, std::chrono::seconds(10));
    if (!found || !found->exit.succeeded()) {
      std::cerr << "apt-get install " << package << " for this test\n";
      return std::nullopt;
    }
    ChildOptions tool;
    tool.arguments = std::move(arguments);
    tool.folder = system_.sandbox().folder();
    tool.environment = {{"HOME", system_.sandbox().folder().string()}};
    tool.error_file = system_.sandbox().folder() / "tool.err";
    const auto ran = run_to_end(tool, std::chrono::minutes(8));
    EXPECT_TRUE(ran.has_value());
    return ran ? ran->text : "";
  }
  void expect_service() const {
    const auto job = system_.submit(wide_job(2, 0, "afterwards"), "afterwards.toml");
    EXPECT_TRUE(eventually([&] { return system_.state(job) == "succeeded"; })) << system_.said();
  }

  RunningSystem system_;
  std::string admin_;
  std::int64_t finished_ = 0;
};

TEST_F(HttpScanners, SlowNmapFindsOnePortAndNothingToUse) {
  const auto said = run("nmap", {"nmap", "-Pn", "-n", "-sT", "-sV", "--script",
                                 "default,http-slowloris-check,http-methods,http-passwd", "-p",
                                 std::to_string(port_of(system_)), "127.0.0.1"});
  if (!said) GTEST_SKIP() << "nmap isn't installed";
  EXPECT_THAT(*said, HasSubstr("/tcp open")) << *said;
  EXPECT_THAT(*said, Not(HasSubstr("VULNERABLE"))) << *said;
  EXPECT_THAT(*said, Not(HasSubstr("root:x"))) << *said;
  expect_service();
}

TEST_F(HttpScanners, SlowSqlmapFindsNoInjection) {
  const auto http = system_.address("http").value();
  for (const auto* target : {"/api/v1/explanations?of=1", "/api/v1/attempts?of=1", "/api/v1/jobs/1*"}) {
    const auto said = run(
        "sqlmap", {"sqlmap", "--batch", "--flush-session", "--dbms=PostgreSQL", "--level=2", "--risk=2",
                   "--ignore-code=401,404", "--header=Authorization: Bearer " + admin_, "-u", http + target});
    if (!said) GTEST_SKIP() << "sqlmap isn't installed";
    EXPECT_THAT(*said, Not(HasSubstr("is vulnerable"))) << *said;
    EXPECT_THAT(*said, HasSubstr("not appear to be injectable")) << *said;
  }
  EXPECT_EQ(system_.state(finished_), "succeeded");
  expect_service();
}

TEST_F(HttpScanners, SlowWrkWithoutATokenDoesNotKeepOthersFromTheirWork) {
  ChildOptions wrk;
  wrk.arguments = {"wrk", "-t2", "-c400", "-d20s", system_.address("http").value() + "/api/v1/jobs"};
  wrk.output_file = system_.sandbox().folder() / "wrk.out";
  auto load = ChildProcess::spawn(wrk);
  if (!load || load->wait_for(std::chrono::milliseconds(200))) GTEST_SKIP() << "wrk isn't installed";
  expect_service();
  ASSERT_TRUE(load->wait_for(std::chrono::seconds(60)).has_value());
  const auto said = read_file(system_.sandbox().folder() / "wrk.out").value();
  EXPECT_THAT(said, HasSubstr("Non-2xx")) << said;
  EXPECT_GT(refused(system_, "no_token"), 100) << said;
}

}  // namespace
}  // namespace espalier::test
