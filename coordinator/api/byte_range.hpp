// The Range header, RFC 9110 section 14, for one range of bytes. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace espalier::api {

struct ByteRange {
  std::int64_t first = 0;
  std::int64_t length = 0;
};

struct RangeAnswer {
  bool satisfiable = true;         // false: 416
  std::optional<ByteRange> range;  // unset: the whole, as also for a header we don't understand
};

RangeAnswer choose_range(std::string_view header, std::int64_t size);

}  // namespace espalier::api
