#include "worker/agent/room.hpp"

#include <cstdint>

namespace espalier::agent {

bool disk_is_full(const std::filesystem::path& folder) {
  constexpr std::uintmax_t kLeastRoom = std::uintmax_t{1} << 20;
  std::error_code unknown;
  const auto room = std::filesystem::space(folder, unknown);
  return !unknown && room.available < kLeastRoom;
}

}  // namespace espalier::agent
