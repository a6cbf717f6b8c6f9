// Whoever is slow, large or many, or names what isn't theirs, gets nothing; all others are served meanwhile,
// and each try is counted.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <deque>
#include <filesystem>
#include <fstream>

#include "common/base/hash.hpp"
#include "tests/security/http_tools.hpp"

namespace espalier::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class HttpLimits : public ::testing::Test {
 protected:
  static RunningSystem::Options options(const std::filesystem::path& jobs) {
    RunningSystem::Options options;
    options.workers = 1;
    options.insecure_bind = false;
    options.more = {"--require-tokens", "--job-files", jobs.string()};
    return options;
  }
  HttpLimits() : jobs_(folder_.folder() / "jobs"), system_(options(jobs_)) {}
  void SetUp() override {
    admin_ = make_token(system_, "root", "admin");
    system_.set_access(admin_);
    ASSERT_TRUE(system_.start()) << system_.said();
    bearer_ = "Authorization: Bearer " + admin_ + "\r\n";
  }
  [[nodiscard]] RawClient client() const { return RawClient(port_of(system_)); }
  void expect_service() const {
    RawClient another(port_of(system_));
    EXPECT_EQ(another.ask(request_line("GET", "/api/v1/jobs", bearer_)), 200);
    const auto job = system_.submit(wide_job(1, 0, "afterwards"));
    EXPECT_TRUE(eventually([&] { return system_.state(job) == "succeeded"; })) << system_.said();
  }

  Sandbox folder_;
  std::filesystem::path jobs_;  // in which job files may name files
  RunningSystem system_;
  std::string admin_;
  std::string bearer_;
};

TEST_F(HttpLimits, AHeaderThatTricklesInIsCutOff) {
  std::deque<RawClient> trickling;
  for (int number = 0; number < 20; ++number) trickling.emplace_back(port_of(system_));
  for (auto& each : trickling) each.say("GET /api/v1/jobs HTTP/1.1\r\nX-");
  expect_service();
  for (auto& each : trickling) {
    while (each.say("a")) {  // until the other side has closed, and said so
      each.hear({}, std::chrono::seconds(1));
      if (each.ended()) break;
    }
    EXPECT_TRUE(each.ended());
  }
  EXPECT_EQ(refused(system_, "slow"), 20);
}

