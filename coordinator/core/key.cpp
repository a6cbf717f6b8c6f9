#include "coordinator/core/key.hpp"

namespace espalier::core {

namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

std::uint8_t digit(char c) {
  const auto value = kDigits.find(c);
  ESPALIER_ASSERT(value != std::string_view::npos);
  return static_cast<std::uint8_t>(value);
}

}  // namespace

BinaryKey to_binary(const TaskKey& key) {
  BinaryKey binary;
  ESPALIER_ASSERT(key.value.size() == binary.bytes.size() * 2);
  for (std::size_t i = 0; i < binary.bytes.size(); ++i) {
    binary.bytes[i] = static_cast<std::uint8_t>(digit(key.value[2 * i]) << 4 | digit(key.value[2 * i + 1]));
  }
  return binary;
}

TaskKey to_text(const BinaryKey& key) {
  TaskKey text;
  text.value.reserve(key.bytes.size() * 2);
  for (const std::uint8_t byte : key.bytes) {
    text.value.push_back(kDigits[byte >> 4]);
    text.value.push_back(kDigits[byte & 15]);
  }
  return text;
}

}  // namespace espalier::core
