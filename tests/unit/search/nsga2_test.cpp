// NSGA-II: what a generation is made of, and that it is better than chance.
#include <cmath>
#include <ctime>
#include <limits>
#include <set>

#include "coordinator/search/vary.hpp"
#include "tests/unit/search/laboratory.hpp"

namespace espalier::search {
namespace {

using State = Told::State;
using Metrics = std::map<std::string, double>;
using Problem = std::function<Metrics(const std::vector<double>&)>;

Rules nsga2(std::size_t trials, std::size_t population, std::vector<job::SearchAxis> axes, int objectives,
            unsigned seed = 1) {
  Rules rules;
  rules.search.strategy = job::Search::Strategy::nsga2;
  rules.search.trials = trials;
  rules.search.population = population;
  rules.search.seed = seed;
  rules.space.group = "g";
  rules.space.drawn = draw(axes, trials, seed);
  rules.space.axes = std::move(axes);
  for (int i = 0; i < objectives; ++i) rules.objectives.push_back({"f" + std::to_string(i), false});
  return rules;
}

Laboratory searched(const Rules& rules, const Problem& problem, unsigned seed = 1) {
  Laboratory laboratory(rules, seed);
  laboratory.run(4, [&](Told& trial) { trial.metrics = problem(trial.point); });
  return laboratory;
}

// As many trials without a search: the same first generation, the rest drawn too.
std::vector<Told> all_drawn(const Rules& rules, const Problem& problem) {
  std::vector<Told> told;
  for (const auto& point : rules.space.drawn) {
    const auto generation = static_cast<std::int64_t>(told.size() / rules.search.population);
    told.push_back({point, generation, 0, State::succeeded, {}, problem(point)});
  }
  return told;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct Compared {
  double search = 0;
  double drawn = 0;
};

// Medians over seeds of the hypervolume at the end. Checks that it never falls and that it grows.
Compared compare(const std::function<Rules(unsigned)>& rules_of, const Problem& problem) {
  std::vector<double> search;
  std::vector<double> drawn;
  for (unsigned seed = 1; seed <= 7; ++seed) {
    const auto rules = rules_of(seed);
    const auto generations = searched(rules, problem, seed).ask().generations;
    EXPECT_EQ(generations.size(),
              (rules.search.trials + rules.search.population - 1) / rules.search.population);
    for (std::size_t i = 1; i < generations.size(); ++i)
      EXPECT_GE(generations[i].hypervolume, generations[i - 1].hypervolume);
    EXPECT_GT(generations.back().hypervolume, generations.front().hypervolume);
    search.push_back(generations.back().hypervolume);
    drawn.push_back(advance(rules, all_drawn(rules, problem), 4).generations.back().hypervolume);
  }
  return {median(search), median(drawn)};
}

// Zitzler, Deb, Thiele 2000.
Metrics zdt1(const std::vector<double>& x) {
  double rest = 0;
  for (std::size_t i = 1; i < x.size(); ++i) rest += x[i];
  const double g = 1 + 9 * rest / static_cast<double>(x.size() - 1);
  return {{"f0", x[0]}, {"f1", g * (1 - std::sqrt(x[0] / g))}};
}

// Srinivas, Deb 1994, its variables mapped from 0 … 1.
Metrics srn(const std::vector<double>& point) {
  const double x = 40 * point[0] - 20;
  const double y = 40 * point[1] - 20;
  return {{"f0", 2 + (x - 2) * (x - 2) + (y - 1) * (y - 1)},
          {"f1", 9 * x - (y - 1) * (y - 1)},
          {"c0", x * x + y * y},
          {"c1", x - 3 * y}};
}

Rules rules_of_srn(unsigned seed) {
  auto rules = nsga2(160, 20, real_axes(2), 2, seed);
  rules.constraints = {{"c0", "<=", 225}, {"c1", "<=", -10}};
  return rules;
}

TEST(Nsga2, FindsMoreOfTheFrontThanChance) {
  const auto [search, drawn] =
      compare([](unsigned seed) { return nsga2(200, 20, real_axes(6), 2, seed); }, zdt1);
  EXPECT_GT(search, 1.1 * drawn);
}

TEST(Nsga2, KeepsToConstraints) {
  const auto [search, drawn] = compare(rules_of_srn, srn);
  EXPECT_GT(search, 1.1 * drawn);
  const auto generations = searched(rules_of_srn(3), srn).ask().generations;
  const double first = static_cast<double>(generations[0].feasible) / 20;
  const auto before = generations[generations.size() - 2];
  EXPECT_GT(static_cast<double>(generations.back().feasible - before.feasible) / 20, first);
}

TEST(Nsga2, FindsItsWayToWhatIsFeasible) {
  auto rules = nsga2(300, 20, real_axes(4), 2);
  rules.constraints = {{"sum", "<", 0.4}, {"f1", "<=", 0.999}};  // one point of a thousand keeps to that
  const auto sum = [](const std::vector<double>& x) {
    auto metrics = zdt1(x);
    metrics["sum"] = x[0] + x[1] + x[2] + x[3];
    return metrics;
  };
  const auto generations = searched(rules, sum).ask().generations;
  EXPECT_EQ(generations.front().feasible, 0U);
  EXPECT_EQ(generations.front().hypervolume, 0);
  EXPECT_GT(generations.back().feasible, 20U);
  EXPECT_GT(generations.back().hypervolume, 0);
}

TEST(Nsga2, ComesNearerToTheBestOfASingleObjective) {
  const auto rules = nsga2(200, 20, real_axes(5), 1);
  const Problem bowl = [](const std::vector<double>& x) {
    double sum = 0;
    for (const double each : x) sum += (each - 0.3) * (each - 0.3);
    return Metrics{{"f0", sum}};
  };
  const auto best = [](const std::vector<Told>& told) {
    double least = HUGE_VAL;
    for (const auto& each : told) least = std::min(least, each.metrics.at("f0"));
    return least;
  };
  EXPECT_LT(best(searched(rules, bowl).told), 0.4 * best(all_drawn(rules, bowl)));
}

TEST(Nsga2, MaximizesWhatIsToBeMaximized) {
  auto rules = nsga2(100, 10, real_axes(2), 1);
  rules.objectives[0].maximize = true;
  const auto laboratory = searched(rules, [](const auto& x) { return Metrics{{"f0", x[0] + x[1]}}; });
  double most = 0;
  for (const auto& each : laboratory.told) most = std::max(most, each.metrics.at("f0"));
  EXPECT_GT(most, 1.95);
}

TEST(Nsga2, SearchesThreeObjectives) {
  const Problem dtlz2 = [](const std::vector<double>& x) {  // Deb, Thiele, Laumanns, Zitzler 2002
    double g = 0;
    for (std::size_t i = 2; i < x.size(); ++i) g += (x[i] - 0.5) * (x[i] - 0.5);
    const double a = x[0] * M_PI / 2;
    const double b = x[1] * M_PI / 2;
    return Metrics{{"f0", (1 + g) * std::cos(a) * std::cos(b)},
                   {"f1", (1 + g) * std::cos(a) * std::sin(b)},
                   {"f2", (1 + g) * std::sin(a)}};
  };
  const auto [search, drawn] =
      compare([](unsigned seed) { return nsga2(200, 20, real_axes(7), 3, seed); }, dtlz2);
  EXPECT_GT(search, 1.05 * drawn);
}

const std::vector<job::SearchAxis> kMixed = {{job::SearchAxis::Kind::listed, 3},
                                             {job::SearchAxis::Kind::real, 0},
                                             {job::SearchAxis::Kind::whole, 5},
                                             {job::SearchAxis::Kind::whole, 1000},
                                             {job::SearchAxis::Kind::listed, 1}};

TEST(Nsga2, SearchesAxesOfEveryKind) {
  const Problem problem = [](const std::vector<double>& x) {
    const double distance = std::abs(std::floor(x[2] * 5) - 3) +
                            std::abs(std::floor(x[3] * 1000) - 250) / 100 + (x[0] == 1 ? 0 : 1);
    return Metrics{{"f0", x[1] + distance}, {"f1", 1 - x[1] + distance}};
  };
  const auto [search, drawn] =
      compare([](unsigned seed) { return nsga2(200, 20, kMixed, 2, seed); }, problem);
  EXPECT_GT(search, 1.04 * drawn);
}

TEST(Nsga2, AsksForEachPointOnceAndForValidOnesOnly) {
  for (unsigned seed = 1; seed < 6; ++seed) {
    const auto laboratory = searched(nsga2(150, 10, kMixed, 2, seed), zdt1, seed);
    ASSERT_EQ(laboratory.told.size(), 150U);
    std::set<std::vector<double>> places;
    for (auto place : laboratory.told) {
      auto& x = place.point;
      ASSERT_EQ(x.size(), 5U);
      EXPECT_TRUE(x[0] == 0 || x[0] == 1 || x[0] == 2) << x[0];
      EXPECT_EQ(x[4], 0);
      for (const std::size_t i : {1U, 2U, 3U}) EXPECT_TRUE(x[i] >= 0 && x[i] < 1) << x[i];
      x[2] = std::floor(x[2] * 5);
      x[3] = std::floor(x[3] * 1000);
      EXPECT_TRUE(places.insert(x).second) << "seed " << seed;
    }
  }
}

TEST(Nsga2, ASmallSpaceIsSearchedToItsEnd) {
  auto rules = nsga2(1000, 7, {{job::SearchAxis::Kind::listed, 16}, {job::SearchAxis::Kind::whole, 20}}, 2);
  rules.space.drawn.resize(1);
  const auto laboratory = searched(rules, zdt1);
  std::set<std::pair<double, double>> places;
  for (const auto& each : laboratory.told) places.insert({each.point[0], std::floor(each.point[1] * 20)});
  EXPECT_EQ(laboratory.told.size(), 320U);
  EXPECT_EQ(places.size(), 320U);
}

TEST(Nsga2, AMutationOfAChoiceTakesAnyOtherValue) {
  std::mt19937 chance(1);
  for (const auto kind : {job::SearchAxis::Kind::listed, job::SearchAxis::Kind::whole}) {
    job::SearchSpace space;
    space.axes = {{kind, 4}};
    const bool is_index = kind == job::SearchAxis::Kind::listed;
    const Point parent = {is_index ? 1 : 0.3};
    std::vector<int> seen(4);
    for (int i = 0; i < 3000; ++i)  // with one axis each child is mutated
      ++seen.at(static_cast<std::size_t>(place_of(space, children(space, parent, parent, chance).first)[0]));
    EXPECT_EQ(seen[1], 0);
    for (const std::size_t other : {0U, 2U, 3U}) EXPECT_NEAR(seen[other], 1000, 120);
  }
}

TEST(Nsga2, AGenerationWaitsForAllOfTheOneBefore) {
  const auto rules = nsga2(25, 10, real_axes(3), 2);
  Laboratory laboratory(rules, 1);
  const auto first = laboratory.ask().next;
  ASSERT_EQ(first.size(), 10U);
  for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(first[i].point, rules.space.drawn[i]);
  for (const auto& each : first) laboratory.begin(each);
  for (int ended = 0; ended < 10; ++ended) {
    const auto advice = laboratory.ask();
    EXPECT_TRUE(advice.next.empty() && advice.generations.empty() && !advice.finished);
    laboratory.end_one([](Told& trial) { trial.metrics = zdt1(trial.point); });
  }
  const auto second = laboratory.ask();
  ASSERT_EQ(second.next.size(), 10U);
  EXPECT_EQ(second.generations.size(), 1U);
  for (const auto& each : second.next) {
    EXPECT_EQ(each.generation, 1);
    laboratory.begin(each);
  }
  for (int ended = 0; ended < 10; ++ended)
    laboratory.end_one([](Told& trial) { trial.metrics = zdt1(trial.point); });
  EXPECT_EQ(laboratory.ask().next.size(), 5U) << "25 trials and no more";
  laboratory.told[3].state = State::open;  // it is tried again
  const auto again = laboratory.ask();
  EXPECT_TRUE(again.next.empty() && !again.finished);
  ASSERT_EQ(again.generations.size(), 1U);
  EXPECT_EQ(again.generations[0].number, 1);
  EXPECT_EQ(again.generations[0].trials, 19U);
}

TEST(Nsga2, TheSameTrialsGiveTheSameAdviceAndAnotherSeedOrGroupOther) {
  const auto laboratory = [] {
    Laboratory begun(nsga2(100, 10, kMixed, 2), 1);
    begun.told = all_drawn(nsga2(30, 10, kMixed, 2), zdt1);
    return begun;
  };
  Laboratory one = laboratory();
  EXPECT_EQ(text_of(one.ask(1).next), text_of(laboratory().ask(9).next));
  const auto text = text_of(one.ask().next);
  one.rules.search.seed = 2;
  EXPECT_NE(text_of(one.ask().next), text);
  one.rules.search.seed = 1;
  one.rules.space.group = "h";
  auto renamed = one.ask().next;
  for (auto& each : renamed) each.group = "g";
  EXPECT_NE(text_of(renamed), text);
}

TEST(Nsga2, FailedTrialsCountButHaveNoChildren) {
  const auto rules = nsga2(100, 10, real_axes(3), 2);
  Laboratory laboratory(rules, 1);
  laboratory.run(4, [&](Told& trial) {
    if (trial.point[0] < 0.5)
      trial.metrics = zdt1(trial.point);
    else
      trial.state = State::failed;
  });
  EXPECT_EQ(laboratory.told.size(), 100U);
  const auto generations = laboratory.ask().generations;
  EXPECT_EQ(generations.back().trials, 100U);
  EXPECT_EQ(generations.back().feasible, laboratory.with(State::succeeded).size());
  EXPECT_LT(laboratory.with(State::failed).size(), 25U) << "half of what is drawn fails";

  Laboratory unlucky(rules, 1);
  unlucky.run(4, [](Told& trial) { trial.state = State::failed; });
  ASSERT_EQ(unlucky.told.size(), 100U);
  for (std::size_t i = 0; i < 100; ++i)
    EXPECT_EQ(unlucky.told[i].point, rules.space.drawn[i]) << "nothing to breed from: what was drawn goes on";
}

TEST(Nsga2, AThousandTrialsWithFiveObjectivesTakeLittleTime) {
  const auto rules = nsga2(1000, 20, real_axes(6), 5);
  const Problem sphere = [](const std::vector<double>& x) {
    Metrics metrics;
    double norm = 0;
    for (std::size_t i = 0; i < 5; ++i) norm += x[i] * x[i];
    for (std::size_t i = 0; i < 5; ++i) metrics["f" + std::to_string(i)] = -x[i] / std::sqrt(norm);
    return metrics;
  };
  auto told = all_drawn(rules, sphere);
  told.resize(980);
  const auto before = std::clock();
  const auto advice = advance(rules, told, 4);
  const double seconds = static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
  EXPECT_EQ(advice.generations.back().front, 980U) << "the worst case: no trial is better than another";
  EXPECT_EQ(advice.next.size(), 20U);
  RecordProperty("seconds", std::to_string(seconds));
  EXPECT_LT(seconds, 10);  // half a second; sanitizers take a while
}

TEST(Nsga2, WhatMakesNoSenseEndsQuietly) {
  auto rules = nsga2(5, 0, real_axes(2), 2);
  EXPECT_EQ(advance(rules, {}, 4).next.size(), 1U);
  rules.search.trials = 0;
  EXPECT_TRUE(advance(rules, {}, 4).finished);
  rules = nsga2(50, 5, {}, 2);
  EXPECT_LE(advance(rules, {}, 4).next.size(), 1U) << "without axes there is one point";
  rules = nsga2(50, 5, {{job::SearchAxis::Kind::listed, 0}, {job::SearchAxis::Kind::whole, 0}}, 0);
  auto told = all_drawn(nsga2(5, 5, real_axes(2), 2), zdt1);
  EXPECT_NO_FATAL_FAILURE(advance(rules, told, 4));
  rules = nsga2(50, 5, real_axes(2), 2);
  told[0].point = {0.1};
  told[1].point = {NAN, 0.2};
  told[2].generation = -4;
  told[3].metrics["f0"] = HUGE_VAL;
  const auto advice = advance(rules, told, 4);
  EXPECT_EQ(advice.next.size(), 5U);
  EXPECT_EQ(advice.generations.back().feasible, 4U);
}

}  // namespace
}  // namespace espalier::search
