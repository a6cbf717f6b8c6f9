// Who is better, and how much of the objectives' space a front covers.
#include "coordinator/search/judge.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "coordinator/search/progress.hpp"
#include "tests/unit/search/laboratory.hpp"

namespace espalier::search {
namespace {

using Standing = Judged::Standing;
using testing::ElementsAre;

Told with_metrics(std::map<std::string, double> metrics) {
  return {{}, 0, 0, Told::State::succeeded, {}, std::move(metrics)};
}

Judged feasible(std::vector<double> values) {
  return {Standing::feasible, 0, std::move(values)};
}

Generation of_values(const std::vector<std::vector<std::vector<double>>>& generations) {
  std::vector<Told> told;
  std::vector<Judged> judged;
  for (std::size_t i = 0; i < generations.size(); ++i) {
    for (const auto& values : generations[i]) {
      told.push_back(with_metrics({}));
      told.back().generation = static_cast<std::int64_t>(i);
      judged.push_back(feasible(values));
    }
  }
  return progress(told, judged).back();
}

TEST(Judge, AConstraintHoldsAsItIsWritten) {
  Rules rules;
  const auto standing = [&](const char* comparison, double value) {
    rules.constraints = {{"m", comparison, 2}};
    return judge(rules, with_metrics({{"m", value}})).standing == Standing::feasible;
  };
  EXPECT_TRUE(standing(">=", 2) && standing("<=", 2) && standing("==", 2));
  EXPECT_FALSE(standing(">", 2) || standing("<", 2));
  EXPECT_TRUE(standing(">=", 3) && standing(">", 3) && standing("<=", 1) && standing("<", 1));
  EXPECT_FALSE(standing("<=", 3) || standing("<", 3) || standing(">=", 1) || standing(">", 1) ||
               standing("==", 1));
}

TEST(Judge, WhatIsMissingBreaksAConstraintAndAnObjective) {
  Rules rules;
  rules.objectives = {{"o", false}};
  rules.constraints = {{"c", ">=", 1}};
  EXPECT_EQ(judge(rules, with_metrics({{"o", 1}, {"c", 1}})).standing, Standing::feasible);
  EXPECT_EQ(judge(rules, with_metrics({{"o", 1}})).standing, Standing::unmeasured);
  EXPECT_EQ(judge(rules, with_metrics({{"c", 1}})).standing, Standing::unmeasured);
  EXPECT_EQ(judge(rules, with_metrics({{"o", NAN}, {"c", 1}})).standing, Standing::unmeasured);
  EXPECT_EQ(judge(rules, with_metrics({{"o", 1}, {"c", -HUGE_VAL}})).standing, Standing::unmeasured);
}

TEST(Judge, ViolationsAreRelativeToTheirBoundsAndAddUp) {
  Rules rules;
  rules.constraints = {{"accuracy", ">=", 0.8}, {"size", "<=", 1000}, {"gain", ">=", 0}};
  EXPECT_NEAR(judge(rules, with_metrics({{"accuracy", 0.4}, {"size", 1500}, {"gain", 1}})).violation, 1.0,
              1e-12);
  EXPECT_NEAR(judge(rules, with_metrics({{"accuracy", 0.8}, {"size", 10}, {"gain", -0.25}})).violation, 0.25,
              1e-12);
}

TEST(Judge, FeasibleGoesBeforeBrokenBeforeUnmeasuredBeforeFailed) {
  const std::vector<Judged> judged = {{Standing::failed, 0, {}}, {Standing::unmeasured, 0, {}},
                                      {Standing::breaks, 2, {}}, {Standing::breaks, 1, {}},
                                      feasible({5, 5}),          {Standing::breaks, 1, {}},
                                      feasible({4, 4})};
  EXPECT_THAT(best_of(judged, {0, 1, 2, 3, 4, 5, 6}, 9), ElementsAre(6, 4, 3, 5, 2, 1, 0));
  EXPECT_THAT(best_of(judged, {0, 1, 2, 3, 4, 5, 6}, 3), ElementsAre(6, 4, 3));
}

TEST(Judge, InAFrontTheEndsAndTheLonelyComeFirst) {
  const std::vector<Judged> judged = {feasible({0, 10}), feasible({1, 9}),  feasible({2, 8}),
                                      feasible({6, 4}),  feasible({10, 0}), feasible({11, 11})};
  auto best = best_of(judged, {5, 4, 3, 2, 1, 0}, 3);
  EXPECT_THAT(best, ElementsAre(0, 4, 3));
  EXPECT_EQ(best_of(judged, {0, 1, 2, 3, 4, 5}, 6).back(), 5U) << "it is on the second front";
}

TEST(Judge, EqualTrialsAndSingleObjectivesHaveAnOrderToo) {
  const std::vector<Judged> same(5, feasible({1, 2}));
  EXPECT_THAT(best_of(same, {4, 3, 2, 1, 0}, 3), ElementsAre(0, 1, 2));
  const std::vector<Judged> single = {feasible({3}), feasible({1}), feasible({2}), feasible({1})};
  EXPECT_THAT(best_of(single, {0, 1, 2, 3}, 4), ElementsAre(1, 3, 2, 0));
  const std::vector<Judged> flat = {feasible({3, 7, 1}), feasible({1, 7, 3}), feasible({2, 7, 2})};
  EXPECT_THAT(best_of(flat, {0, 1, 2}, 2), ElementsAre(0, 1))
      << "an objective that never differs says nothing";
  EXPECT_TRUE(best_of(single, {}, 4).empty());
}

// By inclusion and exclusion over all subsets, with reference 1.1.
double hypervolume_by_definition(const std::vector<std::vector<double>>& points) {
  double sum = 0;
  for (unsigned subset = 1; subset < 1U << points.size(); ++subset) {
    double volume = -1;
    for (std::size_t k = 0; k < points[0].size(); ++k) {
      double corner = -HUGE_VAL;
      for (std::size_t i = 0; i < points.size(); ++i)
        if ((subset >> i & 1U) != 0) corner = std::max(corner, points[i][k]);
      volume *= std::max(1.1 - corner, 0.0);
    }
    for (std::size_t i = 0; i < points.size(); ++i)
      if ((subset >> i & 1U) != 0) volume = -volume;
    sum += volume;
  }
  return sum;
}

TEST(Progress, HypervolumeIsWhatItsDefinitionSays) {
  std::mt19937 chance(1);
  for (int round = 0; round < 200; ++round) {
    const std::size_t objectives = 1 + chance() % 5;
    // The ends of the first generation, between which it is scaled; then more, better and worse ones.
    std::vector<std::vector<double>> points(2);
    for (std::size_t k = 0; k < objectives; ++k) {
      points[k % 2].push_back(0);
      points[1 - k % 2].push_back(1);
    }
    std::vector<std::vector<double>> later(1 + chance() % 7, std::vector<double>(objectives));
    for (auto& point : later)
      for (auto& value : point) value = 1.4 * number_of(chance) - 0.2;
    auto all = points;
    all.insert(all.end(), later.begin(), later.end());
    EXPECT_NEAR(of_values({points, later}).hypervolume, hypervolume_by_definition(all), 1e-9)
        << "round " << round;
  }
}

TEST(Progress, ObjectivesAreScaledByTheFirstGeneration) {
  const auto first = of_values({{{100, 7e6}, {300, 5e6}}});
  EXPECT_NEAR(first.hypervolume, 0.21, 1e-12);
  EXPECT_EQ(first.front, 2U);
  const auto second = of_values({{{100, 7e6}, {300, 5e6}}, {{200, 6e6}, {400, 8e6}}});
  EXPECT_NEAR(second.hypervolume, 0.46, 1e-12);
  EXPECT_EQ(second.front, 3U);
  EXPECT_EQ(second.trials, 4U);
  EXPECT_EQ(of_values({{{100, 7e6}, {300, 5e6}}, {{200, 6e6}}, {{50, 5e6}}}).front, 1U);
}

TEST(Progress, AFirstGenerationWithoutARangeIsItsOwnMeasure) {
  EXPECT_NEAR(of_values({{{50, 0}}}).hypervolume, 1.21, 1e-12);
  EXPECT_NEAR(of_values({{{50, 0}}, {{25, 0}}}).hypervolume, 1.6 * 1.1, 1e-12);
  EXPECT_NEAR(of_values({{{-4}, {-4}}, {{-6}}}).hypervolume, 1.6, 1e-12);
  EXPECT_TRUE(
      std::isfinite(of_values({{{-1e308, 1e-308}, {1e308, 2e-308}}, {{-1.7e308, -1e300}}}).hypervolume));
}

TEST(Progress, OfManyObjectivesTheFirstFiveAreMeasured) {
  const std::vector<double> low(7, 0);
  std::vector<double> high(7, 1);
  const auto five = of_values({{std::vector<double>(5, 0), std::vector<double>(5, 1)}});
  EXPECT_NEAR(of_values({{low, high}}).hypervolume, five.hypervolume, 1e-12);
  high[6] = -1;
  EXPECT_EQ(of_values({{low, high}}).front, 2U) << "the others still count";
}

TEST(Progress, NothingFeasibleIsNoHypervolume) {
  const std::vector<Told> told(3, with_metrics({}));
  const auto generations = progress(told, std::vector<Judged>(3, {Standing::breaks, 1, {}}));
  ASSERT_EQ(generations.size(), 1U);
  EXPECT_EQ(generations[0].trials, 3U);
  EXPECT_EQ(generations[0].feasible, 0U);
  EXPECT_EQ(generations[0].hypervolume, 0);
}

}  // namespace
}  // namespace espalier::search
