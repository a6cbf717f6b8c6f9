#include "coordinator/api/byte_range.hpp"

#include <algorithm>
#include <charconv>

namespace espalier::api {
namespace {

std::optional<std::int64_t> parse_number(std::string_view digits) {
  std::int64_t number = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (failure != std::errc{} || end != digits.data() + digits.size() || number < 0) return std::nullopt;
  return number;
}

}  // namespace

RangeAnswer choose_range(std::string_view header, std::int64_t size) {
  constexpr std::string_view kUnit = "bytes=";
  if (!header.starts_with(kUnit) || header.find(',') != header.npos) return {};
  header.remove_prefix(kUnit.size());
  const auto dash = header.find('-');
  if (dash == header.npos) return {};
  const auto first = parse_number(header.substr(0, dash));
  const auto last = parse_number(header.substr(dash + 1));
  if (dash == 0) {  // the last so many bytes
    if (!last) return {};
    const auto length = std::min(*last, size);
    if (length == 0) return {.satisfiable = false, .range = {}};
    return {.satisfiable = true, .range = ByteRange{size - length, length}};
  }
  const bool open_end = dash + 1 == header.size();
  if (!first || (!open_end && !last) || (last && *last < *first)) return {};
  if (*first >= size) return {.satisfiable = false, .range = {}};
  const auto end = open_end ? size - 1 : std::min(*last, size - 1);
  return {.satisfiable = true, .range = ByteRange{*first, end - *first + 1}};
}

}  // namespace espalier::api
