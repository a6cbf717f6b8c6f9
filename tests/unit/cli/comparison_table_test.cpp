#include "cli/comparison_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace espalier::cli {
namespace {

using ::testing::HasSubstr;

json::object compared(double ratio, double low, double high, const std::string& verdict, double busy = 0) {
  return {{"trial", 12},
          {"against", 34},
          {"device_class", "cpu|fast"},
          {"batch", 8},
          {"threads", 2},
          {"p50_ms", 1.23456},
          {"p50_ci_ms", json::array{1.2, 1.3}},
          {"against_p50_ms", nullptr},
          {"against_p50_ci_ms", json::array{nullptr, nullptr}},
          {"ratio", ratio},
          {"ratio_ci", json::array{low, high}},
          {"rounds", 200},
          {"verdict", verdict},
          {"busy", busy},
          {"worker", "lab-3"},
          {"measured_at", "2024-05-06T07:08:09.000Z"}};
}

TEST(Verdicts, SayByHowMuchAndHowSurely) {
  EXPECT_EQ(verdict_in_words(compared(1.318, 1.291, 1.352, "faster")),
            "trial 12 is 1.32x faster (1.29 to 1.35)");
  EXPECT_EQ(verdict_in_words(compared(0.5, 0.4, 0.8, "slower")), "trial 12 is 2x slower (1.25 to 2.5)");
  EXPECT_EQ(verdict_in_words(compared(1.002, 0.99, 1.01, "can't tell")), "can't tell (0.99 to 1.01)");
}

// Else "slower (1 to 1.02)" would contradict itself.
TEST(Verdicts, ShowAsManyDigitsAsItTakesToSeeThatOneIsOutside) {
  EXPECT_EQ(verdict_in_words(compared(1.0081, 1.0052, 1.0111, "faster")),
            "trial 12 is 1.008x faster (1.005 to 1.01)");
  EXPECT_EQ(verdict_in_words(compared(1.0, 0.9996, 1.0004, "can't tell")), "can't tell (0.9996 to 1.0004)");
}

TEST(ComparisonTable, ShowsTrialsAndWhatCouldNotBeMeasuredAsADash) {
  const json::object trial{{"id", 12},
                           {"job", json::object{{"id", 1}, {"name", "small"}}},
                           {"group", "int8"},
                           {"params", json::object{{"prune.amount", 0.5}, {"quantize.method", "static"}}},
                           {"accuracy", 0.912},
                           {"accuracy_ci_low", 0.899},
                           {"accuracy_ci_high", 0.924},
                           {"size_bytes", nullptr}};
  std::ostringstream out;
  print_comparisons(
      {{"trials", json::array{trial}}, {"comparisons", json::array{compared(1.318, 1.291, 1.352, "faster")}}},
      out);
  EXPECT_THAT(out.str(),
              HasSubstr("prune.amount=0.5 quantize.method=static  0.912 (0.899 to 0.924)       –"));
  EXPECT_THAT(out.str(),
              HasSubstr("8        2     12   1.235       34       –  1.318  trial 12 is 1.32x faster"));
  EXPECT_THAT(out.str(), HasSubstr("measured at 2024-05-06T07:08:09.000Z on cpu|fast (lab-3)"));
}

TEST(ComparisonTable, WarnsOfABusyMachine) {
  const auto doubts = [](double busy) {
    return doubts_in_words({{"comparisons", json::array{compared(1, 0.9, 1.1, "can't tell", busy)}}});
  };
  EXPECT_EQ(doubts(0.01), "");
  EXPECT_THAT(doubts(0.053), HasSubstr("no CPU for 5.3 % of the time"));
}

}  // namespace
}  // namespace espalier::cli
