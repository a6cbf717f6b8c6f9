#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>

#include "common/base/files.hpp"
#include "common/match/facts.hpp"

namespace espalier::match {
namespace {

std::string row_of(const Fact& fact) {
  const auto unit = fact.unit.empty() ? "" : ", " + std::string(fact.unit == "B" ? "bytes" : fact.unit);
  return "| `" + std::string(fact.name) + "` | " + std::string(to_string(fact.type)) + unit + " | " +
         std::string(fact.meaning) + (fact.changes ? "; changes" : "") + " | `" + std::string(fact.example) +
         "` |";
}

TEST(Documentation, ListsEveryFactAsTheCodeKnowsIt) {
  std::istringstream page(
      read_file(std::filesystem::path(__FILE__).parent_path() / "../../../docs/job-file.md").value());
  std::vector<std::string> found;
  bool is_in_table = false;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("| fact |")) is_in_table = true;
    if (!line.starts_with("|")) is_in_table = false;
    if (is_in_table && line.starts_with("| `")) found.push_back(line);
  }
  std::vector<std::string> expected;
  for (const auto& fact : facts()) expected.push_back(row_of(fact));
  EXPECT_EQ(found, expected) << [&] {
    std::string table;
    for (const auto& row : expected) table += row + "\n";
    return table;
  }();
}

}  // namespace
}  // namespace espalier::match