TEST_F(HttpLimits, HeadersAreBoundedInSizeAndNumber) {
  auto large = client();
  EXPECT_EQ(large.ask("GET / HTTP/1.1\r\nX: " + std::string(64'000, 'x') + "\r\n\r\n"), 431);
  auto endless = client();
  EXPECT_EQ(endless.ask("GET /" + std::string(64'000, 'x')), 431);
  auto many = client();
  std::string fields;
  for (int field = 0; field < 500; ++field) fields += fmt::format("a{}: b\r\n", field);
  EXPECT_EQ(many.ask(request_line("GET", "/", fields)), 431);
  EXPECT_EQ(refused(system_, "header_too_large"), 3);
  for (const std::string garbage :
       {"\x16\x03\x01", "GET\r\n\r\n", "\xff\xff\xff\xff\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "POST /api/v1/jobs HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"}) {
    auto garbled = client();
    garbled.say(garbage + "\r\n\r\n");
    EXPECT_THAT(garbled.hear("\r\n\r\n"), Not(HasSubstr("200 OK"))) << garbage;
  }
  expect_service();
}

TEST_F(HttpLimits, BodiesAreBoundedAnnouncedOrNot) {
  auto announced = client();
  EXPECT_EQ(announced.ask("POST /api/v1/jobs HTTP/1.1\r\nHost: x\r\n" + bearer_ +
                          "Content-Length: 9000000000\r\n\r\n"),
            413);
  auto chunked = client();
  ASSERT_TRUE(chunked.say("POST /api/v1/jobs HTTP/1.1\r\nHost: x\r\n" + bearer_ +
                          "Transfer-Encoding: chunked\r\n\r\n"));
  const auto chunk = "100000\r\n" + std::string(0x100000, 'x') + "\r\n";
  for (int number = 0; number < 20 && chunked.say(chunk); ++number) {
  }
  EXPECT_THAT(chunked.hear("\r\n\r\n"), HasSubstr("HTTP/1.1 413"));
  auto artifact = client();
  EXPECT_EQ(artifact.ask("PUT /api/v1/artifacts/" + std::string(64, 'a') + " HTTP/1.1\r\nHost: x\r\n" +
                         bearer_ + "Content-Length: 99000000000000\r\n\r\n"),
            413);
  EXPECT_EQ(refused(system_, "body_too_large"), 3);
  auto stranger = client();
  EXPECT_EQ(stranger.ask("PUT /api/v1/artifacts/" + std::string(64, 'a') +
                         " HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"),
            401)
      << "before a byte of the body is read";
  expect_service();
}

TEST_F(HttpLimits, NoPathLeadsOutOfItsFolder) {
  std::int64_t tried = 0;
  const std::vector<std::string> targets = {"/../../etc/passwd",
                                            "/..%2f..%2fetc%2fpasswd",
                                            "/%2e%2e/%2e%2e/etc/passwd",
                                            "/.hidden",
                                            "/a/../../etc/passwd",
                                            "/..%5c..%5cetc",
                                            "/....//....//etc/passwd",
                                            "//etc/passwd",
                                            "/%252e%252e/etc/passwd",
                                            "/page.js%00.html",
                                            "/%c0%ae%c0%ae/etc/passwd",
                                            "/api/v1/artifacts/..%2f..%2f..%2fetc%2fpasswd",
                                            "/api/v1/artifacts/../../../../etc/passwd",
                                            "/api/v1/artifacts/%2e%2e",
                                            "/api/v1/artifacts/" + std::string(64, '.')};
  for (const auto& target : targets) {
    for (const std::string method : {"GET", "PUT"}) {
      auto traveller = client();
      const auto status = traveller.ask(request_line(method, target, bearer_));
      EXPECT_GE(status, 400) << method << " " << target;
      EXPECT_LT(status, 500) << method << " " << target;
      EXPECT_THAT(traveller.hear("\r\n\r\n"), Not(HasSubstr("root:"))) << target;
      ++tried;
    }
  }
  EXPECT_GT(refused(system_, "path") + refused(system_, "garbled"), tried / 3);
  expect_service();
}

TEST_F(HttpLimits, NoJobHasFilesReadThatWereNotMeantForIt) {
  const auto secret = system_.sandbox().write("secret.pt", "what else is on this machine");
  std::filesystem::create_directories(jobs_);
  std::filesystem::create_symlink(secret, jobs_ / "link.pt");
  for (const auto& path : {secret.string(), (jobs_ / "link.pt").string(), (jobs_ / "../secret.pt").string(),
                           std::string("/etc/passwd"), std::string("/etc")}) {
    auto with_model = wide_job(1);
    with_model.replace(with_model.find("name = \"lenet5\""), 15,
                       "file = \"" + path + "\"\ninput_shape = [1, 28, 28]");
    auto with_data = wide_job(1);
    with_data.replace(with_data.find("dataset = \"fashion-mnist\""), 25,
                      "format = \"idx\"\npath = \"" + path + "\"");
    for (const auto& text : {with_model, with_data}) {
      const auto refused =
          run_with_token(system_, {"submit", system_.sandbox().write("job.toml", text)}, admin_);
      EXPECT_EQ(refused.exit.code, 3) << refused.output;
      EXPECT_THAT(refused.errors, HasSubstr("jobs may not name")) << path;
    }
  }
  auto reader = client();
  const auto stored = "/api/v1/artifacts/" + sha256_hex("what else is on this machine");
  EXPECT_EQ(reader.ask(request_line("GET", stored, bearer_)), 404);
  std::ofstream(jobs_ / "mine.pt") << "a net";
  auto mine = wide_job(1);
  mine.replace(mine.find("name = \"lenet5\""), 15,
               "file = \"" + (jobs_ / "mine.pt").string() + "\"\ninput_shape = [1, 28, 28]");
  const auto taken = run_with_token(system_, {"submit", system_.sandbox().write("job.toml", mine)}, admin_);
  EXPECT_THAT(taken.errors, Not(HasSubstr("jobs may not name")));
}

// One descriptor each.
class HalfOpen {
 public:
  ~HalfOpen() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  bool open(std::uint16_t port, std::string_view beginning) {
    descriptor_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in server{};
    server.sin_family = AF_INET;
    server.sin_port = htons(port);
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(descriptor_, reinterpret_cast<const sockaddr*>(&server), sizeof server) != 0) return false;
    return ::send(descriptor_, beginning.data(), beginning.size(), MSG_NOSIGNAL) >= 0;
  }

 private:
  int descriptor_ = -1;
};

TEST_F(HttpLimits, ThousandsOfHalfOpenConnectionsMakeRoomForWhoeverAsks) {
  rlimit files{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  const auto before = files.rlim_cur;
  files.rlim_cur = files.rlim_max;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);
  const auto wanted = std::min<rlim_t>(10'000, files.rlim_cur - 500);
  ASSERT_GE(wanted, 2000U) << "ulimit -n";
  std::vector<HalfOpen> half_open(wanted);
  for (rlim_t number = 0; number < wanted; ++number) {
    ASSERT_TRUE(half_open[number].open(port_of(system_), number % 2 == 0 ? "GET / HTTP/1.1\r\nHost: " : ""));
    if (number % 1000 != 999) continue;
    auto another = client();
    EXPECT_EQ(another.ask(request_line("GET", "/api/v1/jobs", bearer_)), 200)
        << "with " << number << " half open";
  }
  EXPECT_GE(refused(system_, "address"), static_cast<std::int64_t>(wanted) - 4096);
  expect_service();
  half_open.clear();
  files.rlim_cur = before;
  ::setrlimit(RLIMIT_NOFILE, &files);
}

TEST(HttpHost, ASiteThatResolvesItsNameToThisMachineGetsNothing) {
  RunningSystem::Options options;
  options.workers = 1;
  options.insecure_bind = false;
  RunningSystem system(options);
  ASSERT_TRUE(system.start()) << system.said();
  const auto ask = [&](const std::string& request) { return RawClient(port_of(system)).ask(request); };
  EXPECT_EQ(ask("GET /api/v1/jobs HTTP/1.1\r\nHost: evil.example:8470\r\n\r\n"), 421);
  EXPECT_EQ(ask("GET /api/v1/jobs HTTP/1.1\r\nHost: localhost:8470\r\n\r\n"), 200);
  EXPECT_EQ(ask("GET /api/v1/jobs HTTP/1.1\r\nHost: [::1]:8470\r\n\r\n"), 200);
  EXPECT_EQ(ask("POST /api/v1/gc HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: "
                "http://evil.example\r\nContent-Length: 0\r\n\r\n"),
            403);
  EXPECT_EQ(refused(system, "host"), 1);
  EXPECT_EQ(refused(system, "other_site"), 1);
}

}  // namespace
}  // namespace espalier::test
