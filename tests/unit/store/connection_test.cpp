#include "coordinator/store/connection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace espalier::store {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(Deadlines, AreAddedToAnAddressOfEitherKind) {
  const auto words = with_deadlines("host=db dbname=nets");
  EXPECT_THAT(words, StartsWith("host=db dbname=nets "));
  EXPECT_THAT(words, HasSubstr(" connect_timeout=10"));
  EXPECT_THAT(words, HasSubstr(" tcp_user_timeout=20000"));
  EXPECT_THAT(words, HasSubstr(" keepalives_idle=5"));
  EXPECT_THAT(with_deadlines("postgresql://db/nets"), StartsWith("postgresql://db/nets?"));
  EXPECT_THAT(with_deadlines("postgres://db/nets?sslmode=require"),
              StartsWith("postgres://db/nets?sslmode=require&"));
}

TEST(Deadlines, OfTheAddressItselfAreKept) {
  const auto words = with_deadlines("host=db connect_timeout=3");
  EXPECT_THAT(words, HasSubstr("connect_timeout=3 "));
  EXPECT_THAT(words, Not(HasSubstr("connect_timeout=10")));
  EXPECT_THAT(with_deadlines("postgres://db?tcp_user_timeout=0"), Not(HasSubstr("20000")));
}

// So they are words that PostgreSQL's library knows, in a form that it reads.
TEST(Deadlines, AreAddedOnce) {
  for (const char* address : {"", "host=db", "postgres://user@db:5433/nets", "postgres:///?host=/run/db"}) {
    const auto once = with_deadlines(address);
    EXPECT_NE(once, address);
    EXPECT_EQ(with_deadlines(once), once);
  }
}

TEST(Deadlines, LeaveAloneWhatIsNoAddress) {
  EXPECT_EQ(with_deadlines("host"), "host");
}

}  // namespace
}  // namespace espalier::store
