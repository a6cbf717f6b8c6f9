// What must hold of any bytes that come over the wire: they decode or they don't, without a crash, and what
// decodes means the same when it is written and read again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace espalier::fuzz {

template <class DecodeOne, class DecodeAll, class EncodeAll>
int check_wire(const std::uint8_t* data, std::size_t size, DecodeOne decode_one, DecodeAll decode_all,
               EncodeAll encode_all) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto one = decode_one(bytes);
  const auto all = decode_all(bytes);
  if (one && (!all || all->size() != 1)) std::abort();
  if (!all) return 0;
  const std::string written = encode_all(*all);
  const auto again = decode_all(written);
  if (!again || again->size() != all->size() || encode_all(*again) != written) std::abort();
  return 0;
}

}  // namespace espalier::fuzz
