#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "common/job/sweep.hpp"

namespace espalier::job {
namespace {

__extension__ using Wide = __int128;  // 38 decimal digits
constexpr int kMostDigits = 36;

struct Decimal {  // digits * 10^exponent
  Wide digits = 0;
  int exponent = 0;
  int length = 1;  // of `digits`, in decimal
};

// The shortest decimal that reads back as this double is the one a person wrote.
Decimal decimal_of(const Node& node) {
  std::array<char, 64> buffer{};
  auto* const begin = buffer.data();
  auto* const limit = begin + buffer.size();
  const bool whole = node.is(NodeKind::integer);
  const auto end =
      whole ? std::to_chars(begin, limit, node.scalar.get_int64()).ptr
            : std::to_chars(begin, limit, node.scalar.get_double(), std::chars_format::scientific).ptr;
  Decimal decimal;
  bool after_point = false;
  const char* c = begin;
  for (; c != end && *c != 'e'; ++c) {
    if (*c == '.') after_point = true;
    if (*c < '0' || *c > '9') continue;
    decimal.digits = decimal.digits * 10 + (*c - '0');
    ++decimal.length;
    if (after_point) --decimal.exponent;
  }
  if (*begin == '-') decimal.digits = -decimal.digits;
  if (c != end) {
    int written = 0;
    ++c;
    if (*c == '+') ++c;
    std::from_chars(c, end, written);
    decimal.exponent += written;
  }
  return decimal;
}

std::optional<Wide> scaled(const Decimal& decimal, int exponent) {
  if (decimal.digits == 0) return Wide{0};
  if (decimal.exponent - exponent + decimal.length > kMostDigits) return std::nullopt;
  auto value = decimal.digits;
  for (int i = exponent; i < decimal.exponent; ++i) value *= 10;
  return value;
}

double to_double(Wide digits, int exponent) {
  std::string text;
  const bool negative = digits < 0;
  if (negative) digits = -digits;
  do {
    text.push_back(static_cast<char>('0' + static_cast<int>(digits % 10)));
    digits /= 10;
  } while (digits != 0);
  if (negative) text.push_back('-');
  std::reverse(text.begin(), text.end());
  text += 'e';
  text += std::to_string(exponent);
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

std::vector<Node> decimal_range(const Node& from, const Node& to, const Node& step) {
  const std::array decimals = {decimal_of(from), decimal_of(to), decimal_of(step)};
  int exponent = 0;
  for (const auto& decimal : decimals) {
    if (decimal.digits != 0) exponent = std::min(exponent, decimal.exponent);
  }
  const auto first = scaled(decimals[0], exponent);
  const auto last = scaled(decimals[1], exponent);
  const auto by = scaled(decimals[2], exponent);
  std::vector<Node> values;
  if (!first || !last || !by || *by == 0) return values;
  const bool whole = from.is(NodeKind::integer) && to.is(NodeKind::integer) && step.is(NodeKind::integer);
  for (auto value = *first; (*by > 0 ? value <= *last : value >= *last) && values.size() <= kMostTrials;
       value += *by) {
    Node node;
    node.kind = whole ? NodeKind::integer : NodeKind::number;
    if (whole) {
      node.scalar = static_cast<std::int64_t>(value);
    } else {
      node.scalar = to_double(value, exponent);
    }
    values.push_back(std::move(node));
  }
  return values;
}

}  // namespace espalier::job
