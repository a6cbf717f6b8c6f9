// How far a search by generations has come.
#pragma once

#include <vector>

#include "coordinator/search/judge.hpp"
#include "coordinator/search/search.hpp"

namespace espalier::search {

// The generations that have ended, in their order. Hypervolume: the part of the space, in the objectives,
// that the front is better than (Zitzler, Thiele 1998), exact by pagmo. Each objective is turned so that less
// is better and scaled so that the feasible trials of the first generation that has one span 0 to 1 (where
// they don't differ, 1 is as much as their amount); what is compared with is 1.1 in each. It never falls from
// one generation to the next. Of more than five objectives it is of the first five: its cost grows with them
// exponentially.
std::vector<Generation> progress(const std::vector<Told>& told, const std::vector<Judged>& judged);

}  // namespace espalier::search
