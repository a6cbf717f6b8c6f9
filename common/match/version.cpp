#include "common/match/version.hpp"

#include <algorithm>

namespace espalier::match {
namespace {

// The next number of `text`, without leading zeros, and the dot after it are removed; empty, which is 0, if
// there is none.
std::string_view take_part(std::string_view& text) {
  const auto length = std::min(text.find_first_not_of("0123456789"), text.size());
  auto part = text.substr(0, length);
  text.remove_prefix(length);
  const bool goes_on = text.starts_with('.') && is_version(text.substr(1));
  text = goes_on ? text.substr(1) : std::string_view();
  part.remove_prefix(std::min(part.find_first_not_of('0'), part.size()));
  return part;
}

}  // namespace

bool is_version(std::string_view text) {
  return !text.empty() && text.front() >= '0' && text.front() <= '9';
}

std::optional<std::weak_ordering> compare_versions(std::string_view a, std::string_view b) {
  if (!is_version(a) || !is_version(b)) return std::nullopt;
  while (!a.empty() || !b.empty()) {
    const auto first = take_part(a);
    const auto second = take_part(b);
    // More digits make the larger number, however many there are.
    if (first.size() != second.size()) return first.size() <=> second.size();
    if (first != second) return first < second ? std::weak_ordering::less : std::weak_ordering::greater;
  }
  return std::weak_ordering::equivalent;
}

}  // namespace espalier::match
