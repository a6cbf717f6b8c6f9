// Which samples a cap keeps.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace espalier::runner {

// `count` positions of `labels` (all, if there are no more), ascending, every class in proportion to its
// share: no class is more than one sample off. A pure function of its arguments.
std::vector<std::int64_t> stratified_subset(std::span<const std::int64_t> labels, std::int64_t count,
                                            std::int64_t seed);

struct SplitPositions {
  std::vector<std::int64_t> train, validation;  // ascending, of all positions each once
};

// Some of the samples set apart for validation, for data that come without: `fraction` of them (0 to 1, both
// excluded), every class in proportion. Both parts have one at least, so `labels` has two.
SplitPositions split_off(std::span<const std::int64_t> labels, double fraction, std::int64_t seed);

}  // namespace espalier::runner
