// Successive halving: who goes on, who comes next, and what it costs.
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

#include "tests/unit/search/laboratory.hpp"

namespace espalier::search {
namespace {

using State = Told::State;

Rules halving(std::size_t trials, std::int64_t reduction, std::vector<std::int64_t> rungs,
              unsigned seed = 1) {
  Rules rules;
  rules.search.strategy = job::Search::Strategy::halving;
  rules.search.trials = trials;
  rules.search.reduction = reduction;
  rules.search.metric = "accuracy";
  rules.search.maximize = true;
  rules.space.group = "g";
  rules.space.axes = real_axes(2);
  rules.space.drawn = draw(rules.space.axes, trials, seed);
  rules.space.rungs = std::move(rungs);
  return rules;
}

// As many trials as there are scores, each of which has ended the first rung.
std::vector<Told> ended(const Rules& rules, const std::vector<std::optional<double>>& scores) {
  std::vector<Told> told;
  for (std::size_t i = 0; i < scores.size(); ++i)
    told.push_back({rules.space.drawn.at(i), 0, 0, State::succeeded, {scores[i]}, {}});
  return told;
}

std::vector<std::size_t> who(const Rules& rules, const std::vector<job::Proposal>& next) {
  std::vector<std::size_t> places;
  for (const auto& each : next)
    places.push_back(
        static_cast<std::size_t>(std::find(rules.space.drawn.begin(), rules.space.drawn.end(), each.point) -
                                 rules.space.drawn.begin()));
  return places;
}

TEST(Halving, BeginsWithAsManyOfTheDrawnPointsAsThereAreSlots) {
  const auto rules = halving(10, 3, {1, 3, 9});
  const auto advice = advance(rules, {}, 4);
  EXPECT_EQ(who(rules, advice.next), (std::vector<std::size_t>{0, 1, 2, 3}));
  for (const auto& each : advice.next) {
    EXPECT_EQ(each.group, "g");
    EXPECT_EQ(each.rung, 0U);
  }
  EXPECT_FALSE(advice.finished);
}

TEST(Halving, TheBestOfARungGoOnBeforeNewPointsBegin) {
  const auto rules = halving(10, 3, {1, 3, 9});
  const auto told = ended(rules, {0.1, 0.9, 0.2, 0.3, 0.8, 0.4});
  const auto advice = advance(rules, told, 3);
  EXPECT_EQ(who(rules, advice.next), (std::vector<std::size_t>{1, 4, 6}));
  EXPECT_EQ(advice.next[0].rung, 1U);
  EXPECT_EQ(advice.next[1].rung, 1U);
  EXPECT_EQ(advice.next[2].rung, 0U);
}

TEST(Halving, TheHighestRungComesFirst) {
  const auto rules = halving(20, 2, {1, 2, 4});
  auto told = ended(rules, {0.9, 0.8, 0.7, 0.6, 0.5, 0.4});
  for (const std::size_t i : {0U, 1U}) {
    told[i].rung = 1;
    told[i].rungs.push_back(told[i].rungs[0]);
  }
  const auto advice = advance(rules, told, 2);
  EXPECT_EQ(who(rules, advice.next), (std::vector<std::size_t>{0, 2}));
  EXPECT_EQ(advice.next[0].rung, 2U);
  EXPECT_EQ(advice.next[1].rung, 1U);
}

TEST(Halving, OfEqualOnesTheEarlierGoesOn) {
  const auto rules = halving(10, 3, {1, 3});
  EXPECT_EQ(who(rules, advance(rules, ended(rules, {0.5, 0.7, 0.7}), 1).next), (std::vector<std::size_t>{1}));
}

TEST(Halving, LessIsBetterWhereTheMetricIsMinimized) {
  auto rules = halving(10, 3, {1, 3});
  rules.search.maximize = false;
  EXPECT_EQ(who(rules, advance(rules, ended(rules, {0.5, 0.7, 0.3}), 1).next), (std::vector<std::size_t>{2}));
}

TEST(Halving, AFailedTrialAndOneWithoutANumberCountAndNeverGoOn) {
  const auto rules = halving(10, 3, {1, 3});
  auto told = ended(rules, {std::nullopt, std::numeric_limits<double>::quiet_NaN(), 0.1, 0.2, 0.3, 0.4});
  told[2].state = State::failed;
  told[2].rungs.clear();
  // Two of six: without those that have no number it would be one of three.
  EXPECT_EQ(who(rules, advance(rules, told, 2).next), (std::vector<std::size_t>{5, 4}));
  for (auto& each : told) each.rungs = {std::nullopt};
  EXPECT_EQ(who(rules, advance(rules, told, 2).next), (std::vector<std::size_t>{6, 7})) << "only new ones";
}

TEST(Halving, OneThatFailedAfterItsNumberWasKnownIsTheWorst) {
  const auto rules = halving(4, 3, {1, 3});
  auto told = ended(rules, {0.9, 0.5, 0.4, 0.3});
  told[0].state = State::failed;
  told[3].state = State::open;
  told[3].rungs.clear();
  EXPECT_EQ(who(rules, advance(rules, told, 2).next), (std::vector<std::size_t>{1}));
}

TEST(Halving, WhereNothingMoreEndsARungItsBestGoesOn) {
  const auto rules = halving(2, 4, {1, 4});
  auto told = ended(rules, {0.3, 0.6});
  EXPECT_EQ(who(rules, advance(rules, told, 4).next), (std::vector<std::size_t>{1}));
  told[0].state = State::open;
  told[0].rungs.clear();
  EXPECT_TRUE(advance(rules, told, 4).next.empty()) << "the other one may be better";
}

TEST(Halving, TheBestOfAnEndedRungGoesOnThoughAnotherWentBeforeIt) {
  const auto rules = halving(6, 3, {1, 3, 9});
  auto told = ended(rules, {0.9, 0.8, 0.3, 0.2, 0.1, 0.1});
  told[0].rung = 2;
  told[0].state = State::open;
  told[0].rungs.emplace_back(0.5);
  told[1].rung = 1;
  told[1].rungs.emplace_back(0.6);
  const auto advice = advance(rules, told, 4);
  ASSERT_EQ(who(rules, advice.next), (std::vector<std::size_t>{1}));
  EXPECT_EQ(advice.next[0].rung, 2U);
}

TEST(Halving, ARungIsWaitedForWhileOneBelowItMaySendMore) {
  const auto rules = halving(4, 2, {1, 2, 4});
  auto told = ended(rules, {0.9, 0.8, 0.1, 0.2});
  told[0].rung = 1;
  told[0].rungs.emplace_back(0.9);
  const auto advice = advance(rules, told, 4);
  ASSERT_EQ(who(rules, advice.next), (std::vector<std::size_t>{1}));
  EXPECT_EQ(advice.next[0].rung, 1U);
}

TEST(Halving, WhoFailsOnTheWayUpIsReplaced) {
  const auto rules = halving(3, 3, {1, 3, 9});
  auto told = ended(rules, {0.2, 0.9, 0.5});
  told[1].rung = 1;
  told[1].state = State::failed;
  const auto advice = advance(rules, told, 4);
  ASSERT_EQ(who(rules, advice.next), (std::vector<std::size_t>{2}));
  EXPECT_EQ(advice.next[0].rung, 1U);
  for (auto& each : told) each.state = State::failed;
  EXPECT_TRUE(advance(rules, told, 4).finished);
}

TEST(Halving, NothingBeginsWhileMoreIsOpenThanThereAreSlots) {
  const auto rules = halving(20, 2, {1, 2});
  auto told = ended(rules, {0.1, 0.2, 0.3, 0.4, 0.5, 0.6});
  for (const std::size_t i : {0U, 1U, 2U}) told[i].state = State::open;
  EXPECT_TRUE(advance(rules, told, 2).next.empty());
  EXPECT_EQ(advance(rules, told, 4).next.size(), 1U);
}

TEST(Halving, WithoutASlotOneTrialIsOpenSoThatItCanBeSeenToWait) {
  const auto rules = halving(5, 2, {1, 2});
  EXPECT_EQ(advance(rules, {}, 0).next.size(), 1U);
}

// Worlds of chance: so many trials, slots, rungs; some trials fail or diverge.
struct World {
  explicit World(unsigned seed) : chance(seed) {
    std::vector<std::int64_t> rungs;
    const auto count = 1 + pick(4);
    const auto reduction = static_cast<std::int64_t>(2 + pick(3));
    for (std::int64_t epochs = 1; rungs.size() < count; epochs *= reduction) rungs.push_back(epochs);
    rules = halving(1 + pick(40), reduction, rungs, seed);
    rules.search.maximize = pick(2) == 0;
    slots = 1 + pick(8);
    failing = pick(2) == 0 ? 0 : 0.3 * number_of(chance);
  }
  std::size_t pick(std::size_t below) { return chance() % below; }

