#include "common/match/term.hpp"

#include <algorithm>
#include <optional>

#include "common/base/result.hpp"
#include "common/match/version.hpp"

namespace espalier::match {
namespace {

// What a worker reports isn't checked where it arrives: a value of another type is as good as none.
const json::value* reported(const Operand& operand, const json::object& facts) {
  const auto* name = std::get_if<FactName>(&operand);
  return name == nullptr ? nullptr : facts.if_contains(name->name);
}

std::optional<std::string_view> text_of(const Operand& operand, const json::object& facts) {
  if (const auto* text = std::get_if<std::string>(&operand)) return *text;
  const auto* value = reported(operand, facts);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return std::string_view(value->get_string());
}

std::optional<double> number_of(const Operand& operand, const json::object& facts) {
  if (const auto* number = std::get_if<double>(&operand)) return *number;
  const auto* value = reported(operand, facts);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  return value->to_number<double>();
}

std::optional<bool> boolean_of(const Operand& operand, const json::object& facts) {
  if (const auto* boolean = std::get_if<bool>(&operand)) return *boolean;
  const auto* value = reported(operand, facts);
  if (value == nullptr || !value->is_bool()) return std::nullopt;
  return value->get_bool();
}

std::optional<bool> is_in(std::string_view text, const Operand& list, const json::object& facts) {
  if (const auto* texts = std::get_if<std::vector<std::string>>(&list))
    return std::find(texts->begin(), texts->end(), text) != texts->end();
  const auto* value = reported(list, facts);
  if (value == nullptr || !value->is_array()) return std::nullopt;
  const auto& items = value->get_array();
  return std::any_of(items.begin(), items.end(), [&](const json::value& item) {
    return item.is_string() && std::string_view(item.get_string()) == text;
  });
}

bool holds(std::partial_ordering order, Comparison comparison) {
  switch (comparison) {
    case Comparison::equal:
      return order == 0;
    case Comparison::not_equal:
      return order != 0;
    case Comparison::less:
      return order < 0;
    case Comparison::at_most:
      return order <= 0;
    case Comparison::more:
      return order > 0;
    case Comparison::at_least:
      return order >= 0;
    case Comparison::in:
    case Comparison::not_in:
      break;
  }
  ESPALIER_ASSERT(!"membership has no order");
  return false;
}

template <class Value>
std::optional<bool> compared(const std::optional<Value>& left, Comparison comparison,
                             const std::optional<Value>& right) {
  if (!left || !right) return std::nullopt;
  return holds(*left <=> *right, comparison);
}

std::optional<bool> in_order(const std::optional<std::string_view>& left, Comparison comparison,
                             const std::optional<std::string_view>& right) {
  if (!left || !right) return std::nullopt;
  const auto order = compare_versions(*left, *right);
  if (!order) return std::nullopt;
  return holds(*order, comparison);
}

std::optional<bool> outcome(const Term& term, const json::object& facts) {
  switch (term.as) {
    case Compared::texts:
      return compared(text_of(term.left, facts), term.comparison, text_of(term.right, facts));
    case Compared::versions:
      return in_order(text_of(term.left, facts), term.comparison, text_of(term.right, facts));
    case Compared::numbers:
      return compared(number_of(term.left, facts), term.comparison, number_of(term.right, facts));
    case Compared::booleans:
      return compared(boolean_of(term.left, facts), term.comparison, boolean_of(term.right, facts));
    case Compared::membership: {
      const auto text = text_of(term.left, facts);
      const auto found = text ? is_in(*text, term.right, facts) : std::nullopt;
      if (!found) return std::nullopt;
      return *found == (term.comparison == Comparison::in);
    }
  }
  return std::nullopt;
}

}  // namespace

Comparison negated(Comparison comparison) {
  switch (comparison) {
    case Comparison::equal:
      return Comparison::not_equal;
    case Comparison::not_equal:
      return Comparison::equal;
    case Comparison::less:
      return Comparison::at_least;
    case Comparison::at_most:
      return Comparison::more;
    case Comparison::more:
      return Comparison::at_most;
    case Comparison::at_least:
      return Comparison::less;
    case Comparison::in:
      return Comparison::not_in;
    case Comparison::not_in:
      return Comparison::in;
  }
  return comparison;
}

Comparison mirrored(Comparison comparison) {
  switch (comparison) {
    case Comparison::less:
      return Comparison::more;
    case Comparison::at_most:
      return Comparison::at_least;
    case Comparison::more:
      return Comparison::less;
    case Comparison::at_least:
      return Comparison::at_most;
    case Comparison::equal:
    case Comparison::not_equal:
    case Comparison::in:
    case Comparison::not_in:
      break;
  }
  return comparison;
}

void Term::negate() {
  comparison = negated(comparison);
  is_negated = !is_negated;
}

std::string Term::shown() const {
  if (!is_negated) return text;
  return is_bare ? "!" + text : "!(" + text + ")";
}

Truth Term::evaluate(const json::object& facts) const {
  const auto holds_for_worker = outcome(*this, facts);
  if (!holds_for_worker) return Truth::unknown;
  return *holds_for_worker ? Truth::yes : Truth::no;
}

}  // namespace espalier::match
