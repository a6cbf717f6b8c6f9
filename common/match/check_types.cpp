#include "common/match/check_types.hpp"

#include <utility>

#include "common/base/words.hpp"
#include "common/match/version.hpp"

namespace espalier::match {
namespace {

const FactName* fact_of(const Side& side) {
  return std::get_if<FactName>(&*side.value);
}

struct TypeOf {
  FactType operator()(const FactName& name) const { return name.fact->type; }
  FactType operator()(const std::string& text) const {
    return is_version(text) ? FactType::version : FactType::text;
  }
  FactType operator()(double) const { return FactType::number; }
  FactType operator()(bool) const { return FactType::boolean; }
  FactType operator()(const std::vector<std::string>&) const { return FactType::texts; }
};

FactType type_of(const Side& side) {
  return std::visit(TypeOf{}, *side.value);
}
bool is_text(const Side& side) {
  return type_of(side) == FactType::text || type_of(side) == FactType::version;
}
bool is(const Side& side, FactType type) {
  return type_of(side) == type;
}

std::string type_in_words(const Side& side) {
  const auto* name = fact_of(side);
  switch (type_of(side)) {
    case FactType::text:
      return "a text";
    case FactType::version:
      return name != nullptr && name->fact->name == "labels.NAME" ? "a label, which is a text" : "a text";
    case FactType::number:
      if (name != nullptr && name->fact->is_size()) return "a size in bytes";
      if (name != nullptr && !name->fact->unit.empty()) return "a number of " + std::string(name->fact->unit);
      if (side.quantity == Quantity::size) return "a size in bytes";
      return side.quantity == Quantity::duration ? "a time" : "a number";
    case FactType::boolean:
      return "true or false";
    case FactType::texts:
      return "a list of texts";
  }
  return "";
}

std::string side_in_words(const Side& side) {
  return in_ticks(side.text) + " is " + type_in_words(side);
}

// Both numbers count the same: a number without a unit counts what the fact does.
bool count_the_same(const Side& a, const Side& b) {
  const auto* fact_a = fact_of(a);
  const auto* fact_b = fact_of(b);
  if (fact_a != nullptr && fact_b != nullptr) return fact_a->fact->unit == fact_b->fact->unit;
  const auto& fact = fact_a != nullptr ? *fact_a->fact : *fact_b->fact;
  const auto quantity = fact_a != nullptr ? b.quantity : a.quantity;
  return quantity == Quantity::plain || (quantity == Quantity::size && fact.is_size());
}

std::string help_for_list(const Side& left, const Side& right) {
  const auto& list = is(left, FactType::texts) ? left : right;
  const auto& other = is(left, FactType::texts) ? right : left;
  if (!is_text(other)) return "a list is asked with `in`: \"…\" in " + std::string(list.text);
  return "write " + std::string(other.text) + " in " + std::string(list.text);
}

std::string help_for_mismatch(const Side& left, const Side& right) {
  if (is(left, FactType::texts) || is(right, FactType::texts)) return help_for_list(left, right);
  const auto& fact = fact_of(left) != nullptr ? left : right;
  const auto& other = fact_of(left) != nullptr ? right : left;
  if (fact_of(other) != nullptr) return {};
  if (is_text(fact) && is(other, FactType::number))
    return "write it in quotes: \"" + std::string(other.text) + "\"";
  if (is(fact, FactType::number) && is_version(other.text.substr(1)))
    return "write the number without quotes";
  return {};
}

// Why an ordered comparison isn't one, if both sides are texts.
std::optional<std::string> has_no_order(const Side& side) {
  if (is(side, FactType::version)) return std::nullopt;
  return in_ticks(side.text) + " has no order: only numbers have, and versions, which begin with one";
}

class Checker {
 public:
  Checker(Comparison comparison, std::size_t offset, std::size_t length, Problems& problems)
      : comparison_(comparison), offset_(offset), length_(length), problems_(problems) {}

