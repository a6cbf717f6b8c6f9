// A task's key as 32 bytes: half the size of its text, and no allocation.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "common/base/ids.hpp"
#include "common/base/result.hpp"

namespace espalier::core {

struct BinaryKey {
  std::array<std::uint8_t, 32> bytes{};
  friend bool operator==(const BinaryKey&, const BinaryKey&) = default;
};

struct BinaryKeyHash {  // the key is a SHA-256: any of its bytes are hash enough
  using is_avalanching = void;
  std::size_t operator()(const BinaryKey& key) const {
    std::size_t value = 0;
    std::memcpy(&value, key.bytes.data(), sizeof value);
    return value;
  }
};

// The key's text must be 64 lower-case hex digits; the store holds no others.
BinaryKey to_binary(const TaskKey& key);
TaskKey to_text(const BinaryKey& key);

}  // namespace espalier::core
