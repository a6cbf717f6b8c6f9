// [search]: how points are chosen.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "common/job/document.hpp"
#include "common/job/draw.hpp"
#include "common/job/plan.hpp"
#include "common/job/sweep.hpp"

namespace espalier::job {

// A search looks at all its trials each time that it is asked what comes next.
inline constexpr std::uint64_t kMostAdaptiveTrials = std::min<std::uint64_t>(100'000, kMostTrials);
inline constexpr std::int64_t kSmallestPopulation = 8;

struct SearchSettings {
  std::optional<Sampling> sampling;  // unset for a grid
  std::optional<Search> search;      // unset for a grid and for random
  std::int64_t min_epochs = 1;       // halving: of the first rung
};

SearchSettings read_search(const Node& root, const std::vector<Objective>& objectives,
                           Diagnostics& diagnostics);

}  // namespace espalier::job
