// What a group's adaptive search searches in.
#pragma once

#include <cstdint>
#include <vector>

#include "common/job/expand.hpp"

namespace espalier::job {

// `epochs` of the group's training, as written or by default.
std::int64_t epochs_of(const Node& group_settings);

// Epochs after which halving decides: min_epochs, each further one `reduction` times the one before, and last
// all of them.
std::vector<std::int64_t> rung_epochs(std::int64_t min_epochs, std::int64_t reduction, std::int64_t epochs);

// Of a group that sweeps. Its drawn points get the numbers that stand for their values: see SearchAxis.
SearchSpace take_space(const Search& search, std::int64_t min_epochs, Group& group);

// Whether the group has such a point and rung; reported if it doesn't.
bool is_in_space(const Group& group, const Proposal& proposal, Diagnostics& diagnostics);

}  // namespace espalier::job
