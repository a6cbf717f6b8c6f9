#include "tests/simulation/search_judge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

namespace espalier::simulation {

namespace {

using search::Told;
using Proposals = std::vector<job::Proposal>;

bool is_open(const Told& trial) {
  return trial.state == Told::State::open;
}

std::size_t open_ones(const std::vector<Told>& told) {
  return static_cast<std::size_t>(std::count_if(told.begin(), told.end(), is_open));
}

// Asynchronous successive halving, as coordinator/search/halving.hpp has it in words.
class Rungs {
 public:
  Rungs(const search::Rules& rules, const std::vector<Told>& told) : rules_(rules), told_(told) {}

  // Whether the trial, which has ended the rung, may be trained up to the next one.
  [[nodiscard]] bool goes_on(std::size_t trial, std::size_t rung) const {
    if (!can_go_on(trial, rung)) return false;
    std::size_t better = 0;
    std::size_t ended = 0;
    for (std::size_t other = 0; other < told_.size(); ++other) {
      if (!has_ended(told_[other], rung)) continue;
      ++ended;
      if (other != trial && is_better(other, trial, rung)) ++better;
    }
    const auto share = ended / static_cast<std::size_t>(rules_.search.reduction);
    return better < share || (better == 0 && !more_will_end(rung));
  }

  [[nodiscard]] std::size_t who_go_on() const {
    std::size_t count = 0;
    for (std::size_t trial = 0; trial < told_.size(); ++trial)
      if (told_[trial].rung < last() && goes_on(trial, told_[trial].rung)) ++count;
    return count;
  }

  // Nobody was ever asked to come to the end, so the best one of those that are left goes on.
  [[nodiscard]] bool replaces(std::size_t trial) const {
    const auto& chosen = told_[trial];
    if (open_ones(told_) > 0 || who_go_on() > 0 || !can_go_on(trial, chosen.rung)) return false;
    for (std::size_t other = 0; other < told_.size(); ++other) {
      if (told_[other].rung >= last()) return false;
      if (!can_go_on(other, told_[other].rung) || other == trial) continue;
      if (told_[other].rung > chosen.rung) return false;
      if (told_[other].rung == chosen.rung && is_better(other, trial, chosen.rung)) return false;
    }
    return true;
  }

  [[nodiscard]] std::size_t last() const { return rules_.space.rungs.size() - 1; }

 private:
  static bool has_ended(const Told& trial, std::size_t rung) {
    return trial.rungs.size() > rung || (!is_open(trial) && trial.rung >= rung);
  }
  // The larger the better; unset is worst.
  [[nodiscard]] std::optional<double> score(const Told& trial, std::size_t rung) const {
    const bool failed = trial.state == Told::State::failed && trial.rung <= rung;
    if (failed || trial.rungs.size() <= rung || !trial.rungs[rung]) return std::nullopt;
    return rules_.search.maximize ? *trial.rungs[rung] : -*trial.rungs[rung];
  }
  [[nodiscard]] bool is_better(std::size_t a, std::size_t b, std::size_t rung) const {
    const auto of_a = score(told_[a], rung);
    const auto of_b = score(told_[b], rung);
    return of_a == of_b ? a < b : of_a > of_b;
  }
  [[nodiscard]] bool can_go_on(std::size_t trial, std::size_t rung) const {
    const Told& each = told_[trial];
    return each.state == Told::State::succeeded && each.rung == rung && rung < last() && score(each, rung);
  }
  [[nodiscard]] bool more_will_end(std::size_t rung) const {
    if (told_.size() < most_trials(rules_)) return true;
    for (std::size_t trial = 0; trial < told_.size(); ++trial) {
      const Told& each = told_[trial];
      if (is_open(each) && each.rung <= rung) return true;
      if (each.rung < rung && goes_on(trial, each.rung)) return true;
    }
    return false;
  }

  const search::Rules& rules_;
  const std::vector<Told>& told_;
};

void judge_halving(const search::Rules& rules, const std::vector<Told>& told, std::size_t slots,
                   const Proposals& next) {
  const Rungs rungs(rules, told);
  require(next.empty() || open_ones(told) + next.size() <= slots,
          "halving asks for no more than its slots hold");
  std::size_t promoted = 0;
  for (const auto& each : next) {
    if (each.rung == 0) continue;
    ++promoted;
    const auto found =
        std::find_if(told.begin(), told.end(), [&](const Told& known) { return known.point == each.point; });
    require(found != told.end() && each.rung == found->rung + 1, "who is promoted is on the rung below");
    const auto trial = static_cast<std::size_t>(found - told.begin());
    require(rungs.goes_on(trial, found->rung) || rungs.replaces(trial),
            "who is promoted is among the best of its rung");
  }
  const bool has_new = promoted < next.size();
  require(!has_new || promoted >= rungs.who_go_on(), "promotions come before new trials");
}

void judge_nsga2(const search::Rules& rules, const std::vector<Told>& told, const Proposals& next) {
  if (next.empty()) return;
  require(open_ones(told) == 0, "a generation begins when all before it have ended");
  std::int64_t last = -1;
  for (const auto& each : told) last = std::max(last, each.generation);
  for (const auto& each : next) require(each.generation == last + 1, "generations come in their order");
  require(next.size() == std::min<std::size_t>(rules.search.population, most_trials(rules) - told.size()),
          "a generation is complete");
}

}  // namespace

void SearchJudge::advised(const std::vector<search::Rules>& groups, const search::ToldByGroup& told,
                          std::size_t slots, const search::JobAdvice& advice) const {
  for (const auto& rules : groups) {
    const auto known = told.find(rules.space.group);
    const auto trials = known == told.end() ? std::vector<Told>{} : known->second;
    Proposals next;
    for (const auto& each : advice.next)
      if (each.group == rules.space.group) next.push_back(each);
    const bool halves = rules.search.strategy == job::Search::Strategy::halving;
    halves ? judge_halving(rules, trials, slots, next) : judge_nsga2(rules, trials, next);
    std::set<std::vector<double>> points;
    for (const auto& each : next) require(points.insert(each.point).second, "no point is proposed twice");
    if (!advice.finished) continue;
    require(open_ones(trials) == 0, "a search is over when its trials have ended");
    require(trials.size() == most_trials(rules), "a search has as many trials as its job asked for");
    if (!halves) continue;
    const Rungs rungs(rules, trials);
    require(rungs.who_go_on() == 0, "who may go on does");
    for (std::size_t trial = 0; trial < trials.size(); ++trial)
      require(!rungs.replaces(trial), "one trial comes to the end, if any can");
  }
}

void SearchJudge::at_the_end() const {
  for (const auto& [id, search] : store_.searches()) {
    const core::JobRow job = store_.job(JobId{id});
    std::map<std::string, std::size_t> trials;
    std::map<std::string, std::set<std::int64_t>> generations;
    for (const auto& trial : search.trials) {
      ++trials[trial.group];
      generations[trial.group].insert(trial.generation);
      for (const auto task : trial.tasks)
        require(store_.is_as_measured(task), "a result is what its task gives");
    }
    if (job.state == core::JobState::cancelled) continue;
    require(!job.searching, fmt::format("the search of job {} comes to its end", id));
    for (const auto& rules : search.rules) {
      const std::string& group = rules.space.group;
      require(trials[group] == most_trials(rules), fmt::format("job {} has all of its trials", id));
      if (search.text.strategy != SearchText::Strategy::nsga2) continue;
      const auto on_record = search.generations.find(group);
      require(on_record != search.generations.end() && on_record->second == generations[group],
              fmt::format("the generations of job {} are on record", id));
    }
  }
}

}  // namespace espalier::simulation
