#include "cli/result_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace espalier::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string table_with(const std::string& verdict) {
  const json::object trial{
      {"id", 12},
      {"group", "int8"},
      {"params", json::object{}},
      {"state", "succeeded"},
      {"reason", nullptr},
      {"metrics", json::object{{"speedup", 1.02}, {"speedup_ci_low", 1.003}, {"speedup_ci_high", 1.04}}},
      {"speedup_verdict", verdict},
      {"pareto", false}};
  std::ostringstream out;
  print_results({{"job", json::object{}}, {"trials", json::array{trial}}}, out);
  return out.str();
}

TEST(ResultTable, SaysOfASpeedUpWhatItsVerdictSays) {
  EXPECT_THAT(table_with("can't tell"), HasSubstr("1.02x can't tell"));
  EXPECT_THAT(table_with("faster"), Not(HasSubstr("x can't tell")));
}

}  // namespace
}  // namespace espalier::cli