  void end(Told& trial) {
    if (number_of(chance) < failing) {
      trial.state = State::failed;
      return;
    }
    if (number_of(chance) < failing)
      trial.rungs.emplace_back();
    else
      trial.rungs.emplace_back(std::floor(number_of(chance) * 20));  // with ties
  }

  std::mt19937 chance;
  Rules rules;
  std::size_t slots = 0;
  double failing = 0;
};

bool goes_before(const Rules& rules, const std::vector<Told>& told, std::size_t a, std::size_t b,
                 std::size_t rung) {
  const auto score = [&](std::size_t i) {
    const bool has_one = told[i].rungs.size() > rung && told[i].rungs[rung] &&
                         (told[i].state != State::failed || told[i].rung > rung);
    const double none = -std::numeric_limits<double>::infinity();
    return has_one ? *told[i].rungs[rung] * (rules.search.maximize ? 1 : -1) : none;
  };
  return score(a) != score(b) ? score(a) > score(b) : a < b;
}

// How many of those that have ended the rung are before it, and how many there are.
std::pair<std::size_t, std::size_t> place_in_rung(const Rules& rules, const std::vector<Told>& told,
                                                  std::size_t trial, std::size_t rung) {
  std::size_t before = 0;
  std::size_t all = 0;
  for (std::size_t i = 0; i < told.size(); ++i) {
    if (told[i].rungs.size() <= rung && (told[i].state != State::failed || told[i].rung < rung)) continue;
    ++all;
    if (i != trial && goes_before(rules, told, i, trial, rung)) ++before;
  }
  return {before, all};
}

TEST(Halving, WhoGoesOnIsAmongTheBestOfItsRungInAnyOrderOfEnds) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    World world(seed);
    Laboratory laboratory(world.rules, seed);
    laboratory.run(
        world.slots, [&](Told& trial) { world.end(trial); },
        [&](const Advice& advice) {
          const bool may_grow = laboratory.told.size() < world.rules.search.trials || laboratory.open() > 0;
          EXPECT_LE(laboratory.open() + advice.next.size(), world.slots);
          for (const auto& each : advice.next) {
            if (each.rung == 0) continue;
            const auto trial = who(world.rules, {each})[0];
            const auto found = std::find_if(laboratory.told.begin(), laboratory.told.end(),
                                            [&](const Told& told) { return told.point == each.point; });
            ASSERT_NE(found, laboratory.told.end()) << trial;
            const auto place = static_cast<std::size_t>(found - laboratory.told.begin());
            const auto [before, all] = place_in_rung(world.rules, laboratory.told, place, each.rung - 1);
            const auto quota = all / static_cast<std::size_t>(world.rules.search.reduction);
            if (before < quota || (before == 0 && laboratory.told.size() == world.rules.search.trials))
              continue;
            EXPECT_FALSE(may_grow) << "seed " << seed << ": " << before << " of " << all << " are before it";
          }
        });
    if (HasFailure()) FAIL() << "seed " << seed;
  }
}

