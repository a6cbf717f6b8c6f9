#include "tests/unit/api/server_fixture.hpp"

namespace espalier::api::testing {
namespace {

using LogRoutes = ServerTest;

TEST_F(LogRoutes, TellTheAttemptsOfATrialAndTheLogOfOne) {
  EXPECT_EQ(document(get("/api/v1/attempts?of=12")).at("ended"), true);
  EXPECT_EQ(get("/api/v1/attempts?of=13").result(), http::status::not_found);
  const auto log = document(get("/api/v1/attempts/7/log?from=100"));
  EXPECT_EQ(log.at("attempt"), 7);
  EXPECT_EQ(log.at("from"), 100);
  for (const auto* target :
       {"/api/v1/attempts/x/log", "/api/v1/attempts/7/log?from=-1", "/api/v1/attempts/7/log?from=x"})
    EXPECT_EQ(get(target).result(), http::status::bad_request) << target;
}

TEST_F(LogRoutes, CollectGarbageOnlyByPostAndWithTheGraceThatWasAskedFor) {
  EXPECT_EQ(document(send(http::verb::post, "/api/v1/gc?dry_run=1")).at("count"), 3);
  EXPECT_TRUE(
      on_loop([this] { return fake_->garbage.dry_run && fake_->garbage.grace == std::chrono::hours(1); }));
  EXPECT_EQ(send(http::verb::post, "/api/v1/gc?keep_days=7").result(), http::status::ok);
  EXPECT_TRUE(
      on_loop([this] { return !fake_->garbage.dry_run && fake_->garbage.grace == std::chrono::hours(168); }));
  EXPECT_EQ(get("/api/v1/gc").result(), http::status::method_not_allowed);
  EXPECT_EQ(send(http::verb::post, "/api/v1/gc?keep_days=-3").result(), http::status::bad_request);
}

}  // namespace
}  // namespace espalier::api::testing
