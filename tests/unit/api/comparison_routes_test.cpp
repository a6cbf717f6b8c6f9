#include "tests/unit/api/server_fixture.hpp"

namespace espalier::api::testing {
namespace {

using ComparisonRoutes = ServerTest;

TEST_F(ComparisonRoutes, HandTheWishOnAndAnswerWithTheJob) {
  const auto answer =
      send(http::verb::post,
           "/api/v1/comparisons?trial=12&against=34&device=host%20%3D%3D%20%22a%22&batch_sizes=1,32"
           "&threads=2&again=1&replace=1&user=ann");
  EXPECT_EQ(answer.result(), http::status::created);
  EXPECT_EQ(document(answer).at("job").at("id"), 7);
  EXPECT_TRUE(on_loop([this] {
    const auto& wish = fake_->compared;
    return wish.trial.value == 12 && wish.against.value == 34 && wish.device == "host == \"a\"" &&
           wish.batch_sizes == std::vector<std::int64_t>{1, 32} &&
           wish.threads == std::vector<std::int64_t>{2} && fake_->compared_how.again &&
           fake_->compared_how.replace && fake_->compared_how.user == "ann";
  }));
  EXPECT_EQ(send(http::verb::post, "/api/v1/comparisons?trial=12&against=12").result(),
            http::status::created);
  EXPECT_TRUE(on_loop([this] { return fake_->compared.batch_sizes.empty() && !fake_->compared_how.again; }));
}

TEST_F(ComparisonRoutes, RefuseWhatIsNoTrialOrNoNumber) {
  for (const auto* query : {"", "?trial=12", "?trial=12&against=x", "?trial=0&against=1",
                            "?trial=-1&against=1", "?trial=99999999999999999999&against=1",
                            "?trial=1&against=2&batch_sizes=1,,2", "?trial=1&against=2&threads=0"})
    EXPECT_EQ(send(http::verb::post, std::string("/api/v1/comparisons") + query).result(),
              http::status::bad_request)
        << query;
}

TEST_F(ComparisonRoutes, TellWhatCameOutOfAJob) {
  EXPECT_EQ(get("/api/v1/comparisons/7").result(), http::status::ok);
  EXPECT_EQ(get("/api/v1/comparisons/8").result(), http::status::not_found);
  EXPECT_EQ(get("/api/v1/comparisons/x").result(), http::status::not_found);
  EXPECT_EQ(get("/api/v1/comparisons").result(), http::status::method_not_allowed);
}

}  // namespace
}  // namespace espalier::api::testing
