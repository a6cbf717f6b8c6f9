#include <algorithm>

#include "common/base/result.hpp"
#include "common/base/words.hpp"
#include "common/match/check_types.hpp"
#include "common/match/expression.hpp"

namespace espalier::match {
namespace {

std::optional<Comparison> comparison_of(TokenKind kind) {
  switch (kind) {
    case TokenKind::equal:
      return Comparison::equal;
    case TokenKind::not_equal:
      return Comparison::not_equal;
    case TokenKind::less:
      return Comparison::less;
    case TokenKind::at_most:
      return Comparison::at_most;
    case TokenKind::more:
      return Comparison::more;
    case TokenKind::at_least:
      return Comparison::at_least;
    case TokenKind::in:
      return Comparison::in;
    case TokenKind::name:
    case TokenKind::text:
    case TokenKind::number:
    case TokenKind::yes:
    case TokenKind::no:
    case TokenKind::open:
    case TokenKind::close:
    case TokenKind::open_list:
    case TokenKind::close_list:
    case TokenKind::comma:
    case TokenKind::both:
    case TokenKind::either:
    case TokenKind::negation:
    case TokenKind::wrong:
    case TokenKind::end:
      break;
  }
  return std::nullopt;
}

// Where the next term may begin.
bool ends_a_term(TokenKind kind) {
  return kind == TokenKind::both || kind == TokenKind::either || kind == TokenKind::close ||
         kind == TokenKind::end;
}

// By recursive descent. After a mistake it goes on with the next term, so that all mistakes are found; the
// tree is then of no use.
class Parser {
 public:
  Parser(std::string_view source, Problems& problems)
      : source_(source), problems_(problems), tokens_(tokens_of(source, problems)) {}

  Node whole() {
    auto node = either();
    while (!at(TokenKind::end)) {  // only a `)` too many ends it before
      syntax(now(), "nothing opens this `)`", "leave it out");
      ++place_;
      if (!ends_a_term(now().kind)) skip_term();
      if (at(TokenKind::both) || at(TokenKind::either)) {
        ++place_;
        either();
      }
    }
    return node;
  }

 private:
  Node either() {
    return joined(Join::any, TokenKind::either, [this] { return both(); });
  }
  Node both() {
    return joined(Join::all, TokenKind::both, [this] { return single(); });
  }

  template <class Part>
  Node joined(Join join, TokenKind between, Part part) {
    std::vector<Node> parts;
    parts.push_back(part());
    while (at(between)) {
      ++place_;
      parts.push_back(part());
    }
    if (parts.size() == 1) return std::move(parts.front());
    return {Joined{join, std::move(parts)}};
  }

  Node single() {
    if (depth_ >= kDeepestExpression) {
      syntax(now(), "this is nested more than " + std::to_string(kDeepestExpression) + " deep",
             "take out parentheses");
      place_ = tokens_.size() - 1;
      is_cut_off_ = true;
      return {};
    }
    ++depth_;
    auto node = negation_or_group();
    --depth_;
    return node;
  }

  Node negation_or_group() {
    if (at(TokenKind::negation)) {
      ++place_;
      auto node = single();
      node.negate();
      return node;
    }
    auto node = at(TokenKind::open) ? group() : term();
    if (!ends_a_term(now().kind)) {
      if (!at(TokenKind::wrong))
        syntax(now(), shown(now()) + " is too much here", "join conditions with `&&` or `||`");
      skip_term();
    }
    return node;
  }

  Node group() {
    const auto opening = now();
    ++place_;
    auto node = either();
    if (at(TokenKind::close)) {
      ++place_;
    } else if (at(TokenKind::end) && !is_cut_off_) {
      syntax(opening, "nothing closes this `(`", "add a `)`");
    }
    return node;
  }

  Node term() {
    auto left = side();
    const auto comparison = comparison_of(now().kind);
    if (!comparison) return node_of(bare_term_of(std::move(left), problems_));
    const auto begin = left.offset;
    ++place_;
    auto right = side();
    const auto text = source_.substr(begin, right.offset + right.text.size() - begin);
    return node_of(term_of(std::move(left), *comparison, std::move(right), text, problems_));
  }
  static Node node_of(std::optional<Term> term) { return term ? Node{std::move(*term)} : Node{}; }

