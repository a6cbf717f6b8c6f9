// Tokens and their roles, against a coordinator that demands them: every route that there is, asked by
// everybody.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/files.hpp"
#include "coordinator/api/routes.hpp"
#include "tests/security/http_tools.hpp"

namespace espalier::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

RunningSystem::Options demanding_tokens() {
  RunningSystem::Options options;
  options.workers = 1;
  options.insecure_bind = false;
  options.more = {"--require-tokens"};
  return options;
}

class HttpRoles : public ::testing::Test {
 protected:
  HttpRoles() : system_(demanding_tokens()) {}
  void SetUp() override {
    admin_ = make_token(system_, "root", "admin");
    system_.set_access(admin_);
    ASSERT_TRUE(system_.start()) << system_.said();
  }
  [[nodiscard]] int status_of(const std::string& method, const std::string& target,
                              const std::string& token) const {
    RawClient client(port_of(system_));
    return client.ask(
        request_line(method, target, token.empty() ? "" : "Authorization: Bearer " + token + "\r\n"));
  }
  // The first answer that isn't 401: one that has just been made is known within a second.
  [[nodiscard]] int status_once_known(const std::string& target, const std::string& token) const {
    int status = 0;
    EXPECT_TRUE(eventually([&] { return (status = status_of("GET", target, token)) != 401; }));
    return status;
  }

  RunningSystem system_;
  std::string admin_;
};

// A path of that pattern: whether what it names exists is of no matter to who may ask.
std::string path_of(std::string_view pattern) {
  std::string path = "/";
  for (const char c : pattern)
    path += c == '{' ? std::string("7") : c == '}' ? std::string() : std::string(1, c);
  return path;
}

TEST_F(HttpRoles, EveryRouteIsAnsweredToItsRoleAndToNoLesserOne) {
  struct Holder {
    std::string who;
    std::string token;
    Role role;
  };
  const std::vector<Holder> holders = {
      {"nobody", "", Role::anybody},
      {"a guess", "espalier_" + std::string(64, '0'), Role::anybody},
      {"the reader", make_token(system_, "r", "reader"), Role::reader},
      {"the submitter", make_token(system_, "s", "submitter"), Role::submitter},
      {"the admin", admin_, Role::admin}};
  std::int64_t unauthorized = 0;
  std::int64_t forbidden = 0;
  ASSERT_GT(api::routes().size(), 20U);
  for (const auto& route : api::routes()) {
    for (const auto& holder : holders) {
      const auto method = std::string(api::http::to_string(route.method));
      const auto status = status_of(method, path_of(route.pattern), holder.token);
      const auto what = fmt::format("{} {} by {}", method, path_of(route.pattern), holder.who);
      if (route.demand.role > holder.role) {
        const bool known = holder.role != Role::anybody;
        EXPECT_EQ(status, known ? 403 : 401) << what;
        ++(known ? forbidden : unauthorized);
      } else {
        EXPECT_NE(status, 401) << what;
        EXPECT_NE(status, 403) << what;
        EXPECT_NE(status, 0) << what;
      }
      if (method == "GET" && holder.who != "a guess") {
        EXPECT_EQ(status_of("HEAD", path_of(route.pattern), holder.token) / 100 == 4, status / 100 == 4)
            << what << ", its head";
      }
    }
  }
  EXPECT_GE(refused(system_, "no_token"), unauthorized);
  EXPECT_GE(refused(system_, "role"), forbidden);
  EXPECT_GT(forbidden, 10);
  EXPECT_EQ(status_of("GET", "/api/v1/jobs", "'; drop table espalier.token; --"), 401);
  EXPECT_EQ(status_of("GET", "/", ""), 200) << "the page itself, with its form";
}

TEST_F(HttpRoles, RefusalsSayWhatIsMissingAndWhatToDo) {
  const auto reader = make_token(system_, "r", "reader");
  const auto job = system_.sandbox().write("job.toml", wide_job(1));
  const auto without = system_.sandbox().run({"submit", job});
  EXPECT_EQ(without.exit.code, 2);
  EXPECT_THAT(without.errors, HasSubstr("a token is needed here"));
  EXPECT_THAT(without.errors, HasSubstr("ESPALIER_TOKEN or --token-file"));
  const auto lesser = run_with_token(system_, {"submit", job}, reader);
  EXPECT_EQ(lesser.exit.code, 2);
  EXPECT_THAT(lesser.errors,
              HasSubstr("the token r of the role reader may not do this: it takes the role submitter"));
  RawClient client(port_of(system_));
  EXPECT_EQ(client.ask(request_line("GET", "/api/v1/jobs")), 401);
  EXPECT_THAT(client.hear("\r\n\r\n"), HasSubstr("WWW-Authenticate: Bearer"));
}

TEST_F(HttpRoles, TheTokensNameIsTheUserWhoseShareItIs) {
  const auto token = make_token(system_, "ann", "submitter");
  const auto job = system_.sandbox().write("job.toml", wide_job(1));
  ASSERT_EQ(run_with_token(system_, {"submit", job}, token).exit.code, 0);
  EXPECT_EQ(system_.sql("select user_name from v1.jobs").at(0).at("user_name").as_string(), "ann");
}

