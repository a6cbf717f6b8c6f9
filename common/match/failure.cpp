#include "common/match/failure.hpp"

#include <algorithm>

#include "common/base/quantity.hpp"
#include "common/base/result.hpp"
#include "common/base/words.hpp"

namespace espalier::match {
namespace {

std::string in_quotes(std::string_view text) {
  std::string result(1, '"');
  result.append(text);
  result.push_back('"');
  return result;
}

template <class Texts>
std::string list_in_words(const Texts& texts) {
  constexpr std::size_t kShown = 8;
  std::string words;
  std::size_t count = 0;
  for (const auto& text : texts) {
    if (++count > kShown) continue;
    if (!words.empty()) words += ", ";
    words += in_quotes(text);
  }
  if (count > kShown) words += ", … (" + std::to_string(count) + " in all)";
  return words.empty() ? "an empty list" : words;
}

std::string number_in_words(double number, const Fact& fact, bool exact) {
  if (!fact.is_size()) return as_written(number) + (fact.unit.empty() ? "" : " " + std::string(fact.unit));
  return exact ? as_written(number) + " B" : size_in_words(number);
}

std::string value_in_words(const json::value& value, const Fact& fact, bool exact) {
  if (value.is_string()) return in_quotes(value.get_string());
  if (value.is_bool()) return value.get_bool() ? "true" : "false";
  if (value.is_number()) return number_in_words(value.to_number<double>(), fact, exact);
  if (const auto* items = value.if_array()) {
    std::vector<std::string_view> texts;
    for (const auto& item : *items) {
      if (item.is_string()) texts.emplace_back(item.get_string());
    }
    return list_in_words(texts);
  }
  return json::serialize(value);
}

bool has_type(const json::value& value, FactType type) {
  switch (type) {
    case FactType::text:
    case FactType::version:
      return value.is_string();
    case FactType::number:
      return value.is_number();
    case FactType::boolean:
      return value.is_bool();
    case FactType::texts:
      return value.is_array();
  }
  return false;
}

std::string reported_in_words(const FactName& name, const json::object& facts, bool exact) {
  const auto* value = facts.if_contains(name.name);
  if (value == nullptr || value->is_null()) return "nothing to tell of its " + in_ticks(name.name);
  if (!has_type(*value, name.fact->type))
    return "it tells " + in_ticks(json::serialize(*value)) + ", which is no " +
           std::string(to_string(name.fact->type));
  return value_in_words(*value, *name.fact, exact);
}

// A size that only rounding makes equal to the bound would read like a mistake: "has 4 GiB, wants at least 4
// GiB".
bool needs_exact_sizes(const Term& term, const FactName& name, const json::object& facts) {
  const auto* bound = std::get_if<double>(&term.right);
  const auto* value = facts.if_contains(name.name);
  if (bound == nullptr || !name.fact->is_size() || value == nullptr || !value->is_number()) return false;
  const auto number = value->to_number<double>();
  return number != *bound && size_in_words(number) == size_in_words(*bound);
}

std::string_view in_words(Comparison comparison) {
  switch (comparison) {
    case Comparison::equal:
      return "";
    case Comparison::not_equal:
      return "anything but ";
    case Comparison::less:
      return "less than ";
    case Comparison::at_most:
      return "at most ";
    case Comparison::more:
      return "more than ";
    case Comparison::at_least:
      return "at least ";
    case Comparison::in:
      return "one of ";
    case Comparison::not_in:
      return "none of ";
  }
  return "";
}

struct BoundInWords {
  const Fact& fact;  // that the bound is for
  const json::object& facts;
  bool exact;

  std::string operator()(const FactName& name) const {
    const auto value = facts.if_contains(name.name) == nullptr ? "" : reported_in_words(name, facts, exact);
    return value.empty() ? "its " + in_ticks(name.name) : "its " + in_ticks(name.name) + ", " + value;
  }
  std::string operator()(const std::string& text) const { return in_quotes(text); }
  std::string operator()(double number) const { return number_in_words(number, fact, exact); }
  std::string operator()(bool boolean) const { return boolean ? "true" : "false"; }
  std::string operator()(const std::vector<std::string>& texts) const { return list_in_words(texts); }
};

}  // namespace

FailedTerm failure_of(const Term& term, const json::object& facts) {
  const auto* left = std::get_if<FactName>(&term.left);
  const auto* right = std::get_if<FactName>(&term.right);
  if (left == nullptr && right == nullptr) return {term.shown(), "no worker meets it", "another condition"};
  if (left == nullptr) {  // `"avx2" in isa`
    const auto wanted = in_quotes(std::get<std::string>(term.left));
    return {term.shown(), reported_in_words(*right, facts, false),
            (term.comparison == Comparison::in ? "a list with " : "a list without ") + wanted};
  }
  if (const auto* boolean = std::get_if<bool>(&term.right)) {
    const bool wanted = *boolean == (term.comparison == Comparison::equal);
    return {term.shown(), reported_in_words(*left, facts, false), wanted ? "true" : "false"};
  }
  const bool exact = needs_exact_sizes(term, *left, facts);
  return {term.shown(), reported_in_words(*left, facts, exact),
          std::string(in_words(term.comparison)) +
              std::visit(BoundInWords{*left->fact, facts, exact}, term.right)};
}

}  // namespace espalier::match
