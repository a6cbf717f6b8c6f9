#include "coordinator/store/array_column.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace espalier::store {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// Length of the valid UTF-8 sequence at the front of `text`, 0 if there is none.
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t index) { return static_cast<unsigned char>(text[index]); };
  const auto first = byte(0);
  if (first < 0x80) return first == 0 ? 0 : 1;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  for (std::size_t index = 1; index < length; ++index) {
    if ((byte(index) & 0xC0) != 0x80) return 0;
  }
  if (first == 0xE0 && byte(1) < 0xA0) return 0;  // overlong
  if (first == 0xED && byte(1) > 0x9F) return 0;  // surrogates
  if (first == 0xF0 && byte(1) < 0x90) return 0;  // overlong
  if (first == 0xF4 && byte(1) > 0x8F) return 0;  // past U+10FFFF
  return length;
}

// ASCII without zero bytes, as nearly all text is.
bool is_plain(std::string_view text) {
  unsigned char high = 0;
  bool zero = false;
  for (const char character : text) {
    high |= static_cast<unsigned char>(character);
    zero |= character == 0;
  }
  return high < 0x80 && !zero;
}

json::value cleaned(const json::value& value) {
  if (const auto* text = value.if_string()) return json::value(clean_text(*text));
  if (const auto* array = value.if_array()) {
    json::array result;
    for (const auto& element : *array) result.push_back(cleaned(element));
    return result;
  }
  if (const auto* object = value.if_object()) {
    json::object result;
    for (const auto& member : *object) result[clean_text(member.key())] = cleaned(member.value());
    return result;
  }
  if (const auto* number = value.if_double(); number != nullptr && !std::isfinite(*number)) return nullptr;
  return value;
}

}  // namespace

std::string clean_text(std::string_view text) {
  if (is_plain(text)) return std::string(text);
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const auto length = sequence_length(text);
    result += length == 0 ? kReplacement : text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return result;
}

std::string clean_json(const json::value& value) {
  return json::serialize(cleaned(value));
}

std::string to_text(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
  char buffer[32];
  const auto [end, failure] = std::to_chars(buffer, buffer + sizeof buffer, number);
  return {buffer, end};
}

void ArrayColumn::next() {
  if (text_.size() > 1) text_ += ',';
}

void ArrayColumn::add(std::string_view text) {
  next();
  text_ += '"';
  const std::string cleaned = clean_text(text);
  std::string_view left = cleaned;
  for (auto special = left.find_first_of("\"\\"); special != std::string_view::npos;
       special = left.find_first_of("\"\\", 1)) {
    text_ += left.substr(0, special);
    text_ += '\\';
    left.remove_prefix(special);
  }
  text_ += left;
  text_ += '"';
}

void ArrayColumn::add(std::int64_t number) {
  next();
  text_ += std::to_string(number);
}

void ArrayColumn::add(double number) {
  next();
  text_ += to_text(number);
}

void ArrayColumn::add(bool truth) {
  next();
  text_ += truth ? 't' : 'f';
}

void ArrayColumn::add(const std::optional<double>& number) {
  if (number) {
    add(*number);
  } else {
    add_null();
  }
}

void ArrayColumn::add_null() {
  next();
  text_ += "NULL";
}

}  // namespace espalier::store
