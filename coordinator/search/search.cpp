#include "coordinator/search/search.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "coordinator/search/halving.hpp"
#include "coordinator/search/nsga2.hpp"

namespace espalier::search {

Advice advance(const Rules& rules, const std::vector<Told>& told, std::size_t slots) {
  switch (rules.search.strategy) {
    case job::Search::Strategy::halving:
      return advance_halving(rules, told, slots);
    case job::Search::Strategy::nsga2:
      return advance_nsga2(rules, told);
  }
  return {{}, true, {}};
}

JobAdvice advance(const std::vector<Rules>& groups, const ToldByGroup& told, std::size_t slots) {
  JobAdvice advice;
  bool finished = true;
  for (const auto& rules : groups) {
    const std::string& group = rules.space.group;
    const auto known = told.find(group);
    const auto trials = known == told.end() ? std::vector<Told>{} : known->second;
    auto said = advance(rules, trials, slots);
    const bool waits = std::any_of(trials.begin(), trials.end(),
                                   [](const Told& each) { return each.state == Told::State::open; });
    if (!said.finished && said.next.empty() && !waits)
      advice.failure = "nothing more can be asked for of group \"" + group + "\", and its search isn't over";
    finished = finished && said.finished;
    advice.waits = advice.waits || waits;
    advice.generations[group] = std::move(said.generations);
    std::move(said.next.begin(), said.next.end(), std::back_inserter(advice.next));
  }
  advice.finished = finished && advice.next.empty();
  return advice;
}

}  // namespace espalier::search
