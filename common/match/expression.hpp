// A condition on a worker's facts, compiled: names are resolved and types are checked, so that evaluating it
// looks up the facts that it names and compares, and can't fail.
//
//   expression  either
//   either      both { "||" both }
//   both        single { "&&" single }
//   single      "!" single | "(" either ")" | value [ comparison value ]
//   comparison  "==" | "!=" | "<" | "<=" | ">" | ">=" | "in"
//   value       NAME | TEXT | NUMBER [ UNIT ] | "true" | "false" | "[" [ TEXT { "," TEXT } ] "]"
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/match/problem.hpp"
#include "common/match/term.hpp"

namespace espalier::match {

// A term that doesn't hold for a worker, and what would have to change.
struct FailedTerm {
  std::string term;   // "memory >= 4GiB"
  std::string has;    // "2 GiB", or that the worker doesn't tell
  std::string wants;  // "at least 4 GiB"
  // Terms with the same number above 0 stand in one `||` of which no side holds: one of its sides would do.
  // 0: it has to change in any case.
  std::size_t either = 0;
};

struct Node;
enum class Join { all, any };
struct Joined {
  Join join{};
  std::vector<Node> parts;
};
// Negations are pushed down into the terms: De Morgan's laws hold with three truth values too.
struct Node {
  std::variant<Term, Joined> of;
  void negate();
};

class Expression {
 public:
  Expression(std::string text, Node root) : text_(std::move(text)), root_(std::move(root)) {}

  [[nodiscard]] Truth evaluate(const json::object& facts) const;
  [[nodiscard]] bool holds(const json::object& facts) const { return evaluate(facts) == Truth::yes; }
  // The terms that don't hold and that its truth hangs on, in the order of the text. Empty exactly if it
  // holds; if all of them held, it would hold.
  [[nodiscard]] std::vector<FailedTerm> what_fails(const json::object& facts) const;
  // Whether its truth can change while a worker lives.
  [[nodiscard]] bool reads_changing_facts() const;
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
  Node root_;
};

constexpr std::size_t kLongestExpression = 4096;  // bytes
constexpr int kDeepestExpression = 64;            // parentheses and `!` in each other

struct Parsed {
  std::optional<Expression> expression;  // unset if there are problems
  std::vector<Problem> problems;         // all of them, in the order of the text
};
Parsed parse(std::string_view text);

}  // namespace espalier::match
