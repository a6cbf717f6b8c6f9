// What a process that executes somebody's model may do. Told to it as one argument, in JSON.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"

namespace espalier::confinement {

struct Fence {
  std::filesystem::path folder;                 // its own: it may read and write below
  std::vector<std::filesystem::path> readable;  // files and folders besides the system's libraries
  std::int64_t file_bytes = 0;    // the largest file that it may write; 0: no limit of ours, here and below
  std::int64_t memory_bytes = 0;  // writable memory that it may map from then on
};

std::string to_text(const Fence& fence);
Result<Fence> fence_from(std::string_view text);  // usage: it can't be read as one

}  // namespace espalier::confinement
