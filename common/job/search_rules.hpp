// What halving and nsga2 ask of the rest of a job file.
#pragma once

#include <vector>

#include "common/job/expand.hpp"
#include "common/job/search_settings.hpp"

namespace espalier::job {

// Reports what is in the way; nothing for a grid and for random. `plan` has objectives and constraints.
void check_search(const SearchSettings& settings, const Node& root, const std::vector<Group>& groups,
                  const Plan& plan, Diagnostics& diagnostics);

}  // namespace espalier::job
