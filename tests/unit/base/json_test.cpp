#include "common/base/json.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <random>

namespace espalier {
namespace {

TEST(Canonical, SortsKeysAndWritesWholeDoublesLikeIntegers) {
  EXPECT_EQ(canonical(json::parse(R"({"b": 1.0, "a": [true, null, "x"], "c": {"z": 0.5, "y": -2}})")),
            R"({"a":[true,null,"x"],"b":1,"c":{"y":-2,"z":5E-1}})");
}

TEST(Canonical, TextIsTheSameWhateverTheOrderOfTheKeys) {
  EXPECT_TRUE(rc::check([](const std::map<std::string, int>& members, unsigned seed) {
    std::vector<std::pair<std::string, int>> shuffled(members.begin(), members.end());
    std::shuffle(shuffled.begin(), shuffled.end(), std::mt19937(seed));
    json::object forward;
    json::object mixed;
    for (const auto& [key, value] : members) forward[key] = value;
    for (const auto& [key, value] : shuffled) mixed[key] = value;
    RC_ASSERT(canonical(forward) == canonical(mixed));
  }));
}

TEST(Canonical, DifferentNumbersHaveDifferentText) {
  EXPECT_TRUE(rc::check([](double a, double b) {
    RC_PRE(a != b);
    RC_ASSERT(canonical(json::value(a)) != canonical(json::value(b)));
  }));
}

TEST(ParseJson, RefusesWhatIsNotJson) {
  EXPECT_FALSE(parse_json("{\"a\": }").has_value());
  EXPECT_FALSE(parse_json("").has_value());
}

}  // namespace
}  // namespace espalier
