// SQL in every text that comes in over HTTP: it stays text.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>

#include "common/net/blocking_http.hpp"
#include "tests/security/http_tools.hpp"

namespace espalier::test {
namespace {

const std::vector<std::string> kHostile = {"'; drop table espalier.job cascade; --",
                                           "\" or \"\"=\"",
                                           "$$; select pg_sleep(60); $$",
                                           "$1",
                                           "{\"a\", null}",
                                           "\\'; update espalier.token set role = 'admin'; --",
                                           "1); delete from espalier.task; --",
                                           "%s%n%x",
                                           "<script>alert(1)</script>"};

class HttpSql : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(system_.start()) << system_.said(); }
  [[nodiscard]] net::HttpReply ask(const std::string& method, const std::string& target,
                                   const std::string& body = {}) const {
    const auto reply =
        net::request(method, system_.address("http").value() + target, body, std::chrono::seconds(30));
    EXPECT_TRUE(reply.has_value()) << target;
    return reply ? *reply : net::HttpReply{};
  }
  [[nodiscard]] std::int64_t number(const std::string& statement) const {
    return system_.sql(statement).at(0).as_object().begin()->value().to_number<std::int64_t>();
  }
  RunningSystem system_;
};

std::string quoted(const std::string& text) {
  std::string toml = "\"";
  for (const char c : text) toml += (c == '"' || c == '\\' ? "\\" : "") + std::string(1, c);
  return toml + "\"";
}

std::string job_named(const std::string& text) {
  auto toml = wide_job(1, 0, "@");
  toml.replace(toml.find("\"@\""), 3, quoted(text) + "\ndescription = " + quoted(text));
  toml.replace(toml.find("name = \"all\""), 12, "name = " + quoted(text));
  return toml;
}

TEST_F(HttpSql, TextsOfJobsAndUsersAreKeptAsTheyAre) {
  std::int64_t taken = 0;
  for (const auto& text : kHostile) {
    const auto encoded = boost::urls::encode(text, boost::urls::unreserved_chars);
    const auto target = "/api/v1/jobs?user=" + encoded + "&folder=/" + encoded;
    const auto reply = ask("POST", target, job_named(text));
    EXPECT_TRUE(reply.status == 201 || reply.status == 400)
        << reply.status << " " << text << " " << reply.body;
    if (reply.status == 400) {  // a name of a group that isn't one
      auto toml = wide_job(1, 0, "@");
      toml.replace(toml.find("\"@\""), 3, quoted(text));
      EXPECT_EQ(ask("POST", target, toml).status, 201) << text;
    }
    ++taken;
  }
  EXPECT_EQ(number("select count(*) n from v1.jobs"), taken);
  for (const auto& row : system_.sql("select name, user_name from v1.jobs"))
    EXPECT_EQ(row.at("name").as_string(), row.at("user_name").as_string());
  const auto job = system_.submit(wide_job(1));
  EXPECT_TRUE(eventually([&] { return system_.state(job) == "succeeded"; })) << system_.said();
}

TEST_F(HttpSql, WhatIsAskedForByNameIsNotFound) {
  for (const auto& text : kHostile) {
    const auto encoded = boost::urls::encode(text, boost::urls::unreserved_chars);
    for (const auto& target :
         {"/api/v1/explanations?of=" + encoded, "/api/v1/attempts?of=" + encoded, "/api/v1/jobs/" + encoded,
          "/api/v1/jobs/" + encoded + "/summary", "/api/v1/attempts/" + encoded + "/log"}) {
      const auto status = ask("GET", target).status;
      EXPECT_TRUE(status == 404 || status == 400) << status << " " << target;
    }
    for (const std::string verb : {"cordon", "drain", "undrain"})
      EXPECT_EQ(ask("POST", "/api/v1/workers/" + encoded + "/" + verb).status, 404) << text;
  }
  EXPECT_EQ(number("select count(*) n from v1.workers where cordoned"), 0);
}

TEST_F(HttpSql, WhatPostgresqlWouldNotTakeIsRefusedBeforeItComesThere) {
  for (const char* query : {"?user=a%00b", "?user=%ff%fe", "?folder=/%c3%28"}) {
    const auto reply = net::request("POST", system_.address("http").value() + "/api/v1/jobs" + query,
                                    wide_job(1), std::chrono::seconds(30));
    ASSERT_TRUE(reply.has_value());
    EXPECT_EQ(reply->status, 400) << query;
  }
  const std::vector<std::string> names = {"a\\u0000b", "a\\x00b", "\\uD800", "a\xff", std::string("a\0b", 3)};
  for (const auto& name : names) {
    auto toml = wide_job(1, 0, "@");
    toml.replace(toml.find("@"), 1, name);
    const auto reply = ask("POST", "/api/v1/jobs", toml);
    EXPECT_EQ(reply.status, 400) << name << ": " << reply.body;
  }
  EXPECT_EQ(number("select count(*) n from v1.jobs"), 0);
}

}  // namespace
}  // namespace espalier::test
