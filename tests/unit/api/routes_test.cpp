#include "tests/unit/api/server_fixture.hpp"

namespace espalier::api::testing {
namespace {

using Routes = ServerTest;

TEST_F(Routes, TellTheHealthOfTheDatabase) {
  EXPECT_EQ(get("/healthz").result(), http::status::ok);
  on_loop([this] { fake_->outage = Error{ErrorKind::unavailable, "the database is away", "wait"}; });
  const auto away = get("/healthz");
  EXPECT_EQ(away.result(), http::status::service_unavailable);
  EXPECT_EQ(message(away), "the database is away");
}

TEST_F(Routes, TellWhichPartIsNotReady) {
  const auto well = get("/readyz");
  EXPECT_EQ(well.result(), http::status::ok);
  EXPECT_EQ(document(well).at("ready"), true);
  on_loop([this] { fake_->outage = Error{ErrorKind::unavailable, "the database is away", "wait"}; });
  const auto away = get("/readyz");
  EXPECT_EQ(away.result(), http::status::service_unavailable);
  const auto body = document(away);
  EXPECT_EQ(body.at("ready"), false);
  EXPECT_EQ(body.at("checks").at("reign").at("ok"), true);
  EXPECT_EQ(body.at("checks").at("database").at("message"), "the database is away");
  EXPECT_EQ(body.at("checks").at("database").at("help"), "wait");
}

TEST_F(Routes, AreCountedByTheirPatternWhateverIsAskedFor) {
  for (const char* target :
       {"/api/v1/jobs/7", "/api/v1/jobs/31415926535", "/api/v1/none", "/x%22%0a", "/readyz"})
    get(target);
  send(http::verb::delete_, "/api/v1/jobs/7");
  const auto text = get("/metrics").body();
  EXPECT_THAT(text,
              ::testing::HasSubstr(
                  "espalier_http_requests_total{method=\"GET\",route=\"/api/v1/jobs/{}\",status=\"200\"} 1"));
  EXPECT_THAT(text, ::testing::HasSubstr("{method=\"GET\",route=\"/api/v1/jobs/{}\",status=\"404\"} 1"));
  EXPECT_THAT(text, ::testing::HasSubstr("{method=\"GET\",route=\"/unknown\",status=\"404\"} 1"));
  EXPECT_THAT(text, ::testing::HasSubstr("{method=\"GET\",route=\"/page\",status=\"404\"} 1"));
  EXPECT_THAT(text, ::testing::HasSubstr("{method=\"other\",route=\"/api/v1/jobs/{}\",status=\"405\"} 1"));
  EXPECT_EQ(text.find("31415926535"), std::string::npos);
}

TEST_F(Routes, SubmitAJob) {
  const auto response =
      send(http::verb::post, "/api/v1/jobs?folder=/tmp/a%20b&replace=1", "[job]\nname = \"x\"\n");
  EXPECT_EQ(response.result(), http::status::created);
  EXPECT_EQ(document(response), json::parse(R"({"job":{"id":7}})"));
  on_loop([this] {
    EXPECT_EQ(fake_->asked.toml, "[job]\nname = \"x\"\n");
    EXPECT_EQ(fake_->asked.folder, "/tmp/a b");
    EXPECT_TRUE(fake_->asked.replace);
  });
  send(http::verb::post, "/api/v1/jobs", "text");
  on_loop([this] { EXPECT_FALSE(fake_->asked.replace); });
}

TEST_F(Routes, RefuseAJobWithItsDiagnostics) {
  on_loop([this] {
    fake_->refusal = runtime::SubmitFailure{{ErrorKind::invalid_job, "the job file has 1 error", "mend it"},
                                            {{"E001", "unknown key", "name", 2, 3, 7}}};
  });
  const auto response = send(http::verb::post, "/api/v1/jobs", "nonsense");
  EXPECT_EQ(response.result(), http::status::bad_request);
  const auto error = document(response).at("error");
  EXPECT_EQ(error.at("kind"), "invalid_job");
  EXPECT_EQ(error.at("help"), "mend it");
  EXPECT_EQ(error.at("diagnostics").as_array().size(), 1U);
}

TEST_F(Routes, RefuseARelativeFolder) {
  EXPECT_EQ(send(http::verb::post, "/api/v1/jobs?folder=jobs", "x").result(), http::status::bad_request);
}

TEST_F(Routes, ListJobsAndWorkersAndShowOneJob) {
  EXPECT_EQ(document(get("/api/v1/jobs")), json::parse(R"({"jobs":[{"id":7}]})"));
  EXPECT_EQ(document(get("/api/v1/workers")), json::parse(R"({"workers":[{"name":"w1"}]})"));
  EXPECT_EQ(document(get("/api/v1/jobs/7/summary")), json::parse(R"({"job":{"id":7}})"));
  EXPECT_EQ(get("/api/v1/jobs/9/summary").result(), http::status::not_found);
  EXPECT_EQ(document(get("/api/v1/jobs/7")), json::parse(R"({"job":{"id":7},"trials":[]})"));
}

TEST_F(Routes, CancelPauseResumeAndRetryAJob) {
  const std::pair<std::string, std::string> verbs[] = {
      {"cancel", "cancelled"}, {"pause", "paused"}, {"resume", "running"}, {"retry", "retried"}};
  for (const auto& [verb, state] : verbs) {
    EXPECT_EQ(document(send(http::verb::post, "/api/v1/jobs/7/" + verb)),
              (json::object{{"job", {{"id", 7}, {"state", state}}}}));
    EXPECT_EQ(send(http::verb::post, "/api/v1/jobs/9/" + verb).result(), http::status::not_found);
    EXPECT_EQ(send(http::verb::post, "/api/v1/jobs/x/" + verb).result(), http::status::not_found);
    EXPECT_EQ(send(http::verb::post, "/api/v1/jobs/6/" + verb).result(), http::status::conflict);
    EXPECT_EQ(get("/api/v1/jobs/7/" + verb).result(), http::status::method_not_allowed);
  }
}

TEST_F(Routes, ExtendAJobAsTheySubmitOne) {
  const auto response = send(http::verb::post, "/api/v1/jobs/7/extend?folder=/tmp", "[job]\n");
  EXPECT_EQ(response.result(), http::status::created);
  EXPECT_EQ(document(response), json::parse(R"({"job":{"id":7}})"));
  on_loop([this] {
    EXPECT_EQ(fake_->asked.toml, "[job]\n");
    EXPECT_EQ(fake_->asked.folder, "/tmp");
  });
  EXPECT_EQ(send(http::verb::post, "/api/v1/jobs/7/extend?folder=tmp", "x").result(),
            http::status::bad_request);
  EXPECT_EQ(send(http::verb::post, "/api/v1/jobs/x/extend", "x").result(), http::status::not_found);
  on_loop([this] {
    fake_->refusal = runtime::SubmitFailure{{ErrorKind::invalid_job, "the job file has 1 error", "mend it"},
                                            {{"E001", "unknown key", "name", 2, 3, 7}}};
  });
  const auto refused = send(http::verb::post, "/api/v1/jobs/7/extend", "nonsense");
  EXPECT_EQ(refused.result(), http::status::bad_request);
  EXPECT_EQ(document(refused).at("error").at("diagnostics").as_array().size(), 1U);
}

TEST_F(Routes, AnswerNotFoundAsJson) {
  for (const auto* target :
       {"/api/v1/jobs/9", "/api/v1/jobs/x", "/api/v1/jobs/-1", "/api/v1/jobs/99999999999999999999",
        "/api/v1/nothing", "/api", "/api/v1/jobs/7/more", "/nothing.html"}) {
    const auto response = get(target);
    EXPECT_EQ(response.result(), http::status::not_found) << target;
    EXPECT_EQ(document(response).at("error").at("kind"), "not_found") << target;
  }
}

TEST_F(Routes, NameTheMethodsThatArePossible) {
  const auto response = send(http::verb::delete_, "/api/v1/jobs");
  EXPECT_EQ(response.result(), http::status::method_not_allowed);
  EXPECT_EQ(response[http::field::allow], "POST, GET, HEAD");
  EXPECT_EQ(send(http::verb::post, "/index.html").result(), http::status::method_not_allowed);
}

TEST_F(Routes, RefuseABodyThatIsTooLarge) {
  const auto response = send(http::verb::post, "/api/v1/jobs", std::string(8 * 1024 * 1024 + 1, 'x'));
  EXPECT_EQ(response.result(), http::status::payload_too_large);
  EXPECT_EQ(document(response).at("error").at("kind"), "usage");
}

TEST_F(Routes, RefuseAChunkedBodyThatTurnsOutTooLarge) {
  auto chunky = client();
  chunky.write("POST /api/v1/jobs HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "100000\r\n" + std::string(0x100000, 'x') + "\r\n";
  try {
    for (int sent = 0; sent < 9; ++sent) chunky.write(chunk);
  } catch (const boost::system::system_error&) {
    // The server need not read to the end.
  }
  EXPECT_THAT(chunky.read_until("\r\n"), ::testing::HasSubstr("413"));
}

TEST_F(Routes, TurnADefectIntoAnError) {
  const auto response = get("/api/v1/jobs/8");
  EXPECT_EQ(response.result(), http::status::internal_server_error);
  EXPECT_EQ(document(response).at("error").at("kind"), "internal");
}

TEST_F(Routes, RefuseChangesByAPageOfAnotherSite) {
  Request request{http::verb::post, "/api/v1/jobs", 11, "x"};
  request.set(http::field::origin, "http://elsewhere.example");
  EXPECT_EQ(client().send(request).result(), http::status::forbidden);
  request.set(http::field::origin, "http://127.0.0.1");
  EXPECT_EQ(client().send(request).result(), http::status::created);
}

TEST_F(Routes, AnswerManyRequestsOnOneConnection) {
  auto one = client();
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(one.send({http::verb::get, "/api/v1/jobs", 11}).result(), http::status::ok);
    EXPECT_EQ(one.send({http::verb::post, "/api/v1/jobs", 11, "text"}).result(), http::status::created);
    EXPECT_EQ(one.send({http::verb::post, "/api/v1/jobs/7/cancel", 11, "unasked"}).result(),
              http::status::ok);
    const auto head = one.send({http::verb::head, "/api/v1/jobs", 11});
    EXPECT_EQ(head.result(), http::status::ok);
    EXPECT_EQ(head[http::field::content_length], "19");
  }
}

TEST_F(Routes, RefuseWhatIsNoHttp) {
  auto garbled = client();
  garbled.write("\x16\x03\x01 hello\r\n\r\n");
  EXPECT_THAT(garbled.read_until("\r\n"), ::testing::HasSubstr("400"));
  auto endless = client();
  endless.write("GET / HTTP/1.1\r\nX: " + std::string(20000, 'x'));
  EXPECT_THAT(endless.read_until("\r\n"), ::testing::HasSubstr("431"));
}

TEST_F(Routes, CarrySecurityHeaders) {
  const auto page = get("/");
  EXPECT_THAT(std::string(page["Content-Security-Policy"]), ::testing::HasSubstr("default-src 'self'"));
  EXPECT_EQ(page["X-Content-Type-Options"], "nosniff");
}

TEST_F(Routes, ServeThePage) {
  const auto page = get("/");
  EXPECT_EQ(page.body(), "<!doctype html>the page");
  EXPECT_EQ(page[http::field::content_type], "text/html; charset=utf-8");
  EXPECT_EQ(page[http::field::cache_control], "no-cache");
  const auto script = get("/page-5WYNPHIS.js");
  EXPECT_EQ(script[http::field::content_type], "text/javascript; charset=utf-8");
  EXPECT_THAT(std::string(script[http::field::cache_control]), ::testing::HasSubstr("immutable"));

  Request again{http::verb::get, "/", 11};
  again.set(http::field::if_none_match, page[http::field::etag]);
  EXPECT_EQ(client().send(again).result(), http::status::not_modified);
}

TEST_F(Routes, LetNobodyOutOfThePagesFolder) {
  for (const auto* target : {"/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/link.txt",
                             "/.hidden", "//etc/passwd", "/%00", "/a/../../secret.txt"}) {
    const auto response = get(target);
    EXPECT_NE(response.result(), http::status::ok) << target;
    EXPECT_THAT(response.body(), ::testing::Not(::testing::HasSubstr("secret\n"))) << target;
  }
}

TEST_F(Routes, SayThatAPortIsTaken) {
  const auto taken = "127.0.0.1:" + std::to_string(port());
  const auto second = Server::listen(io_, *fake_, taken, folder_ / "web");
  ASSERT_TRUE(second.has_error());
  EXPECT_EQ(second.error().kind, ErrorKind::busy);
  EXPECT_THAT(second.error().message,
              ::testing::HasSubstr("port " + std::to_string(port()) + " on 127.0.0.1 is taken"));
  EXPECT_THAT(second.error().help, ::testing::HasSubstr("--http"));
  EXPECT_EQ(Server::listen(io_, *fake_, "nonsense", "").error().kind, ErrorKind::usage);
}

TEST_F(Routes, EndIdleSessionsWhenTheServerStops) {
  auto idle = client();
  idle.send({http::verb::get, "/healthz", 11});
  stop();
  EXPECT_TRUE(idle.ended());
}

}  // namespace
}  // namespace espalier::api::testing
