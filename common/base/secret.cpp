#include "common/base/secret.hpp"

#include <sys/random.h>

#include <array>

#include "common/base/result.hpp"

namespace espalier {

std::string random_secret() {
  std::array<unsigned char, 32> bytes{};
  ESPALIER_ASSERT(::getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const auto byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace espalier