TEST(Halving, EachPointBeginsOnceAndOneComesToTheEndWhateverFailsOnTheWay) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    World world(seed);
    Laboratory laboratory(world.rules, seed);
    laboratory.run(world.slots, [&](Told& trial) { world.end(trial); });
    EXPECT_EQ(laboratory.told.size(), world.rules.search.trials);
    const std::size_t last = world.rules.space.rungs.size() - 1;
    std::size_t at_the_end = 0;
    std::size_t could_go_on = 0;
    for (const auto& trial : laboratory.told) {
      at_the_end += trial.rung == last ? 1 : 0;
      could_go_on += trial.state == State::succeeded && trial.rungs.back() ? 1 : 0;
    }
    EXPECT_TRUE(at_the_end > 0 || could_go_on == 0) << "seed " << seed;
  }
}

TEST(Halving, AfterACrashTheRestOfAnAdviceIsGivenAgain) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    World world(seed);
    Laboratory laboratory(world.rules, seed);
    laboratory.run(
        world.slots, [&](Told& trial) { world.end(trial); },
        [&](const Advice& advice) {
          EXPECT_EQ(text_of(advice.next), text_of(laboratory.ask(world.slots).next));
          for (std::size_t kept = 0; kept <= advice.next.size(); ++kept) {
            Laboratory other = laboratory;
            for (std::size_t i = 0; i < kept; ++i) other.begin(advice.next[i]);
            const std::vector<job::Proposal> rest(advice.next.begin() + static_cast<std::ptrdiff_t>(kept),
                                                  advice.next.end());
            EXPECT_EQ(text_of(other.ask(world.slots).next), text_of(rest)) << "seed " << seed;
          }
        });
    if (HasFailure()) return;
  }
}

