#include <gtest/gtest.h>

#include "coordinator/api/access.hpp"
#include "coordinator/api/connections.hpp"
#include "coordinator/api/refusals.hpp"

namespace espalier::api {
namespace {

TEST(Access, FindsTheSecretInAHeaderOrInItsOwnCookie) {
  EXPECT_EQ(secret_in("Bearer abc", "", false), "abc");
  EXPECT_EQ(secret_in("bEARER  abc ", "espalier=def", false), "abc");
  EXPECT_EQ(secret_in("", "a=b; espalier=def; c=d", false), "def");
  EXPECT_EQ(secret_in("Basic abc", "espalier=def", false), "def");
  EXPECT_EQ(secret_in("", "__Host-espalier=def", true), "def");
  EXPECT_EQ(secret_in("", "espalier=def", true), "") << "one that another host could have set";
  EXPECT_EQ(secret_in("", "xespalier=def; espalier2=x", false), "");
  EXPECT_EQ(secret_in("Bearer", "", false), "");
  EXPECT_EQ(secret_in("Bearer " + std::string(1000, 'x'), "", false), "");
}

TEST(Access, AllowsARoleWhatThoseBelowItMayAndWorkersOnlyWhatIsTheirs) {
  const Identity submitter{Role::submitter, false, "s", "h"};
  EXPECT_TRUE(allows({Role::reader}, submitter));
  EXPECT_TRUE(allows({Role::submitter}, submitter));
  EXPECT_FALSE(allows({Role::admin}, submitter));
  const Identity worker{Role::anybody, true, "", "h"};
  EXPECT_TRUE(allows({Role::admin, true}, worker));
  EXPECT_FALSE(allows({Role::reader}, worker));
  EXPECT_FALSE(allows({}, {})) << "a route that says nothing is an admin's";
}

TEST(Connections, CloseTheOneThatIsIdleLongestForANewOne) {
  Connections all({3, 2});
  const auto first = *all.admit("a").id;
  const auto second = *all.admit("a").id;
  all.begin(first);
  all.rest(first);  // idle after the second now
  const auto third = all.admit("a");
  EXPECT_EQ(third.room, Connections::Room::address_taken);
  EXPECT_EQ(third.evicted, second);
  EXPECT_TRUE(third.id);
  EXPECT_EQ(all.admit("b").room, Connections::Room::enough);
  const auto fifth = all.admit("c");
  EXPECT_EQ(fifth.room, Connections::Room::all_taken);
  EXPECT_EQ(fifth.evicted, first);
  EXPECT_EQ(all.size(), 3U);
}

TEST(Connections, RefuseTheNewOneIfAllAreAtWork) {
  Connections all({2, 2});
  const auto first = *all.admit("a").id;
  const auto second = *all.admit("a").id;
  all.begin(first);
  all.begin(second);
  EXPECT_FALSE(all.admit("a").id);
  EXPECT_FALSE(all.admit("b").id);
  EXPECT_EQ(all.size(), 2U);
  all.end(first);
  all.end(first);
  EXPECT_TRUE(all.admit("b").id);
  EXPECT_EQ(all.size(), 2U);
}

TEST(Refusals, AreCountedByReason) {
  Refusals refusals;
  const MonotonicTime now{};
  for (int time = 0; time < 3; ++time) refusals.count(Refusal::no_token, "10.0.0.7", now);
  EXPECT_NE(to_prometheus(refusals).find("espalier_requests_refused_total{reason=\"no_token\"} 3\n"),
            std::string::npos);
  EXPECT_NE(to_prometheus(refusals).find("espalier_requests_refused_total{reason=\"role\"} 0\n"),
            std::string::npos);
}

}  // namespace
}  // namespace espalier::api
