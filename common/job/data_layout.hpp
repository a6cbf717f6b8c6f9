// Whether a folder could be what a job file's `data.format` says, from the names of its files alone.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "common/base/result.hpp"

namespace espalier::job {

// `written` is the folder as the job file has it. Errors (not_found) say which file or folder lacks.
Result<void> check_layout(std::string_view format, const std::filesystem::path& folder,
                          const std::string& written);

}  // namespace espalier::job
