#include "common/job/bound.hpp"

#include "common/base/quantity.hpp"

namespace espalier::job {

std::optional<Constraint> parse_bound(std::string_view text) {
  text = without_spaces_around(text);
  for (const std::string_view comparison : {">=", "<=", "==", ">", "<"}) {
    if (!text.starts_with(comparison)) continue;
    auto rest = without_spaces_around(text.substr(comparison.size()));
    const auto bound = take_number(rest);
    if (!bound || !rest.empty()) return std::nullopt;
    return Constraint{"", std::string(comparison), *bound};
  }
  return std::nullopt;
}

}  // namespace espalier::job
