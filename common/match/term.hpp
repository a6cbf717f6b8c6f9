// The leaf of an expression: one comparison of a fact with a value, or with another fact.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "common/base/json.hpp"
#include "common/match/facts.hpp"

namespace espalier::match {

// Whether an expression holds for a worker. A fact that the worker doesn't tell leaves it unknown, whatever
// the comparison, and `!` of unknown is unknown: what nobody knows matches neither a condition nor its
// opposite.
enum class Truth { no, unknown, yes };

enum class Comparison { equal, not_equal, less, at_most, more, at_least, in, not_in };
Comparison negated(Comparison comparison);   // `<` to `>=`
Comparison mirrored(Comparison comparison);  // `<` to `>`: with its sides exchanged

// A fact as it is asked for: the row of the table, and its name among the worker's facts ("labels.room").
struct FactName {
  const Fact* fact = nullptr;
  std::string name;
};

using Operand = std::variant<FactName, std::string, double, bool, std::vector<std::string>>;

// As what both sides are compared.
enum class Compared { texts, versions, numbers, booleans, membership };

struct Term {
  Operand left;  // a fact, unless both sides are a boolean written out, or the right side is a list
  Comparison comparison{};
  Operand right;
  Compared as{};
  std::string text;         // as it is written, without a `!` before it
  bool is_bare = false;     // `throttled`, short for `throttled == true`
  bool is_negated = false;  // by the `!` around it; `comparison` is so already

  void negate();
  [[nodiscard]] std::string shown() const;  // `text` with its `!`
  [[nodiscard]] Truth evaluate(const json::object& facts) const;
};

}  // namespace espalier::match
