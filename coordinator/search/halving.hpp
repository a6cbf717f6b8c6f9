// Asynchronous successive halving: Li et al. 2020, "A System for Massively Parallel Hyperparameter Tuning",
// algorithm 2. Many points are trained a little, the better part of them further, and so on, rung by rung;
// nobody waits for a rung to fill.
#pragma once

#include "coordinator/search/search.hpp"

namespace espalier::search {

// As many trials are open as there are slots, one at least. Free places go to promotions first, those to the
// highest rung before others, then to new points. Of the n trials that have ended a rung the best
// floor(n / reduction) go on; where nothing more will end it, at least the best one. Equal ones: the earlier.
// A trial that failed or has no number counts, as the worst, and never goes on.
Advice advance_halving(const Rules& rules, const std::vector<Told>& told, std::size_t slots);

}  // namespace espalier::search
