#include "tests/unit/store/database.hpp"

namespace espalier::store::testing {
namespace {

class Query : public DatabaseTest {
 protected:
  std::unique_ptr<Store> store_ = open();
  Result<Table> ask(const std::string& statement) { return query(database(), statement); }
};

TEST_F(Query, FindsTheViewsWithoutTheirSchema) {
  submit(*store_, small_plan(), submission(), store_->begin_epoch().epoch);
  const auto table = ask("select id, name, null::float8 as nothing from jobs");
  ASSERT_TRUE(table.has_value()) << table.error().message;
  EXPECT_EQ(table->columns, (std::vector<std::string>{"id", "name", "nothing"}));
  EXPECT_EQ(table->types, (std::vector<std::string>{"bigint", "text", "double precision"}));
  ASSERT_EQ(table->rows.size(), 1U);
  EXPECT_EQ(table->rows[0][1], "small");
  EXPECT_EQ(table->rows[0][2], std::nullopt);
}

TEST_F(Query, ReturnsPostgresErrorWithItsPlaceAndHint) {
  const auto table = ask("select nam from jobs");
  ASSERT_TRUE(table.has_error());
  EXPECT_EQ(table.error().kind, ErrorKind::usage);
  EXPECT_THAT(table.error().message, ::testing::StartsWith("column \"nam\" does not exist"));
  EXPECT_THAT(table.error().message, ::testing::HasSubstr("select nam from jobs\n               ^"));
  EXPECT_THAT(table.error().help, ::testing::HasSubstr("jobs.name"));
}

TEST_F(Query, RefusesToWrite) {
  EXPECT_TRUE(ask("delete from espalier.job").has_error());
  EXPECT_TRUE(ask("create table public.mine (a int)").has_error());
  EXPECT_TRUE(ask("copy (select 1) to program 'true'").has_error());
}

TEST_F(Query, RefusesMoreThanOneStatement) {
  const auto table = ask("select 1; select 2");
  ASSERT_TRUE(table.has_error());
  EXPECT_THAT(table.error().message, ::testing::HasSubstr("multiple commands"));
}

TEST_F(Query, StopsAStatementThatTakesTooLong) {
  const auto table = query(database(), "select pg_sleep(60)", std::chrono::milliseconds(50));
  ASSERT_TRUE(table.has_error());
  EXPECT_THAT(table.error().message, ::testing::HasSubstr("statement timeout"));
}

TEST_F(Query, SaysSoIfThereIsNoDatabase) {
  const auto table = query("host=/nonexistent", "select 1");
  ASSERT_TRUE(table.has_error());
  EXPECT_EQ(table.error().kind, ErrorKind::unavailable);
}

}  // namespace
}  // namespace espalier::store::testing
