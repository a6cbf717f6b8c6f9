// Whole-file reading and durable writing.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "common/base/result.hpp"

namespace espalier {

Result<std::string> read_file(const std::filesystem::path& path);

// Written beside `path`, synced and renamed over it: a reader sees the old bytes or the new ones, also after
// a crash.
Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view bytes);

// The folder that holds this program's binary; resources lie relative to it (`../share/espalier`).
std::filesystem::path program_folder();

}  // namespace espalier