TEST_F(HttpRoles, ATokenComesFromAFileThatOthersCannotRead) {
  const auto file = system_.sandbox().write("token", admin_ + "\n");
  std::filesystem::permissions(file, std::filesystem::perms(0644));
  const auto refused = system_.sandbox().run({"jobs", "--token-file", file});
  EXPECT_EQ(refused.exit.code, 2);
  EXPECT_THAT(refused.errors, HasSubstr("chmod 600"));
  std::filesystem::permissions(file, std::filesystem::perms(0600));
  EXPECT_EQ(system_.sandbox().run({"jobs", "--token-file", file}).exit.code, 0);
}

TEST_F(HttpRoles, ARevokedTokenEndsItsOpenStreamAndIsRefused) {
  const auto token = make_token(system_, "r", "reader");
  RawClient stream(port_of(system_));
  ASSERT_EQ(stream.ask(request_line("GET", "/api/v1/events", "Authorization: Bearer " + token + "\r\n")),
            200);
  EXPECT_EQ(status_of("GET", "/api/v1/jobs", token), 200);
  ASSERT_EQ(system_.sandbox().run({"tokens", "revoke", "r"}).exit.code, 0);
  stream.hear();
  EXPECT_TRUE(stream.ended());
  EXPECT_EQ(status_of("GET", "/api/v1/jobs", token), 401);
  EXPECT_EQ(status_of("GET", "/api/v1/jobs", admin_), 200);
  EXPECT_EQ(system_.sandbox().run({"tokens", "revoke", "r"}).exit.code, 4);
  make_token(system_, "r", "reader");  // the name is free again
}

TEST_F(HttpRoles, AnExpiredTokenEndsItsOpenStreamAndIsRefused) {
  const auto token = make_token(system_, "brief", "reader", "0.00004");  // three and a half seconds
  RawClient stream(port_of(system_));
  ASSERT_EQ(stream.ask(request_line("GET", "/api/v1/events", "Authorization: Bearer " + token + "\r\n")),
            200);
  stream.hear();
  EXPECT_TRUE(stream.ended());
  EXPECT_EQ(status_of("GET", "/api/v1/jobs", token), 401);
  const auto listed = system_.sandbox().run({"tokens", "list"});
  EXPECT_THAT(listed.output, HasSubstr("expired"));
  make_token(system_, "brief", "reader");
}

TEST_F(HttpRoles, ABrowserGetsACookieThatScriptsCannotRead) {
  RawClient client(port_of(system_));
  ASSERT_EQ(client.ask(request_line("POST", "/api/v1/session", "Authorization: Bearer " + admin_ + "\r\n")),
            200);
  EXPECT_THAT(client.hear("\r\n\r\n"),
              HasSubstr("Set-Cookie: espalier=" + admin_ + "; Path=/; HttpOnly; SameSite=Strict"));
  const auto cookie = "Cookie: other=1; espalier=" + admin_ + "\r\n";
  EXPECT_EQ(client.ask(request_line("GET", "/api/v1/jobs", cookie)), 200);
  EXPECT_EQ(client.ask(request_line("POST", "/api/v1/gc", cookie + "Origin: http://evil.example\r\n")), 403);
  EXPECT_EQ(refused(system_, "other_site"), 1);
  RawClient second(port_of(system_));
  EXPECT_EQ(second.ask(request_line("DELETE", "/api/v1/session")), 200);
  EXPECT_THAT(second.hear("\r\n\r\n"),
              HasSubstr("Set-Cookie: espalier=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0"));
}

TEST_F(HttpRoles, WorkersStoreAndFetchWithATokenOfTheirOwn) {
  const auto job = system_.submit(wide_job(2));
  ASSERT_TRUE(eventually([&] { return system_.state(job) == "succeeded"; })) << system_.said();
  EXPECT_EQ(
      status_of("PUT", "/api/v1/artifacts/" + std::string(64, 'a'), make_token(system_, "s", "submitter")),
      403);
}

TEST_F(HttpRoles, SecretsAreInNoLogNoProcessListAndNoTable) {
  const auto token = make_token(system_, "r", "reader");
  ASSERT_EQ(status_once_known("/api/v1/jobs", token), 200);
  EXPECT_THAT(system_.said(), Not(HasSubstr("espalier_")));
  for (const auto pid : descendants(system_.pid())) {
    const auto line = read_file("/proc/" + std::to_string(pid) + "/cmdline");
    if (!line) continue;  // it has ended since
    EXPECT_THAT(*line, Not(HasSubstr(token)));
    EXPECT_THAT(*line, Not(HasSubstr(admin_)));
  }
  const auto views = system_.sql(
      "select count(*) n from information_schema.columns where table_schema = 'v1' and (column_name like "
      "'%token%' or "
      "column_name like '%secret%')");
  EXPECT_EQ(views.at(0).at("n").to_number<int>(), 0);
  const auto read = system_.sandbox().run({"sql", "select * from espalier.token"});
  EXPECT_EQ(read.exit.code, 2);
  EXPECT_THAT(read.errors, HasSubstr("permission denied"));
}

}  // namespace
}  // namespace espalier::test
