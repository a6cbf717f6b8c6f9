// Files that a task leaves in its folder.
#pragma once

#include <filesystem>
#include <string_view>

namespace espalier::runner {

// What can't be written is no fault of the task's: throws std::runtime_error, as whatever may go well another
// time. (The agent waits until a full disk has room.)
void write_output(const std::filesystem::path& path, std::string_view bytes);

}  // namespace espalier::runner
