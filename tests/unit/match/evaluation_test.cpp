#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/match/requirement.hpp"
#include "tests/unit/match/expressions.hpp"

namespace espalier::match {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const json::object kWorker = {{"arch", "x86_64"},
                              {"cores", 8},
                              {"threads", 16},
                              {"memory", 17179869184},
                              {"memory_gib", 16.0},
                              {"l3", 33554432},
                              {"isa", json::array{"sse4_2", "avx2"}},
                              {"libtorch", "1.13.1+cu117"},
                              {"kernel", "6.1.0-18-amd64"},
                              {"labels.room", "b4"},
                              {"labels.Rack-nr", "12"},
                              {"load", 0.25},
                              {"temperature_c", nullptr},
                              {"throttled", false},
                              {"governor", "performance"}};

Truth truth(std::string_view text) {
  return compiled(text).evaluate(kWorker);
}

struct Case {
  std::string text;
  Truth truth;
};

void PrintTo(const Case& one, std::ostream* out) {
  *out << one.text;
}

class Evaluation : public testing::TestWithParam<Case> {};

TEST_P(Evaluation, IsAsStated) {
  EXPECT_EQ(truth(GetParam().text), GetParam().truth);
}

INSTANTIATE_TEST_SUITE_P(Comparisons, Evaluation,
                         testing::Values(Case{R"(arch == "x86_64")", Truth::yes},
                                         Case{"arch != 'x86_64'", Truth::no},
                                         Case{R"("x86_64" == arch)", Truth::yes},
                                         Case{"cores == 8", Truth::yes}, Case{"cores < 8", Truth::no},
                                         Case{"cores <= 8", Truth::yes}, Case{"8 < cores", Truth::no},
                                         Case{"8 <= cores", Truth::yes}, Case{"4 < cores", Truth::yes},
                                         Case{"cores > -1", Truth::yes}, Case{"threads > cores", Truth::yes},
                                         Case{"load <= 2.5e-1", Truth::yes}, Case{"throttled", Truth::no},
                                         Case{"!throttled", Truth::yes},
                                         Case{"throttled == false", Truth::yes}, Case{"true", Truth::yes},
                                         Case{"!true", Truth::no}));

INSTANTIATE_TEST_SUITE_P(
    Units, Evaluation,
    testing::Values(Case{"memory == 16GiB", Truth::yes}, Case{"memory == 16 GiB", Truth::yes},
                    Case{"memory > 17GB", Truth::yes}, Case{"memory >= 17.2GB", Truth::no},
                    Case{"memory == 17179869184", Truth::yes}, Case{"32MiB <= l3", Truth::yes},
                    Case{"memory_gib == 16", Truth::yes}));

INSTANTIATE_TEST_SUITE_P(Lists, Evaluation,
                         testing::Values(Case{R"("avx2" in isa)", Truth::yes},
                                         Case{R"("avx" in isa)", Truth::no},
                                         Case{R"(!"avx" in isa)", Truth::yes},
                                         Case{R"(arch in ["aarch64", 'x86_64'])", Truth::yes},
                                         Case{R"(arch in ["aarch64"])", Truth::no},
                                         Case{R"(arch in ["aarch64",])", Truth::no},
                                         Case{"arch in []", Truth::no}, Case{"arch in isa", Truth::no}));

INSTANTIATE_TEST_SUITE_P(
    Versions, Evaluation,
    testing::Values(Case{R"(libtorch == "1.13.1")", Truth::no},  // as text
                    Case{R"(libtorch == "1.13.1+cu117")", Truth::yes},
                    Case{R"(libtorch > "1.9")", Truth::yes}, Case{R"(libtorch < "1.13.2")", Truth::yes},
                    Case{R"(libtorch >= "1.13.1")", Truth::yes},
                    Case{R"(libtorch <= "1.13.1.0")", Truth::yes}, Case{R"(libtorch < "1.13.01")", Truth::no},
                    Case{R"("2" > libtorch)", Truth::yes}, Case{R"(kernel >= "6.1")", Truth::yes},
                    Case{R"(kernel < "6.10")", Truth::yes}, Case{R"(labels.Rack-nr > "9")", Truth::yes},
                    Case{R"(labels.room == "b4")", Truth::yes},
                    Case{R"(labels.room < "5")", Truth::unknown}));  // has no order

INSTANTIATE_TEST_SUITE_P(Joins, Evaluation,
                         testing::Values(Case{"cores == 8 || cores == 9 && cores == 10", Truth::yes},
                                         Case{"(cores == 8 || cores == 9) && cores == 10", Truth::no},
                                         Case{"!cores == 8", Truth::no}, Case{"!!(cores == 8)", Truth::yes},
                                         Case{"!(cores == 8 && threads == 8)", Truth::yes},
                                         Case{"!(cores == 8 || threads == 8)", Truth::no}));

// Null isn't 0, and a worker that doesn't tell its temperature is neither hot nor cool.
INSTANTIATE_TEST_SUITE_P(
    Unknown, Evaluation,
    testing::Values(Case{"temperature_c < 80", Truth::unknown}, Case{"temperature_c >= 80", Truth::unknown},
                    Case{"!(temperature_c < 80)", Truth::unknown}, Case{"slots == 0", Truth::unknown},
                    Case{"slots != 0", Truth::unknown}, Case{"on_battery", Truth::unknown},
                    Case{"!on_battery", Truth::unknown}, Case{R"("onednn" in engines)", Truth::unknown},
                    Case{R"(!("onednn" in engines))", Truth::unknown},
                    Case{R"(labels.floor != "2")", Truth::unknown},
                    Case{"on_battery && cores == 8", Truth::unknown},
                    Case{"on_battery && cores == 9", Truth::no}, Case{"on_battery || cores == 8", Truth::yes},
                    Case{"on_battery || cores == 9", Truth::unknown},
                    Case{"cores > numa_nodes", Truth::unknown}));

TEST(Facts, OfAnotherTypeThanTheTablesAreAsGoodAsNone) {
  const json::object odd = {{"arch", 5},
                            {"cores", "8"},
                            {"throttled", "no"},
                            {"isa", "avx2"},
                            {"libtorch", 2.1},
                            {"memory", json::array{}},
                            {"engines", json::array{1, nullptr, "x86"}}};
  for (const auto* text : {R"(arch != "x86_64")", "cores != 7", "!throttled", R"(!"sse" in isa)",
                           R"(libtorch > "1")", "memory >= 0"}) {
    EXPECT_EQ(compiled(text).evaluate(odd), Truth::unknown) << text;
    EXPECT_EQ(compiled(text).what_fails(odd).size(), 1U) << text;
  }
  EXPECT_EQ(compiled(R"("x86" in engines)").evaluate(odd), Truth::yes);
}

TEST(Facts, EveryKindOfNumberCounts) {
  for (const auto& cores : {json::value(std::int64_t{8}), json::value(std::uint64_t{8}), json::value(8.0)})
    EXPECT_TRUE(compiled("cores == 8").holds({{"cores", cores}}));
}

TEST(Facts, ThatChangeAreKnownToChange) {
  EXPECT_TRUE(compiled(R"(arch == "x86_64" && (load < 1 || cores > 2))").reads_changing_facts());
  EXPECT_TRUE(compiled("cores > load").reads_changing_facts());
  EXPECT_FALSE(compiled(R"(arch == "x86_64" && "avx2" in isa)").reads_changing_facts());
}

TEST(Facts, ExamplesReadTheirOwnFact) {
  for (const auto& fact : facts()) {
    const auto parsed = parse(fact.example);
    ASSERT_TRUE(parsed.expression) << fact.example << "\n" << render(parsed.problems, fact.example);
    EXPECT_EQ(parsed.expression->reads_changing_facts(), fact.changes) << fact.name;
    EXPECT_THAT(std::string(fact.example), testing::HasSubstr(fact.name.substr(0, fact.name.find("NAME"))));
    EXPECT_FALSE(fact.meaning.empty());
  }
}

std::vector<std::string> in_words(const std::vector<FailedTerm>& failed) {
  std::vector<std::string> lines;
  for (const auto& one : failed)
    lines.push_back(one.term + " | " + one.has + " | " + one.wants + " | " + std::to_string(one.either));
  return lines;
}

TEST(WhatFails, NamesTheTermWhatTheWorkerHasAndWhatItWants) {
  const auto failed = [](std::string_view text) { return in_words(compiled(text).what_fails(kWorker)); };
  EXPECT_THAT(failed("memory  >=  32GiB"), ElementsAre("memory  >=  32GiB | 16 GiB | at least 32 GiB | 0"));
  EXPECT_THAT(failed("memory < 16.000001GiB && memory > 16.000001GiB"),
              ElementsAre("memory > 16.000001GiB | 17179869184 B | more than 17179870257.741825 B | 0"));
  EXPECT_THAT(failed("32GiB <= memory"), ElementsAre("32GiB <= memory | 16 GiB | at least 32 GiB | 0"));
  EXPECT_THAT(failed(R"(arch == "aarch64")"), ElementsAre(R"(arch == "aarch64" | "x86_64" | "aarch64" | 0)"));
  EXPECT_THAT(failed(R"(arch in ["aarch64", "riscv64"])"),
              ElementsAre(R"(arch in ["aarch64", "riscv64"] | "x86_64" | one of "aarch64", "riscv64" | 0)"));
  EXPECT_THAT(failed(R"("amx" in isa)"),
              ElementsAre(R"("amx" in isa | "sse4_2", "avx2" | a list with "amx" | 0)"));
  EXPECT_THAT(failed(R"(!"avx2" in isa)"),
              ElementsAre(R"(!("avx2" in isa) | "sse4_2", "avx2" | a list without "avx2" | 0)"));
  EXPECT_THAT(failed("throttled"), ElementsAre("throttled | false | true | 0"));
  EXPECT_THAT(failed("on_battery"),
              ElementsAre("on_battery | nothing to tell of its `on_battery` | true | 0"));
  EXPECT_THAT(failed("!on_battery"),
              ElementsAre("!on_battery | nothing to tell of its `on_battery` | false | 0"));
  EXPECT_THAT(failed("cores >= threads"),
              ElementsAre("cores >= threads | 8 | at least its `threads`, 16 | 0"));
  EXPECT_THAT(
      failed("temperature_c < 80"),
      ElementsAre("temperature_c < 80 | nothing to tell of its `temperature_c` | less than 80 °C | 0"));
  EXPECT_THAT(failed("false"), ElementsAre("false | no worker meets it | another condition | 0"));
}

TEST(WhatFails, HoldsOnlyWhatItsTruthHangsOn) {
  const auto terms = [](std::string_view text) {
    std::vector<std::string> all;
    for (const auto& one : compiled(text).what_fails(kWorker))
      all.push_back(one.term + " " + std::to_string(one.either));
    return all;
  };
  EXPECT_THAT(terms("cores == 8 && cores == 9 && cores == 10"), ElementsAre("cores == 9 0", "cores == 10 0"));
  EXPECT_THAT(terms("cores == 8 || cores == 9"), IsEmpty());
  EXPECT_THAT(terms("cores == 1 && (cores == 2 || cores == 3 && cores == 4) && (cores == 5 || cores == 6)"),
              ElementsAre("cores == 1 0", "cores == 2 1", "cores == 3 1", "cores == 4 1", "cores == 5 2",
                          "cores == 6 2"));
  EXPECT_THAT(terms("!(cores == 8 || threads == 16)"), ElementsAre("!(cores == 8) 0", "!(threads == 16) 0"));
}

TEST(Requirement, WithoutConditionsMatchesEveryWorker) {
  const auto any = requirement_of(" \n", {}).value();
  EXPECT_EQ(any.rank({}), 0U);
  EXPECT_THAT(any.what_fails({}), IsEmpty());
}

TEST(Requirement, RanksByTheFirstPreferenceThatHolds) {
  const auto requirement =
      requirement_of("cores >= 4", {R"(device == "cuda")", R"("avx512f" in isa)", "true"}).value();
  EXPECT_EQ(requirement.rank({{"cores", 8}, {"device", "cuda"}}), 0U);
  EXPECT_EQ(requirement.rank({{"cores", 8}, {"isa", json::array{"avx512f"}}}), 1U);
  EXPECT_EQ(requirement.rank(kWorker), 2U);
  EXPECT_EQ(requirement.rank({{"cores", 2}, {"device", "cuda"}}), std::nullopt);
  EXPECT_EQ(requirement.rank({}), std::nullopt);
}

TEST(Requirement, MatchesOnlyIfOneOfItsPreferencesHolds) {
  const auto requirement = requirement_of("", {R"(device == "cuda")", "cores > 8"}).value();
  EXPECT_FALSE(requirement.matches(kWorker));
  EXPECT_THAT(in_words(requirement.what_fails(kWorker)),
              ElementsAre(R"(device == "cuda" | nothing to tell of its `device` | "cuda" | 1)",
                          "cores > 8 | 8 | more than 8 | 1"));
  EXPECT_TRUE(requirement.matches({{"cores", 9}}));
}

TEST(Requirement, NumbersItsAlternativesApart) {
  const auto failed = [](const std::string& require, const std::vector<std::string>& any_of) {
    std::vector<std::size_t> all;
    for (const auto& term : requirement_of(require, any_of).value().what_fails(kWorker))
      all.push_back(term.either);
    return all;
  };
  EXPECT_THAT(failed("cores == 1 || cores == 2", {"cores == 3 && cores == 4"}), ElementsAre(1U, 1U, 0U, 0U));
  EXPECT_THAT(failed("cores == 1 || cores == 2", {"cores == 3 || cores == 4"}), ElementsAre(1U, 1U, 2U, 2U));
  EXPECT_THAT(failed("cores == 1 || cores == 2", {"cores == 3", "cores == 4"}), ElementsAre(1U, 1U, 2U, 2U));
  EXPECT_THAT(failed("cores == 1", {"cores == 3", "cores == 8"}), ElementsAre(0U));
}

TEST(Requirement, OfBrokenTextsSaysEverythingThatIsWrong) {
  const auto wrong = requirement_of("cores >= four", {"cores == \"4\""});
  ASSERT_FALSE(wrong);
  EXPECT_THAT(
      wrong.error().message,
      testing::AllOf(testing::HasSubstr("`four`"), testing::HasSubstr("a text"), testing::HasSubstr("^^^^")));
}

}  // namespace
}  // namespace espalier::match
