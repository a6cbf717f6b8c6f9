#include "worker/agent/complaints.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace espalier::agent {
namespace {

using namespace std::chrono_literals;
using net::NotLetIn;
using ::testing::HasSubstr;

const MonotonicTime kBegin = MonotonicTime() + 1h;

TEST(Complaints, AreMadeAtOnceAndThenLessAndLessOften) {
  Complaints complaints("tcp://host:1", true);
  std::vector<std::chrono::seconds> said;
  for (std::chrono::seconds passed = 0s; passed < 40s; passed += 2s)
    if (complaints.about(NotLetIn::unknown_key, kBegin + passed)) said.push_back(passed);
  EXPECT_THAT(said, ::testing::ElementsAre(0s, 6s, 16s, 36s));
}

TEST(Complaints, SayWhatToDo) {
  const auto about = [](NotLetIn why, bool has_key) {
    return Complaints("tcp://host:1", has_key).about(why, kBegin).value_or("");
  };
  EXPECT_THAT(about(NotLetIn::unknown_key, true), HasSubstr("`espalier keys add-worker NAME` there"));
  EXPECT_THAT(about(NotLetIn::other_encryption, false), HasSubstr("to be given here with --key"));
  EXPECT_THAT(about(NotLetIn::other_encryption, true), HasSubstr("start it with --keys"));
  EXPECT_THAT(about(NotLetIn::not_zeromq, true), HasSubstr("tcp://host:1"));
}

TEST(Complaints, AreNotMadeOfACoordinatorThatEnds) {
  Complaints complaints("tcp://host:1", true);
  for (const auto passed : {0s, 60s, 120s, 180s, 240s, 300s})
    EXPECT_FALSE(complaints.about(NotLetIn::hung_up, kBegin + passed));
  for (const auto passed : {301s, 302s, 303s})
    EXPECT_FALSE(complaints.about(NotLetIn::hung_up, kBegin + passed));
  EXPECT_TRUE(complaints.about(NotLetIn::hung_up, kBegin + 304s));
}

TEST(Complaints, BeginAnewOnceItWasLetIn) {
  Complaints complaints("tcp://host:1", true);
  for (const auto passed : {0s, 2s, 4s, 6s, 8s}) complaints.about(NotLetIn::unknown_key, kBegin + passed);
  EXPECT_TRUE(complaints.about(NotLetIn::unknown_key, kBegin + 60s));
}

}  // namespace
}  // namespace espalier::agent
