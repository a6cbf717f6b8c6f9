// What a search tries next, given how its trials stand. Pure: the same trials give the same advice, so that
// nothing of a search has to be kept but its trials.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/job/plan.hpp"
#include "common/job/search.hpp"

namespace espalier::search {

// A trial of the group, as it stands. In the order in which they were added.
struct Told {
  enum class State { open, succeeded, failed };  // failed: or cancelled
  std::vector<double> point;
  std::int64_t generation = 0;
  std::size_t rung = 0;  // that it was asked to be trained up to
  State state = State::open;
  // By rung, as far as it has ended: the search's metric there. Unset: there is no number (it diverged).
  std::vector<std::optional<double>> rungs;
  std::map<std::string, double> metrics;  // its headline metrics that were measured
};

struct Rules {
  job::Search search;
  job::SearchSpace space;
  std::vector<job::Objective> objectives;
  std::vector<job::Constraint> constraints;
};

// nsga2: what is known after a generation has ended, of all trials until then.
struct Generation {
  std::int64_t number = 0;
  std::size_t trials = 0;    // that have ended, failed ones too
  std::size_t feasible = 0;  // of these: meet every constraint
  std::size_t front = 0;     // of these: no other is better in everything
  // Of the front, each objective scaled so that the first generation spans 0 to 1: 0 is nothing, larger is
  // better. See progress.hpp.
  double hypervolume = 0;
};

struct Advice {
  std::vector<job::Proposal> next;  // to be added, or to be trained further
  bool finished = false;            // nothing more will come, whatever the open ones give
  std::vector<Generation> generations;
};

// `slots`: how many trials may run at once; halving keeps as many open, one at least.
Advice advance(const Rules& rules, const std::vector<Told>& told, std::size_t slots);

using ToldByGroup = std::map<std::string, std::vector<Told>>;

struct JobAdvice {  // of all of its groups together
  std::vector<job::Proposal> next;
  bool waits = false;     // for trials that haven't ended
  bool finished = false;  // nothing more will come
  std::map<std::string, std::vector<Generation>> generations;
  std::string failure;  // why it can't go on
};
JobAdvice advance(const std::vector<Rules>& groups, const ToldByGroup& told, std::size_t slots);

}  // namespace espalier::search
