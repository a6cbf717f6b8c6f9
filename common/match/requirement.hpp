// Which workers a task may go to, and which of them are preferred: `[target]` of a job file, compiled.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/match/expression.hpp"

namespace espalier::match {

struct Requirement {
  std::optional<Expression> require;  // unset: every worker meets it
  std::vector<Expression> any_of;     // in order of preference; empty: every worker meets it

  // The place of the first of `any_of` that holds, 0 if that is empty: less is preferred. Unset if the worker
  // doesn't match.
  [[nodiscard]] std::optional<std::size_t> rank(const json::object& facts) const;
  [[nodiscard]] bool matches(const json::object& facts) const { return rank(facts).has_value(); }
  // As an expression's: empty exactly if the worker matches. The terms of `any_of` stand in one `||`.
  [[nodiscard]] std::vector<FailedTerm> what_fails(const json::object& facts) const;
  [[nodiscard]] bool reads_changing_facts() const;
};

// Blank texts for `require` ask for nothing. The error holds every problem, rendered.
Result<Requirement> requirement_of(std::string_view require, const std::vector<std::string>& any_of);
bool is_blank(std::string_view text);

}  // namespace espalier::match
