#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "common/match/expression.hpp"

namespace espalier::match {
namespace {

using testing::HasSubstr;

struct Mistake {
  std::string text;
  ProblemKind kind;
  std::string underlined;
  std::string said;  // part of the message or the help
};

void PrintTo(const Mistake& mistake, std::ostream* out) {
  *out << mistake.text;
}

std::string underlined(const Problem& problem, std::string_view text) {
  return std::string(text.substr(problem.offset, problem.length));
}

class EveryMistake : public testing::TestWithParam<Mistake> {};

TEST_P(EveryMistake, IsReportedOnceAtItsPlace) {
  const auto& mistake = GetParam();
  const auto parsed = parse(mistake.text);
  EXPECT_FALSE(parsed.expression);
  ASSERT_EQ(parsed.problems.size(), 1U) << render(parsed.problems, mistake.text);
  const auto& problem = parsed.problems.front();
  EXPECT_EQ(problem.kind, mistake.kind);
  EXPECT_EQ(underlined(problem, mistake.text), mistake.underlined);
  EXPECT_THAT(problem.message + "\n" + problem.help, HasSubstr(mistake.said));
}

constexpr auto kUnknown = ProblemKind::unknown_fact;
INSTANTIATE_TEST_SUITE_P(
    UnknownFacts, EveryMistake,
    testing::Values(Mistake{"core >= 4", kUnknown, "core", "did you mean `cores`?"},
                    Mistake{"cores >= 4 && memry > 1", kUnknown, "memry", "did you mean `memory`?"},
                    Mistake{"Arch == 'x86_64'", kUnknown, "Arch", "did you mean `arch`?"},
                    Mistake{"arch == x86_64", kUnknown, "x86_64", "a text stands in quotes"},
                    Mistake{"labels == 'b4'", kUnknown, "labels", "`labels.room`"},
                    Mistake{"labels. == 'b4'", kUnknown, "labels.", "`labels.room`"},
                    Mistake{"!throtled", kUnknown, "throtled", "did you mean `throttled`?"},
                    Mistake{"\"avx2\" in iso || cores > 1", kUnknown, "iso", "did you mean `isa`?"}));

constexpr auto kTypes = ProblemKind::wrong_type;
INSTANTIATE_TEST_SUITE_P(
    WrongTypes, EveryMistake,
    testing::Values(Mistake{"cores == \"four\"", kTypes, "cores == \"four\"",
                            "`cores` is a number, but `\"four\"` is a text"},
                    Mistake{"cores == \"4\"", kTypes, "cores == \"4\"", "without quotes"},
                    Mistake{"arch < 3", kTypes, "arch < 3", "`arch` is a text, but `3` is a number"},
                    Mistake{"libtorch >= 2.1", kTypes, "libtorch >= 2.1", "write it in quotes: \"2.1\""},
                    Mistake{"\"avx2\" == isa", kTypes, "\"avx2\" == isa", "write \"avx2\" in isa"},
                    Mistake{"isa == \"avx2\"", kTypes, "isa == \"avx2\"", "write \"avx2\" in isa"},
                    Mistake{"isa == engines", kTypes, "isa == engines", "can't be compared with each other"},
                    Mistake{"isa in \"avx2\"", kTypes, "isa in \"avx2\"", "write \"avx2\" in isa"},
                    Mistake{"\"x86\" in arch", kTypes, "\"x86\" in arch", "compare texts with `==`"},
                    Mistake{"cores in [\"4\"]", kTypes, "cores in [\"4\"]",
                            "`in` looks for a text, but `cores` is a number"},
                    Mistake{"\"4\" in cores", kTypes, "\"4\" in cores",
                            "`in` looks in a list, but `cores` is a number"},
                    Mistake{"arch < \"y\"", kTypes, "arch < \"y\"", "`arch` has no order"},
                    Mistake{"libtorch < \"new\"", kTypes, "libtorch < \"new\"", "`\"new\"` has no order"},
                    Mistake{"throttled > false", kTypes, "throttled > false", "which has no order"},
                    Mistake{"throttled == 0", kTypes, "throttled == 0",
                            "`throttled` is true or false, but `0` is a number"},
                    Mistake{"memory_gib >= 4GiB", kTypes, "memory_gib >= 4GiB",
                            "`memory_gib` is a number of GiB, but `4GiB` is a size in bytes"},
                    Mistake{"cores >= 4GiB", kTypes, "cores >= 4GiB", "without a unit"},
                    Mistake{"memory >= 30s", kTypes, "memory >= 30s", "`30s` is a time"},
                    Mistake{"memory > memory_gib", kTypes, "memory > memory_gib", "a number of GiB"},
                    Mistake{"\"a\" == \"b\"", kTypes, "\"a\" == \"b\"", "both sides are written out"},
                    Mistake{"cores", kTypes, "cores", "alone it is no condition"},
                    Mistake{"isa", kTypes, "isa", "\"…\" in isa"},
                    Mistake{"4", kTypes, "4", "compare a fact with it"},
                    Mistake{"cores > 1 && (\"avx2\")", kTypes, "\"avx2\"", "alone it is no condition"}));

constexpr auto kSyntax = ProblemKind::syntax;
INSTANTIATE_TEST_SUITE_P(
    Syntax, EveryMistake,
    testing::Values(Mistake{"", kSyntax, "", "empty"}, Mistake{" \t", kSyntax, "", "empty"},
                    Mistake{"cores >=", kSyntax, "", "missing at the end"},
                    Mistake{"cores > 1 &&", kSyntax, "", "missing at the end"},
                    Mistake{">= 4", kSyntax, ">=", "missing before `>=`"},
                    Mistake{"cores > 1 && || cores < 9", kSyntax, "||", "missing before `||`"},
                    Mistake{"()", kSyntax, ")", "missing before `)`"},
                    Mistake{"(cores > 1", kSyntax, "(", "nothing closes this"},
                    Mistake{"cores > 1)", kSyntax, ")", "nothing opens this"},
                    Mistake{"cores > 1) && cores < 9", kSyntax, ")", "nothing opens this"},
                    Mistake{"cores > 1 cores < 9", kSyntax, "cores", "join conditions"},
                    Mistake{"1 < cores < 9", kSyntax, "<", "join conditions"},
                    Mistake{"cores = 4", kSyntax, "=", "write `==`"},
                    Mistake{"cores > 1 & cores < 9", kSyntax, "&", "write `&&`"},
                    Mistake{"cores > 1 and cores < 9", kSyntax, "and", "write `&&`"},
                    Mistake{"not throttled", kSyntax, "not", "write `!`"},
                    Mistake{"arch == \"x86_64", kSyntax, "\"x86_64", "no closing quote"},
                    Mistake{"memory >= 4GIB", kSyntax, "4GIB", "`GIB` is no unit"},
                    Mistake{"libtorch == 1.13.1", kSyntax, "1.13.1", "a version is a text: write \"1.13.1\""},
                    Mistake{"cores < 1e999", kSyntax, "1e999", "too large"},
                    Mistake{"cores > 4 $", kSyntax, "$", "means nothing here"},
                    Mistake{"cores > ü", kSyntax, "ü", "means nothing here"},
                    Mistake{"arch in [\"a\"", kSyntax, "", "nothing closes this list"},
                    Mistake{"arch in [\"a\" \"b\"]", kSyntax, "\"b\"", "`,`"},
                    Mistake{"arch in [a]", kSyntax, "a", "a list holds texts"},
                    Mistake{"arch in [\"a\"] [", kSyntax, "[", "too much here"}));

TEST(Problems, AreAllReportedInTheOrderOfTheText) {
  const std::string text = "core > 1 && (arch < 3 || memory = 4GiB) && isa == 'a' && x86_64 ( && $ || cores";
  std::vector<std::string> all;
  for (const auto& problem : parse(text).problems) all.push_back(underlined(problem, text));
  EXPECT_THAT(all, testing::ElementsAre("core", "arch < 3", "=", "isa == 'a'", "x86_64", "(", "$"));
}

TEST(Problems, AreRenderedWithTheirPlaceUnderlined) {
  const std::string text = "labels.a == \"ü\" && core > 4";
  EXPECT_EQ(render(parse(text).problems, text),
            "workers have no fact `core`\n"
            "  labels.a == \"ü\" && core > 4\n"
            "                     ^^^^\n"
            "  help: did you mean `cores`?");
}

TEST(Problems, AreBounded) {
  std::string text = "a";
  while (text.size() < 4000) text += " && a";
  EXPECT_EQ(parse(text).problems.size(), kMostProblems);
}

TEST(Depth, IsBoundedBeforeItCanOverflowTheStack) {
  for (const char* nested : {"(", "!", "!(", "((("}) {
    std::string text;
    while (text.size() < kLongestExpression - 8) text += nested;
    const auto problems = parse(text).problems;
    ASSERT_EQ(problems.size(), 1U) << nested;
    EXPECT_THAT(problems.front().message, HasSubstr("deep"));
  }
  const std::string sixty(60, '(');
  EXPECT_TRUE(parse(sixty + "throttled" + std::string(60, ')')).expression);
}

TEST(Length, IsBounded) {
  const auto problems = parse(std::string(1'000'000, '(')).problems;
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_THAT(problems.front().message, HasSubstr("longer than 4096 bytes"));
}

TEST(Chains, MayBeAsLongAsTheText) {
  std::string text = "cores==1";
  while (text.size() < 4000) text += "||cores==1";
  const auto parsed = parse(text);
  ASSERT_TRUE(parsed.expression);
  EXPECT_EQ(parsed.expression->what_fails({}).size(), (text.size() + 2) / 10);
}

// Every text is an expression or has problems that lie within it.
void expect_sane(const std::string& text) {
  const auto parsed = parse(text);
  ASSERT_NE(parsed.expression.has_value(), !parsed.problems.empty()) << text;
  for (const auto& problem : parsed.problems) {
    ASSERT_LE(problem.offset + problem.length, text.size()) << text;
    ASSERT_FALSE(problem.message.empty());
  }
  ASSERT_EQ(render(parsed.problems, text).empty(), parsed.problems.empty());
  if (parsed.expression) {
    ASSERT_EQ(parsed.expression->holds({}), parsed.expression->what_fails({}).empty()) << text;
  }
}

TEST(AnyText, OfRandomBytesIsSurvived) {
  std::mt19937 random(1);
  for (int i = 0; i < 5000; ++i) {
    std::string text(random() % 200, ' ');
    for (auto& c : text) c = static_cast<char>(random() % 256);
    expect_sane(text);
  }
}

TEST(AnyText, OfRandomWordsIsSurvived) {
  constexpr const char* kWords[] = {
      "(",  ")",     "!",     "&&",       "||",       "==",        "<",    ">=",    "in",      "[", "]",
      ",",  "cores", "isa",   "arch",     "libtorch", "throttled", "true", "\"a\"", "\"1.2\"", "4", "4GiB",
      "-1", " ",     "1.2.3", "labels.x", "and",      "=",         "\"",   "30s",   "nothing"};
  std::mt19937 random(2);
  for (int i = 0; i < 20000; ++i) {
    std::string text;
    for (auto words = random() % 30; words > 0; --words) {
      text += kWords[random() % std::size(kWords)];
      if (random() % 2 == 0) text += ' ';
    }
    expect_sane(text);
  }
}

}  // namespace
}  // namespace espalier::match
