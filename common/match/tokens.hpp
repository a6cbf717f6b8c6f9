// The words of an expression.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/match/problem.hpp"

namespace espalier::match {

enum class TokenKind {
  name,    // of a fact
  text,    // in quotes
  number,  // with or without a unit
  yes,     // true
  no,      // false
  open,
  close,
  open_list,
  close_list,
  comma,
  equal,
  not_equal,
  less,
  at_most,
  more,
  at_least,
  in,
  both,      // &&
  either,    // ||
  negation,  // !
  wrong,     // reported already; stands for a value
  end,
};

// What a number counts: its unit decides with which facts it may be compared.
enum class Quantity { plain, size, duration };

struct Token {
  TokenKind kind = TokenKind::end;
  std::size_t offset = 0;
  std::size_t length = 0;
  std::string_view text;  // a name, or a text without its quotes; of the source
  double number = 0;      // bytes, seconds
  Quantity quantity{};
};

// The last one is `end`, and no other.
std::vector<Token> tokens_of(std::string_view source, Problems& problems);

}  // namespace espalier::match
