// What a coordinator hears.
#include "common/wire/codec.hpp"
#include "tests/fuzz/wire.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace espalier;
  return fuzz::check_wire(data, size, wire::decode_to_coordinator, wire::decode_all_to_coordinator,
                          [](const auto& messages) { return wire::encode_all(messages); });
}
