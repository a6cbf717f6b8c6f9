// Files with secrets: only their owner may read them, from the first byte on.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "common/base/result.hpp"

namespace espalier {

// ErrorKind::not_found if there is none, usage if others than its owner may read or write it, or if it is
// larger than any key file.
Result<std::string> read_private_file(const std::filesystem::path& path);

// Makes it, readable and writable by its owner only (mode 0600). Never overwrites: ErrorKind::busy if it is
// there.
Result<void> write_private_file(const std::filesystem::path& path, std::string_view bytes);

// A folder that only its owner may enter (mode 0700), and those above it; one that is there already is left
// as it is.
Result<void> make_private_folder(const std::filesystem::path& path);

}  // namespace espalier
