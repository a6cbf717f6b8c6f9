#include "common/base/json.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
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

TEST(Canonical, TextOfAValueOfOnePieceIsAsSerialized) {
  for (const std::string each :
       {"", "plain", "a \"b\"", "back\\slash", "line\n", "\x01", "\x7f", "\xC3\xA9", "/"}) {
    EXPECT_EQ(canonical(json::value(each)), json::serialize(json::value(each)));
    EXPECT_EQ(canonical(json::object{{each, 1}}), json::serialize(json::object{{each, 1}}));
  }
  for (const std::int64_t each : {INT64_MIN, std::int64_t{-1}, std::int64_t{0}, INT64_MAX})
    EXPECT_EQ(canonical(json::value(each)), json::serialize(json::value(each)));
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
  EXPECT_FALSE(parse_json("{} {}").has_value());
  EXPECT_FALSE(parse_json("[1").has_value());
  EXPECT_FALSE(parse_json("1e999").has_value()) << "an infinity couldn't be written again";
  EXPECT_FALSE(parse_json("[-6.7e6050346]").has_value());
  EXPECT_FALSE(
      parse_json(std::string(kDeepestJson + 1, '[') + std::string(kDeepestJson + 1, ']')).has_value());
}

TEST(ParseJson, ReadsEachPieceOfAText) {
  constexpr std::string_view text =
      R"({"a":[1,-2,18446744073709551615,null,true,false,"x\u00e9\n"],"b":{"c":{}},"":[]})";
  EXPECT_EQ(*parse_json(text), json::parse(text));
  EXPECT_EQ(parse_json(" \n[ ] ")->as_array().size(), 0U);
  EXPECT_EQ(*parse_json("\"" + std::string(100000, 'x') + "\""), json::value(std::string(100000, 'x')));
}

TEST(ParseJson, ADoubleReadsAsItWasWritten) {
  EXPECT_EQ(parse_json("458.12455122160236")->as_double(), 458.12455122160236);
  EXPECT_EQ(parse_json("[-6.6899218568985617e-217, 1]")->at(0).as_double(), -6.6899218568985617e-217);
  EXPECT_EQ(parse_json("1e-999")->as_double(), 0);
  std::mt19937_64 chance(1);
  for (int i = 0; i < 100000; ++i) {
    const double number =
        std::ldexp(static_cast<double>(chance() >> 11), static_cast<int>(chance() % 1900) - 1000);
    const auto read = parse_json(json::serialize(json::value(number)));
    ASSERT_EQ(read->to_number<double>(), number);
  }
}

}  // namespace
}  // namespace espalier