  Side side() {
    const auto token = now();
    Side result{{}, source_.substr(token.offset, token.length), token.offset, token.quantity};
    if (ends_a_term(token.kind) || comparison_of(token.kind)) {
      syntax(token, missing_at(token), "write a fact, a text in quotes or a number");
      return result;
    }
    ++place_;
    if (token.kind == TokenKind::name) {
      result.value = fact_named(token);
    } else if (token.kind == TokenKind::text) {
      result.value = std::string(token.text);
    } else if (token.kind == TokenKind::number) {
      result.value = token.number;
    } else if (token.kind == TokenKind::yes || token.kind == TokenKind::no) {
      result.value = token.kind == TokenKind::yes;
    } else if (token.kind == TokenKind::open_list) {
      result.value = list();
      const auto& last = tokens_[place_ - 1];
      result.text = source_.substr(token.offset, last.offset + last.length - token.offset);
    } else if (token.kind != TokenKind::wrong) {
      syntax(token, shown(token) + " can't stand here", "write a fact, a text in quotes or a number");
    }
    return result;
  }

  std::string missing_at(const Token& token) const {
    if (tokens_.size() == 1) return "the expression is empty";
    if (token.kind != TokenKind::end) return "something is missing before " + shown(token);
    return "something is missing at the end";
  }

  std::optional<Operand> fact_named(const Token& token) {
    if (const auto* fact = find_fact(token.text)) return FactName{fact, std::string(token.text)};
    const bool is_compared =
        comparison_of(now().kind) || (place_ > 1 && comparison_of(tokens_[place_ - 2].kind));
    auto help = nearest_fact(token.text);
    // Most often a text that lacks its quotes: the list of all facts would be no help.
    if (is_compared && help.starts_with("possible")) help += "; a text stands in quotes";
    problems_.add(ProblemKind::unknown_fact, token.offset, token.length,
                  "workers have no fact " + in_ticks(token.text), std::move(help));
    return std::nullopt;
  }

  // After its `[`. Unset if something is wrong with it.
  std::optional<Operand> list() {
    std::vector<std::string> texts;
    bool is_right = true;
    while (!at(TokenKind::close_list)) {
      if (at(TokenKind::end)) return unclosed_list();
      if (at(TokenKind::text)) {
        texts.emplace_back(now().text);
      } else {
        if (!at(TokenKind::wrong))
          syntax(now(), "a list holds texts, but this is " + shown(now()), R"(write ["a", "b"])");
        is_right = false;
      }
      ++place_;
      if (at(TokenKind::close_list)) break;
      if (at(TokenKind::end)) return unclosed_list();
      if (!at(TokenKind::comma)) {
        syntax(now(), "a `,` or the end of the list is missing here", R"(write ["a", "b"])");
        skip_list();
        return std::nullopt;
      }
      ++place_;
    }
    ++place_;
    if (!is_right) return std::nullopt;
    return texts;
  }
  std::optional<Operand> unclosed_list() {
    syntax(now(), "nothing closes this list", "add a `]`");
    return std::nullopt;
  }
  void skip_list() {
    while (!at(TokenKind::close_list) && !at(TokenKind::end)) ++place_;
    if (at(TokenKind::close_list)) ++place_;
  }

  // To the end of this term; what is in parentheses belongs to it.
  void skip_term() {
    int open = 0;
    while (!at(TokenKind::end) && (open > 0 || !ends_a_term(now().kind))) {
      if (at(TokenKind::open)) ++open;
      if (at(TokenKind::close)) --open;
      ++place_;
    }
  }

  [[nodiscard]] const Token& now() const { return tokens_[place_]; }
  [[nodiscard]] bool at(TokenKind kind) const { return now().kind == kind; }
  [[nodiscard]] std::string shown(const Token& token) const {
    return token.kind == TokenKind::end ? "the end" : in_ticks(source_.substr(token.offset, token.length));
  }
  void syntax(const Token& token, std::string message, std::string help) {
    problems_.add(ProblemKind::syntax, token.offset, token.length, std::move(message), std::move(help));
  }

  std::string_view source_;
  Problems& problems_;
  std::vector<Token> tokens_;
  std::size_t place_ = 0;
  int depth_ = 0;
  bool is_cut_off_ = false;  // nothing more is read
};

}  // namespace

Parsed parse(std::string_view text) {
  Problems problems;
  if (text.size() > kLongestExpression) {
    problems.add(ProblemKind::syntax, kLongestExpression, text.size() - kLongestExpression,
                 "the expression is longer than " + std::to_string(kLongestExpression) + " bytes",
                 "write `in` with a list instead of many `||`");
    return {std::nullopt, std::move(problems).in_order()};
  }
  auto root = Parser(text, problems).whole();
  if (!problems.empty()) return {std::nullopt, std::move(problems).in_order()};
  return {Expression(std::string(text), std::move(root)), {}};
}

}  // namespace espalier::match
