// New points out of good ones.
#pragma once

#include <cstdint>
#include <vector>

#include "coordinator/search/points.hpp"
#include "coordinator/search/search.hpp"

namespace espalier::search {

// `count` points that weren't tried, and are now; fewer only if the space has no more. By tournament,
// crossover and mutation (vary.hpp) from `parents`, the best first. What these don't give comes from what was
// drawn, then from anywhere. Chance is the search's seed, its group and the generation's number.
std::vector<Point> breed(const Rules& rules, const std::vector<Point>& parents, Tried& tried,
                         std::int64_t generation, std::size_t count);

}  // namespace espalier::search
