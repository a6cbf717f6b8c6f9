// What a runner wrote while it had one attempt. Blocking: for the disk's threads.
#pragma once

#include <cstdint>
#include <filesystem>

#include "common/base/result.hpp"

namespace espalier::agent {

inline constexpr std::int64_t kLongestLog = std::int64_t{4} << 20;  // the end of a longer log is kept

struct CopyTail {
  std::filesystem::path from;
  std::filesystem::path to;
  std::int64_t most = kLongestLog;
  Result<void> operator()() const;
};

}  // namespace espalier::agent
