// The safetensors format: eight bytes with the length of a JSON header (little-endian), the header, the data.
#pragma once

#include <filesystem>

#include "worker/runner/models/state_dict.hpp"

namespace espalier::runner {

// Whether a file that begins with these bytes could be one.
bool looks_like_safetensors(std::string_view first_bytes);

// Every tensor, in its own type; entries' places are checked against the file's size before anything is read.
// Throws ErrorException that names the file and the entry that is wrong.
StateDict read_safetensors(const std::filesystem::path& path);

}  // namespace espalier::runner
