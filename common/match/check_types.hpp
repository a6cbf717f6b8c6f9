// What may be compared with what.
#pragma once

#include <optional>
#include <string_view>

#include "common/match/term.hpp"
#include "common/match/tokens.hpp"

namespace espalier::match {

// A side of a comparison as it stands in the text. No value: it has been reported already.
struct Side {
  std::optional<Operand> value;
  std::string_view text;  // as written
  std::size_t offset = 0;
  Quantity quantity{};  // of a number
};

// The checkers report and return nothing if the types don't go together. `text` is the term as it is written.
std::optional<Term> term_of(Side left, Comparison comparison, Side right, std::string_view text,
                            Problems& problems);
std::optional<Term> bare_term_of(Side side, Problems& problems);  // `throttled`, `true`

}  // namespace espalier::match
