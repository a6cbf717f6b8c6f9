// Trials without workers: what a search asks for ends here, one trial after the other, in an order of chance.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/search/search.hpp"

namespace espalier::search {

inline double number_of(std::mt19937& chance) {
  return static_cast<double>(chance()) * 0x1p-32;
}

inline std::vector<std::vector<double>> draw(const std::vector<job::SearchAxis>& axes, std::size_t count,
                                             unsigned seed) {
  std::mt19937 chance(seed);
  std::vector<std::vector<double>> points(count);
  for (auto& point : points) {
    for (const auto& axis : axes) {
      const double number = number_of(chance);
      point.push_back(axis.kind == job::SearchAxis::Kind::listed
                          ? std::floor(number * static_cast<double>(axis.count))
                          : number);
    }
  }
  return points;
}

inline std::vector<job::SearchAxis> real_axes(std::size_t count) {
  return std::vector<job::SearchAxis>(count);
}

inline std::string text_of(const std::vector<job::Proposal>& next) {
  std::string text;
  for (const auto& each : next) {
    text += each.group + " g" + std::to_string(each.generation) + " r" + std::to_string(each.rung);
    for (const double number : each.point) text += " " + std::to_string(number);
    text += "\n";
  }
  return text;
}

class Laboratory {
 public:
  Laboratory(Rules its_rules, unsigned seed) : rules(std::move(its_rules)), chance(seed) {}

  [[nodiscard]] Advice ask(std::size_t slots = 4) const { return advance(rules, told, slots); }

  [[nodiscard]] std::size_t open() const { return with(Told::State::open).size(); }

  [[nodiscard]] std::vector<std::size_t> with(Told::State state) const {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < told.size(); ++i)
      if (told[i].state == state) found.push_back(i);
    return found;
  }

  // Adds the trial, or trains it further.
  void begin(const job::Proposal& proposal) {
    const auto known = std::find_if(told.begin(), told.end(),
                                    [&](const Told& each) { return each.point == proposal.point; });
    if (known == told.end()) {
      EXPECT_EQ(proposal.rung, 0U);
      told.push_back({proposal.point, proposal.generation, 0, Told::State::open, {}, {}});
      return;
    }
    EXPECT_EQ(known->state, Told::State::succeeded) << "only who has ended well goes on";
    EXPECT_EQ(proposal.rung, known->rung + 1);
    known->rung = proposal.rung;
    known->state = Told::State::open;
  }

  // One of the open trials. `end` sets what it gives.
  void end_one(const std::function<void(Told&)>& end) {
    const auto all = with(Told::State::open);
    ASSERT_FALSE(all.empty());
    Told& trial = told[all[chance() % all.size()]];
    trial.state = Told::State::succeeded;
    end(trial);
  }

  // Until the search has finished. `look`: at each advice, before it is followed.
  void run(
      std::size_t slots, const std::function<void(Told&)>& end,
      const std::function<void(const Advice&)>& look = [](const Advice&) {}) {
    for (int step = 0; step < 100'000; ++step) {
      const Advice advice = ask(slots);
      look(advice);
      if (advice.finished) {
        EXPECT_TRUE(advice.next.empty());
        EXPECT_EQ(open(), 0U);
        return;
      }
      for (const auto& proposal : advice.next) begin(proposal);
      ASSERT_GT(open(), 0U) << "the search stalls";
      end_one(end);
      if (testing::Test::HasFatalFailure()) return;
    }
    FAIL() << "the search has no end";
  }

  Rules rules;
  std::mt19937 chance;
  std::vector<Told> told;
};

}  // namespace espalier::search
