#include "common/net/curve_keys.hpp"

#include <zmq.h>

#include <array>

#include "common/base/result.hpp"

namespace espalier::net {
namespace {

constexpr std::size_t kCharacters = 40;
using Written = std::array<char, kCharacters + 1>;

}  // namespace

KeyPair new_key_pair() {
  Written public_key{};
  Written secret_key{};
  ESPALIER_ASSERT(zmq_curve_keypair(public_key.data(), secret_key.data()) == 0);
  return {public_key.data(), secret_key.data()};
}

bool is_key(std::string_view text) {
  std::array<std::uint8_t, 32> bytes{};
  return text.size() == kCharacters && text.find('\0') == std::string_view::npos &&
         zmq_z85_decode(bytes.data(), std::string(text).c_str()) != nullptr;
}

std::string written(std::string_view bytes) {
  Written text{};
  if (bytes.size() != 32 ||
      zmq_z85_encode(text.data(), reinterpret_cast<const std::uint8_t*>(bytes.data()), 32) == nullptr)
    return {};
  return text.data();
}

bool belong_together(const KeyPair& pair) {
  Written derived{};
  return is_key(pair.public_key) && is_key(pair.secret_key) &&
         zmq_curve_public(derived.data(), pair.secret_key.c_str()) == 0 && pair.public_key == derived.data();
}

}  // namespace espalier::net
