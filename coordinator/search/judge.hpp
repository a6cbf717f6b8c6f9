// How good a trial is under a job's objectives and constraints, and who of several is better.
#pragma once

#include <cstddef>
#include <vector>

#include "coordinator/search/search.hpp"

namespace espalier::search {

struct Judged {
  // The better first: meets every constraint; was measured and breaks one; lacks a number; has failed.
  enum class Standing { feasible, breaks, unmeasured, failed };
  Standing standing{};
  double violation = 0;        // breaks: by how much of the bound, all constraints together
  std::vector<double> values;  // feasible: of the objectives, less is better
};

Judged judge(const Rules& rules, const Told& trial);

// At most `count` of `pool`, the best first: by constrained domination, then crowding (Deb et al. 2002), then
// the earlier.
std::vector<std::size_t> best_of(const std::vector<Judged>& judged, std::vector<std::size_t> pool,
                                 std::size_t count);

}  // namespace espalier::search
