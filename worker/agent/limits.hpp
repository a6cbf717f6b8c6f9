// An attempt's limits; each check returns why it is over the limit, in words, or nothing.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "common/base/clock.hpp"

namespace espalier::agent {

std::optional<std::string> over_time(double limit_s, Duration ran);  // 0: no limit
std::optional<std::string> over_memory(std::int64_t limit_bytes, std::optional<std::int64_t> resident_bytes);

// When the kernel has held it to its limit (0: none of ours, so the machine's), or the runner saw it coming.
std::string beyond_memory(std::int64_t limit_bytes);

// Either of them, with what the runner said that its task needs, if it came to that, and what to do.
std::string with_need(std::string reason, std::optional<std::int64_t> needs_bytes);

// What lies on the disk of an attempt's: its folder, its log, and files that it has open and deleted.
struct DiskUse {
  std::int64_t bytes = 0;
  std::int64_t files = 0;
};
// Stops counting where that is more than anybody may have; blocks.
DiskUse disk_use(const std::filesystem::path& folder, const std::filesystem::path& log, pid_t process);
std::optional<std::string> over_disk(std::int64_t limit_bytes, const DiskUse& use);  // 0: no limit of bytes
std::int64_t most_threads();  // far more than a pool for each of the machine's processors
std::optional<std::string> over_threads(std::optional<std::int64_t> threads);

}  // namespace espalier::agent
