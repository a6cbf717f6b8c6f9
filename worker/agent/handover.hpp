// How a file that a runner says it made becomes the worker's. Whoever says so executes somebody's model, and
// the worker may read far more than it may.
#pragma once

#include <filesystem>

#include "common/base/result.hpp"

namespace espalier::agent {

// Moves it from below `from` into the folder `to`, where it can't be changed any more, and returns its new
// path. Only a plain file counts that has no other name and that nobody has open for writing. Blocks briefly.
Result<std::filesystem::path> hand_over(const std::filesystem::path& claimed,
                                        const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace espalier::agent
