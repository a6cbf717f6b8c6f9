// Whether a disk has room.
#pragma once

#include <filesystem>

namespace espalier::agent {

// Less than a megabyte is left where the folder lies.
bool disk_is_full(const std::filesystem::path& folder);

}  // namespace espalier::agent