  std::optional<Compared> check(const Side& left, const Side& right) {
    if (fact_of(left) == nullptr && fact_of(right) == nullptr) {
      return wrong("both sides are written out: no worker is asked for anything",
                   "name a fact: arch == \"x86_64\"");
    }
    if (comparison_ == Comparison::in) return check_membership(left, right);
    if (is_text(left) && is_text(right)) return check_texts(left, right);
    const auto both = [&](FactType type) { return is(left, type) && is(right, type); };
    if (both(FactType::boolean)) return check_equality(left, right);
    if (!both(FactType::number)) {
      if (both(FactType::texts))
        return wrong("lists can't be compared with each other", help_for_list(left, right));
      return wrong(side_in_words(left) + ", but " + side_in_words(right), help_for_mismatch(left, right));
    }
    if (count_the_same(left, right)) return Compared::numbers;
    return wrong(
        side_in_words(left) + ", but " + side_in_words(right),
        fact_of(left) != nullptr && fact_of(right) != nullptr ? "" : "write the number without a unit");
  }

 private:
  std::optional<Compared> check_membership(const Side& left, const Side& right) {
    if (is(left, FactType::texts) && is_text(right)) {
      return wrong("`in` looks for a text in a list, not for a list in a text",
                   "write " + std::string(right.text) + " in " + std::string(left.text));
    }
    if (!is_text(left)) return wrong("`in` looks for a text, but " + side_in_words(left), {});
    if (is(right, FactType::texts)) return Compared::membership;
    return wrong("`in` looks in a list, but " + side_in_words(right),
                 is_text(right)
                     ? "compare texts with `==`, or write a list: " + std::string(left.text) + " in [\"…\"]"
                     : "");
  }
  std::optional<Compared> check_texts(const Side& left, const Side& right) {
    if (is_equality()) return Compared::texts;
    for (const auto* side : {&left, &right}) {
      if (const auto why = has_no_order(*side)) return wrong(*why, "compare with `==` or `!=`");
    }
    return Compared::versions;
  }
  std::optional<Compared> check_equality(const Side& left, const Side& right) {
    if (is_equality()) return Compared::booleans;
    return wrong(side_in_words(fact_of(left) != nullptr ? left : right) + ", which has no order",
                 "compare with `==` or `!=`");
  }
  [[nodiscard]] bool is_equality() const {
    return comparison_ == Comparison::equal || comparison_ == Comparison::not_equal;
  }
  std::optional<Compared> wrong(std::string message, std::string help) {
    problems_.add(ProblemKind::wrong_type, offset_, length_, std::move(message), std::move(help));
    return std::nullopt;
  }

  Comparison comparison_;
  std::size_t offset_;
  std::size_t length_;
  Problems& problems_;
};

}  // namespace

std::optional<Term> term_of(Side left, Comparison comparison, Side right, std::string_view text,
                            Problems& problems) {
  if (!left.value || !right.value) return std::nullopt;
  const auto as = Checker(comparison, left.offset, text.size(), problems).check(left, right);
  if (!as) return std::nullopt;
  if (*as != Compared::membership && fact_of(left) == nullptr) {
    std::swap(left, right);
    comparison = mirrored(comparison);
  }
  return Term{
      std::move(*left.value), comparison, std::move(*right.value), *as, std::string(text), false, false};
}

std::optional<Term> bare_term_of(Side side, Problems& problems) {
  if (!side.value) return std::nullopt;
  if (is(side, FactType::boolean))
    return Term{std::move(*side.value),
                Comparison::equal,
                true,
                Compared::booleans,
                std::string(side.text),
                true,
                false};
  problems.add(
      ProblemKind::wrong_type, side.offset, side.text.size(),
      side_in_words(side) + ": alone it is no condition",
      fact_of(side) == nullptr
          ? "compare a fact with it"
          : (is(side, FactType::texts) ? "ask whether it holds a text: \"…\" in " + std::string(side.text)
                                       : "compare it with a value: " + std::string(side.text) + " == …"));
  return std::nullopt;
}

}  // namespace espalier::match