// A net that learns: its accuracy nears what the point is good for. Those that learn faster are a little
// worse.
double curve(const std::vector<double>& point, double epochs) {
  const double reaches = 0.95 - 0.4 * (point[0] - 0.7) * (point[0] - 0.7) - 0.05 * point[1];
  return reaches - (reaches - 0.1) * std::exp(-epochs * (0.3 + 0.02 * point[1]));
}

TEST(Halving, FindsAGoodPointForFarFewerEpochsThanAllOfThemTake) {
  int good = 0;
  for (unsigned seed = 0; seed < 20; ++seed) {
    const auto rules = halving(60, 3, {1, 3, 9, 27}, seed);
    Laboratory laboratory(rules, seed);
    std::normal_distribution<double> noise(0, 0.005);
    double epochs = 0;
    laboratory.run(6, [&](Told& trial) {
      const auto before = trial.rung == 0 ? 0 : rules.space.rungs[trial.rung - 1];
      epochs += static_cast<double>(rules.space.rungs[trial.rung] - before);
      trial.rungs.emplace_back(curve(trial.point, static_cast<double>(rules.space.rungs[trial.rung])) +
                               noise(laboratory.chance));
    });
    EXPECT_LT(epochs, 0.4 * 60 * 27) << "seed " << seed;
    std::vector<double> all;
    for (const auto& point : rules.space.drawn) all.push_back(curve(point, 27));
    std::sort(all.begin(), all.end(), std::greater<>());
    double found = 0;
    for (const auto& trial : laboratory.told)
      if (trial.rung == 3) found = std::max(found, curve(trial.point, 27));
    good += found >= all[5] ? 1 : 0;  // of the best tenth
  }
  EXPECT_GE(good, 18);
}

TEST(Halving, MoreTrialsThanBeforeGoOnFromTheSamePoints) {
  auto rules = halving(12, 3, {1, 3});
  Laboratory laboratory(rules, 1);
  const auto end = [&](Told& trial) { trial.rungs.emplace_back(number_of(laboratory.chance)); };
  laboratory.rules.search.trials = 6;
  laboratory.run(2, end);
  EXPECT_EQ(laboratory.told.size(), 6U);
  laboratory.rules.search.trials = 12;
  laboratory.run(2, end);
  ASSERT_EQ(laboratory.told.size(), 12U);
  for (std::size_t i = 0; i < 12; ++i) EXPECT_EQ(laboratory.told[i].point, rules.space.drawn[i]);
}

TEST(Halving, WhatMakesNoSenseEndsQuietly) {
  auto rules = halving(4, 0, {});
  EXPECT_EQ(advance(rules, {}, 9).next.size(), 4U) << "no rungs: everything is trained at once";
  EXPECT_TRUE(advance(rules, ended(rules, {0.1, 0.2, 0.3, 0.4}), 9).finished);
  rules.search.trials = 0;
  EXPECT_TRUE(advance(rules, {}, 9).finished);
  rules = halving(4, -1, {1, 2});
  rules.space.drawn = {{0.5}, {0.5, NAN}, {0.5, 0.5}, {0.5, 0.5}};  // of other axes, of none, twice the same
  EXPECT_EQ(who(rules, advance(rules, {}, 9).next), (std::vector<std::size_t>{2}));
  auto told = ended(halving(4, 2, {1, 2}), {0.1, 0.2});
  told[0].point = {};
  told[1].rung = 7;
  EXPECT_NO_FATAL_FAILURE(advance(rules, told, 9));
}

}  // namespace
}  // namespace espalier::search
