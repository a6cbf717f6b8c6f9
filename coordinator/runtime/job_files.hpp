// Which files of this machine a job file may name: whoever hands in a job has them read by us, with our
// rights.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "common/job/plan.hpp"

namespace espalier::runtime {

// Unset: any that we can read. Else those that lie in one of these folders, wherever links lead to.
using JobFolders = std::optional<std::vector<std::filesystem::path>>;

// The same surroundings, but for what lies elsewhere. The catalogue's data sets may always be named.
job::Surroundings within(const JobFolders& folders, job::Surroundings surroundings);

}  // namespace espalier::runtime
