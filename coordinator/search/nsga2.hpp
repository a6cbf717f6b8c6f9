// NSGA-II: Deb, Pratap, Agarwal, Meyarivan 2002, "A Fast and Elitist Multiobjective Genetic Algorithm:
// NSGA-II". A generation is asked for when all trials have ended; its points are bred from the best of all
// before.
#pragma once

#include "coordinator/search/search.hpp"

namespace espalier::search {

// The first generation is what was drawn. No generation has a point that was tried, so that a small space is
// searched to its end; the last may be smaller. A generation of which there is a trial is as it is: what of
// it was never added isn't asked for again.
Advice advance_nsga2(const Rules& rules, const std::vector<Told>& told);

}  // namespace espalier::search
