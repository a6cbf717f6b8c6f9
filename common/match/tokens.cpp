#include "common/match/tokens.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "common/base/quantity.hpp"
#include "common/base/words.hpp"

namespace espalier::match {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool continues_word(char c) {
  return is_letter(c) || is_digit(c) || c == '.';
}
bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool continues_code_point(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

struct Sign {
  std::string_view written;
  TokenKind kind;
};
constexpr std::array<Sign, 15> kSigns = {{{"==", TokenKind::equal},
                                          {"!=", TokenKind::not_equal},
                                          {"<=", TokenKind::at_most},
                                          {">=", TokenKind::at_least},
                                          {"&&", TokenKind::both},
                                          {"||", TokenKind::either},
                                          {"<", TokenKind::less},
                                          {">", TokenKind::more},
                                          {"!", TokenKind::negation},
                                          {"(", TokenKind::open},
                                          {")", TokenKind::close},
                                          {"[", TokenKind::open_list},
                                          {"]", TokenKind::close_list},
                                          {",", TokenKind::comma},
                                          {"in", TokenKind::in}}};

// What other languages write, and what it is here.
struct Foreign {
  std::string_view written;
  std::string_view ours;
};
constexpr std::array<Foreign, 7> kForeign = {
    {{"=", "=="}, {"&", "&&"}, {"|", "||"}, {"and", "&&"}, {"or", "||"}, {"not", "!"}, {"AND", "&&"}}};

TokenKind kind_of_sign(std::string_view written) {
  return std::find_if(kSigns.begin(), kSigns.end(), [&](const Sign& sign) { return sign.written == written; })
      ->kind;
}

class Lexer {
 public:
  Lexer(std::string_view source, Problems& problems) : source_(source), problems_(problems) {}

  std::vector<Token> all() {
    std::vector<Token> tokens;
    for (;;) {
      while (at_ < source_.size() && is_space(source_[at_])) ++at_;
      if (at_ == source_.size()) break;
      tokens.push_back(next());
      at_ = tokens.back().offset + tokens.back().length;
    }
    tokens.push_back({TokenKind::end, source_.size(), 0, {}, 0, {}});
    return tokens;
  }

 private:
  Token next() {
    const char c = source_[at_];
    if (c == '"' || c == '\'') return text(c);
    const bool is_negative = c == '-' && at_ + 1 < source_.size() && is_digit(source_[at_ + 1]);
    if (is_digit(c) || is_negative) return number();
    if (is_letter(c)) return word();
    return sign();
  }

  [[nodiscard]] Token token(TokenKind kind, std::size_t length) const {
    return {kind, at_, length, source_.substr(at_, length), 0, {}};
  }
  Token wrong(std::size_t length, std::string message, std::string help) {
    problems_.add(ProblemKind::syntax, at_, length, std::move(message), std::move(help));
    return token(TokenKind::wrong, length);
  }
  // A label's name may hold `-`.
  [[nodiscard]] std::string_view word_at(std::size_t place) const {
    const bool is_label = source_.substr(place).starts_with("labels.");
    auto end = place;
    while (end < source_.size() && (continues_word(source_[end]) || (is_label && source_[end] == '-'))) ++end;
    return source_.substr(place, end - place);
  }

  Token text(char quote) {
    const auto end = source_.find(quote, at_ + 1);
    if (end == std::string_view::npos) {
      return wrong(source_.size() - at_, "this text has no closing quote",
                   "a text ends with the quote it begins with");
    }
    auto result = token(TokenKind::text, end + 1 - at_);
    result.text = source_.substr(at_ + 1, end - at_ - 1);
    return result;
  }

  // A unit may stand apart: no other word can follow a number, but for `in`.
  Token number() {
    auto rest = source_.substr(at_);
    const auto value = take_number(rest);
    const auto end = source_.size() - rest.size();
    if (!value) return wrong(word_at(at_ + 1).size() + 1, "this number is too large", {});
    auto unit_at = end;
    while (unit_at < source_.size() && source_[unit_at] == ' ') ++unit_at;
    const auto unit = word_at(unit_at);
    auto result = token(TokenKind::number, end - at_);
    result.number = *value;
    if (unit.empty() || (unit_at > end && !quantity_of(unit_at, unit))) return result;
    const auto length = unit_at + unit.size() - at_;
    if (unit.front() == '.') {
      return wrong(length, "this is no number",
                   "a version is a text: write \"" + std::string(source_.substr(at_, length)) + "\"");
    }
    const auto quantity = quantity_of(unit_at, unit);
    if (!quantity) {
      return wrong(length, in_ticks(unit) + " is no unit",
                   "sizes: B, kB, MB, GB, TB, KiB, MiB, GiB, TiB; times: ms, s, m, h, d");
    }
    result = token(TokenKind::number, length);
    result.number = quantity->first;
    result.quantity = quantity->second;
    return result;
  }
  // The number from here to its unit, counted in bytes or seconds.
  [[nodiscard]] std::optional<std::pair<double, Quantity>> quantity_of(std::size_t unit_at,
                                                                       std::string_view unit) const {
    const auto written = source_.substr(at_, unit_at + unit.size() - at_);
    if (const auto size = parse_size(written)) return std::pair(*size, Quantity::size);
    if (const auto time = parse_duration(written)) return std::pair(*time, Quantity::duration);
    return std::nullopt;
  }

  Token word() {
    const auto written = word_at(at_);
    if (written == "in") return token(TokenKind::in, written.size());
    if (written == "true") return token(TokenKind::yes, written.size());
    if (written == "false") return token(TokenKind::no, written.size());
    if (const auto* foreign = foreign_named(written)) return translated(*foreign);
    return token(TokenKind::name, written.size());
  }

  Token sign() {
    const auto rest = source_.substr(at_);
    for (const auto& sign : kSigns) {
      if (rest.starts_with(sign.written)) return token(sign.kind, sign.written.size());
    }
    if (const auto* foreign = foreign_named(rest.substr(0, 1))) return translated(*foreign);
    std::size_t length = 1;
    while (length < rest.size() && continues_code_point(rest[length])) ++length;
    return wrong(length, in_ticks(rest.substr(0, length)) + " means nothing here", "a text stands in quotes");
  }

  static const Foreign* foreign_named(std::string_view written) {
    const auto found = std::find_if(kForeign.begin(), kForeign.end(),
                                    [&](const Foreign& f) { return f.written == written; });
    return found == kForeign.end() ? nullptr : &*found;
  }
  // Reported, and then read as what was meant.
  Token translated(const Foreign& foreign) {
    problems_.add(ProblemKind::syntax, at_, foreign.written.size(),
                  in_ticks(foreign.written) + " is unknown here", "write " + in_ticks(foreign.ours));
    return token(kind_of_sign(foreign.ours), foreign.written.size());
  }

  std::string_view source_;
  Problems& problems_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<Token> tokens_of(std::string_view source, Problems& problems) {
  return Lexer(source, problems).all();
}

}  // namespace espalier::match
