// Secrets: made by the kernel's chance, read from files that others can't read. None is ever logged.
#pragma once

#include <filesystem>
#include <string>

#include "common/base/result.hpp"

namespace espalier {

std::string random_secret();  // 32 random bytes as 64 hex digits

// `not_found` if there is no such file; `usage` if others than its owner and its group may read it, or others than its
// owner may change it.
Result<std::string> read_secret_file(const std::filesystem::path& path);

}  // namespace espalier
