#include <pqxx/pqxx>

#include "coordinator/store/migrate.hpp"
#include "tests/unit/store/database.hpp"

namespace espalier::store::testing {
namespace {

class Schema : public DatabaseTest {
 protected:
  Result<void> apply(std::span<const sql::File> migrations, std::span<const sql::File> views) {
    Connection connection(database());
    Transaction transaction(connection);
    auto result = migrate(transaction, migrations, views);
    if (result.has_value()) transaction.commit();
    return result;
  }
};

TEST_F(Schema, PreparesEveryQueryFile) {
  const auto store = open();
  pqxx::connection connection(database());
  for (const sql::File& query : sql::queries) {
    try {
      connection.prepare(std::string(query.name), std::string(query.text));
    } catch (const pqxx::failure& failure) {
      ADD_FAILURE() << query.name << ": " << failure.what();
    }
  }
}

TEST_F(Schema, IsOpenedTwiceWithoutChange) {
  open();
  const auto first = rows("select version, name, checksum, applied_at from espalier.migration order by 1");
  open();
  EXPECT_EQ(rows("select version, name, checksum, applied_at from espalier.migration order by 1"), first);
}

TEST_F(Schema, RefusesADatabaseThatIsNewerThanTheProgram) {
  open();
  execute("insert into espalier.migration values (999, 'V999__future', 'x')");
  const auto store = Store::open(database());
  ASSERT_TRUE(store.has_error());
  EXPECT_THAT(store.error().message, ::testing::HasSubstr("newer than this program"));
  EXPECT_THAT(store.error().message, ::testing::HasSubstr("V999__future"));
}

TEST_F(Schema, RefusesAMigrationThatWasEditedAfterwards) {
  const sql::File before{"V001__one", "create table espalier.one (a int)"};
  const sql::File after{"V001__one", "create table espalier.one (a bigint)"};
  ASSERT_TRUE(apply(std::span(&before, 1), {}).has_value());
  const auto again = apply(std::span(&after, 1), {});
  ASSERT_TRUE(again.has_error());
  EXPECT_THAT(again.error().message, ::testing::HasSubstr("V001__one"));
}

TEST_F(Schema, AppliesOnlyMigrationsThatAreMissing) {
  const std::array files{sql::File{"V001__one", "create table espalier.one (a int)"},
                         sql::File{"V002__two", "alter table espalier.one add b int"}};
  ASSERT_TRUE(apply(std::span(files).first(1), {}).has_value());
  ASSERT_TRUE(apply(files, {}).has_value());
  EXPECT_EQ(one("select count(*) from information_schema.columns where table_name = 'one'"), "2");
}

TEST_F(Schema, MakesTheViewsAnewWhenTheirTextChanged) {
  const sql::File before{"010_v1", "create schema v1; create view v1.x as select 1 as a"};
  const sql::File after{"010_v1", "create schema v1; create view v1.x as select 2 as b"};
  ASSERT_TRUE(apply({}, std::span(&before, 1)).has_value());
  ASSERT_TRUE(apply({}, std::span(&after, 1)).has_value());
  EXPECT_EQ(one("select b from v1.x"), "2");
}

TEST_F(Schema, LeavesNothingBehindIfAMigrationFails) {
  const sql::File broken{"V001__broken", "create table espalier.one (a int); select no_such_function()"};
  EXPECT_ANY_THROW(apply(std::span(&broken, 1), {}));
  EXPECT_EQ(one("select to_regnamespace('espalier')"), "null");
}

TEST_F(Schema, CommentsEveryViewAndColumn) {
  open();
  EXPECT_EQ(rows("select c.relname, a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid "
                 "where c.relnamespace = 'v1'::regnamespace and a.attnum >= 0 and not a.attisdropped "
                 "and col_description(c.oid, a.attnum) is null"),
            std::vector<std::string>{});
  EXPECT_EQ(rows("select relname from pg_class c where relnamespace = 'v1'::regnamespace "
                 "and obj_description(oid, 'pg_class') is null"),
            std::vector<std::string>{});
}

TEST_F(Schema, LetsTheReaderSelectFromTheViewsAndNothingElse) {
  open();
  for (const auto& view : rows("select relname from pg_class where relnamespace = 'v1'::regnamespace")) {
    EXPECT_NO_THROW(execute("set role espalier_reader; select * from v1." + view)) << view;
  }
  EXPECT_THROW(execute("set role espalier_reader; select * from espalier.job"), pqxx::sql_error);
  EXPECT_THROW(execute("set role espalier_reader; create table public.mine (a int)"), pqxx::sql_error);
}

TEST_F(Schema, SaysWhereTheDatabaseIsNotReached) {
  const auto store = Store::open("host=/nonexistent dbname=none");
  ASSERT_TRUE(store.has_error());
  EXPECT_EQ(store.error().kind, ErrorKind::unavailable);
}

}  // namespace
}  // namespace espalier::store::testing
