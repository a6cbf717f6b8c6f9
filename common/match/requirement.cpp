#include "common/match/requirement.hpp"

#include <algorithm>
#include <iterator>

namespace espalier::match {
namespace {

// If none of `any_of` holds. The numbers up to `taken` mean other `||`.
std::vector<FailedTerm> preferences_that_fail(const std::vector<Expression>& any_of,
                                              const json::object& facts, std::size_t taken) {
  std::vector<FailedTerm> failed;
  for (const auto& expression : any_of) {
    auto terms = expression.what_fails(facts);
    if (terms.empty()) return {};
    failed.insert(failed.end(), std::make_move_iterator(terms.begin()), std::make_move_iterator(terms.end()));
  }
  for (auto& term : failed) {
    if (any_of.size() > 1) {
      term.either = taken + 1;
    } else if (term.either > 0) {
      term.either += taken;
    }
  }
  return failed;
}

}  // namespace

std::optional<std::size_t> Requirement::rank(const json::object& facts) const {
  if (require && !require->holds(facts)) return std::nullopt;
  if (any_of.empty()) return 0;
  const auto found =
      std::find_if(any_of.begin(), any_of.end(), [&](const Expression& one) { return one.holds(facts); });
  if (found == any_of.end()) return std::nullopt;
  return static_cast<std::size_t>(found - any_of.begin());
}

std::vector<FailedTerm> Requirement::what_fails(const json::object& facts) const {
  auto failed = require ? require->what_fails(facts) : std::vector<FailedTerm>();
  std::size_t taken = 0;
  for (const auto& term : failed) taken = std::max(taken, term.either);
  auto more = preferences_that_fail(any_of, facts, taken);
  failed.insert(failed.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  return failed;
}

bool Requirement::reads_changing_facts() const {
  return (require && require->reads_changing_facts()) ||
         std::any_of(any_of.begin(), any_of.end(),
                     [](const Expression& one) { return one.reads_changing_facts(); });
}

Result<Requirement> requirement_of(std::string_view require, const std::vector<std::string>& any_of) {
  Requirement result;
  std::string wrong;
  const auto compiled = [&](std::string_view text) {
    auto parsed = parse(text);
    if (!parsed.expression) wrong += (wrong.empty() ? "" : "\n") + render(parsed.problems, text);
    return std::move(parsed.expression);
  };
  if (!is_blank(require)) result.require = compiled(require);
  for (const auto& text : any_of) {
    if (auto expression = compiled(text)) result.any_of.push_back(std::move(*expression));
  }
  if (!wrong.empty()) return Error{ErrorKind::usage, std::move(wrong), "docs/job-file.md lists the facts"};
  return result;
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

}  // namespace espalier::match
