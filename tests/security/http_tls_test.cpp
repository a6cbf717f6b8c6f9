// https: between the command line, workers and a coordinator, and what happens when one of them is somebody
// else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/files.hpp"
#include "common/net/blocking_http.hpp"
#include "tests/security/http_tools.hpp"

namespace espalier::test {
namespace {

using ::testing::HasSubstr;

class HttpTls : public ::testing::Test {
 protected:
  static RunningSystem::Options options(const CertificateFiles& files) {
    RunningSystem::Options options;
    options.workers = 1;
    options.slots = 1;
    options.insecure_bind = false;
    options.more = {"--require-tokens", "--tls-certificate", files.certificate, "--tls-key", files.key};
    return options;
  }
  HttpTls() : files_(make_certificate(certificates_.folder(), "coordinator")), system_(options(files_)) {}
  void SetUp() override {
    admin_ = make_token(system_, "root", "admin");
    system_.set_access(admin_, files_.certificate);
    ASSERT_TRUE(system_.start()) << system_.said();
  }

  Sandbox certificates_;
  CertificateFiles files_;
  RunningSystem system_;
  std::string admin_;
};

TEST_F(HttpTls, AJobRunsWithWorkersThatStoreAndFetchOverIt) {
  EXPECT_THAT(system_.address("http").value(), HasSubstr("https://127.0.0.1:"));
  const auto first = system_.submit(wide_job(2), "first.toml");
  ASSERT_TRUE(eventually([&] { return system_.state(first) == "succeeded"; })) << system_.said();
  // The same nets are measured otherwise by a worker that has none of them yet.
  auto worker = system_.start_worker("newcomer", 2);
  ASSERT_TRUE(eventually([&] { return system_.worker_is_alive("newcomer"); })) << system_.said();
  const auto old =
      system_.sql("select name from v1.workers where name <> 'newcomer'").at(0).at("name").as_string();
  const auto drained = run_with_token(system_, {"workers", "drain", std::string(old)}, admin_);
  ASSERT_EQ(drained.exit.code, 0) << drained.errors;
  auto text = wide_job(2, 0, "second");
  text.replace(text.find("batch_sizes = [1]"), 17, "batch_sizes = [2]");
  const auto second = system_.submit(text, "second.toml");
  ASSERT_TRUE(eventually([&] { return system_.state(second) == "succeeded"; })) << system_.said();
  EXPECT_GT(system_.sql("select attempt from v1.attempts where worker = 'newcomer'").size(), 0U);
  EXPECT_EQ(metric(system_, "espalier_requests_refused_total{reason=\"no_token\"}"), 0);
}

TEST_F(HttpTls, ItsCookieNeverLeavesItUnencrypted) {
  const auto http = system_.address("http").value();
  const auto reply =
      net::request("POST", http + "/api/v1/session", "", std::chrono::seconds(10), system_.access());
  ASSERT_TRUE(reply.has_value()) << reply.error().message;
  EXPECT_EQ(reply->header("Set-Cookie"),
            "__Host-espalier=" + admin_ + "; Path=/; HttpOnly; SameSite=Strict; Secure");
}

TEST_F(HttpTls, AClientThatIsAskedToTrustAnotherAuthorityShowsNothing) {
  const auto http = system_.address("http").value();
  const auto unknown = run_with_token(system_, {"jobs", "--coordinator", http}, admin_);
  EXPECT_EQ(unknown.exit.code, 7);
  EXPECT_THAT(unknown.errors, HasSubstr("certificate verify failed"));
  EXPECT_THAT(unknown.errors, HasSubstr("--ca FILE"));
  const auto other = make_certificate(certificates_.folder(), "other");
  EXPECT_EQ(
      run_with_token(system_, {"jobs", "--coordinator", http, "--ca", other.certificate}, admin_).exit.code,
      7);
  EXPECT_EQ(
      run_with_token(system_, {"jobs", "--coordinator", http, "--ca", files_.certificate}, admin_).exit.code,
      0);
  EXPECT_EQ(run_with_token(system_, {"jobs"}, admin_).exit.code, 0) << "the state folder has the certificate";
  // The right certificate under another name is somebody else, too.
  const auto named = "https://localhost:" + std::to_string(port_of(system_));
  EXPECT_EQ(
      run_with_token(system_, {"jobs", "--coordinator", named, "--ca", files_.certificate}, admin_).exit.code,
      7);
}

TEST_F(HttpTls, PlainHttpIsToldWhatToWrite) {
  const auto plain = "http://127.0.0.1:" + std::to_string(port_of(system_));
  const auto ran = run_with_token(system_, {"jobs", "--coordinator", plain}, admin_);
  EXPECT_EQ(ran.exit.code, 2);
  EXPECT_THAT(ran.errors, HasSubstr("this port speaks https, not http"));
  EXPECT_THAT(ran.errors, HasSubstr("write https:// instead"));
  EXPECT_EQ(refused(system_, "tls"), 1);
  RawClient garbage(port_of(system_));
  garbage.say("\x16\x03\x01\xff\xff" + std::string(5000, 'x'));
  garbage.hear();
  EXPECT_TRUE(garbage.ended());
  EXPECT_EQ(refused(system_, "tls"), 2);
}

TEST(HttpBind, AnAddressThatOthersReachNeedsTlsAndTheRefusalSaysWhatToRun) {
  const Sandbox sandbox;
  ChildOptions coordinator;
  coordinator.arguments = {std::string(ESPALIER_BIN) + "/espalier-coordinator",
                           "--database",
                           "host=/nowhere",
                           "--artifacts",
                           sandbox.folder() / "artifacts",
                           "--http",
                           "0.0.0.0:0"};
  const auto bare = sandbox.run(coordinator);
  EXPECT_EQ(bare.exit.code, 2);
  EXPECT_THAT(bare.errors, HasSubstr("refusing to listen on 0.0.0.0:0 without encryption"));
  EXPECT_THAT(bare.errors, HasSubstr("--tls-certificate FILE --tls-key FILE"));
  EXPECT_THAT(bare.errors, HasSubstr("espalier tokens add NAME --role admin"));

  const auto files = make_certificate(sandbox.folder(), "c");
  std::filesystem::permissions(files.key, std::filesystem::perms(0644));
  coordinator.arguments.insert(coordinator.arguments.end(),
                               {"--tls-certificate", files.certificate, "--tls-key", files.key});
  const auto readable = sandbox.run(coordinator);
  EXPECT_EQ(readable.exit.code, 2);
  EXPECT_THAT(readable.errors, HasSubstr("chmod 600"));
  const auto other = make_certificate(sandbox.folder(), "other");
  coordinator.arguments.back() = other.key;
  const auto mixed = sandbox.run(coordinator);
  EXPECT_EQ(mixed.exit.code, 2);
  EXPECT_THAT(mixed.errors, HasSubstr("can't be used"));
}

}  // namespace
}  // namespace espalier::test
