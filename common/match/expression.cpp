#include "common/match/expression.hpp"

#include <algorithm>

#include "common/match/failure.hpp"

namespace espalier::match {
namespace {

// Recursion here is as deep as the parentheses of the text, which the parser bounds.
Truth truth_of(const Node& node, const json::object& facts) {
  if (const auto* term = std::get_if<Term>(&node.of)) return term->evaluate(facts);
  const auto& joined = std::get<Joined>(node.of);
  const auto decisive = joined.join == Join::all ? Truth::no : Truth::yes;
  auto truth = joined.join == Join::all ? Truth::yes : Truth::no;
  for (const auto& part : joined.parts) {
    const auto one = truth_of(part, facts);
    if (one == decisive) return decisive;
    if (one == Truth::unknown) truth = Truth::unknown;
  }
  return truth;
}

void collect_failures(const Node& node, const json::object& facts, std::size_t either, std::size_t& ors,
                      std::vector<FailedTerm>& out) {
  if (truth_of(node, facts) == Truth::yes) return;
  if (const auto* term = std::get_if<Term>(&node.of)) {
    out.push_back(failure_of(*term, facts));
    out.back().either = either;
    return;
  }
  const auto& joined = std::get<Joined>(node.of);
  if (joined.join == Join::any && either == 0) either = ++ors;
  for (const auto& part : joined.parts) collect_failures(part, facts, either, ors, out);
}

bool changes(const Operand& operand) {
  const auto* name = std::get_if<FactName>(&operand);
  return name != nullptr && name->fact->changes;
}

bool reads_changing(const Node& node) {
  if (const auto* term = std::get_if<Term>(&node.of)) return changes(term->left) || changes(term->right);
  const auto& parts = std::get<Joined>(node.of).parts;
  return std::any_of(parts.begin(), parts.end(), reads_changing);
}

}  // namespace

void Node::negate() {
  if (auto* term = std::get_if<Term>(&of)) return term->negate();
  auto& joined = std::get<Joined>(of);
  joined.join = joined.join == Join::all ? Join::any : Join::all;
  for (auto& part : joined.parts) part.negate();
}

Truth Expression::evaluate(const json::object& facts) const {
  return truth_of(root_, facts);
}

std::vector<FailedTerm> Expression::what_fails(const json::object& facts) const {
  std::vector<FailedTerm> failed;
  std::size_t ors = 0;
  collect_failures(root_, facts, 0, ors, failed);
  return failed;
}

bool Expression::reads_changing_facts() const {
  return reads_changing(root_);
}

}  // namespace espalier::match
