#include "common/base/json.hpp"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <charconv>
#include <cmath>
#include <vector>

namespace espalier {
namespace {

void write(json::string_view text, std::string& out) {
  const bool needs_escapes = std::any_of(text.begin(), text.end(), [](char c) {
    return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
  });
  if (needs_escapes) {
    out += json::serialize(text);
    return;
  }
  out += '"';
  out.append(text.data(), text.size());
  out += '"';
}

void write(const json::value& value, std::string& out) {
  if (const auto* object = value.if_object()) {
    std::vector<const json::key_value_pair*> members;
    members.reserve(object->size());
    for (const auto& member : *object) members.push_back(&member);
    std::sort(members.begin(), members.end(),
              [](const auto* a, const auto* b) { return a->key() < b->key(); });
    out += '{';
    for (const auto* member : members) {
      if (out.back() != '{') out += ',';
      write(member->key(), out);
      out += ':';
      write(member->value(), out);
    }
    out += '}';
  } else if (const auto* array = value.if_array()) {
    out += '[';
    for (const auto& element : *array) {
      if (out.back() != '[') out += ',';
      write(element, out);
    }
    out += ']';
  } else if (const auto* text = value.if_string()) {
    write(json::string_view(*text), out);
  } else if (const auto* integer = value.if_int64()) {
    out += std::to_string(*integer);
  } else if (const auto* number = value.if_double();
             number != nullptr && std::trunc(*number) == *number && std::abs(*number) < 9e15) {
    out += std::to_string(static_cast<std::int64_t>(*number));
  } else {
    out += json::serialize(value);
  }
}

// What Boost.JSON's parser calls for each piece of a text; all but the doubles goes on a stack as it is.
struct ValueBuilder {
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);  // the names are Boost's
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
  using Failure = json::error_code;
  using Text = json::string_view;

  json::value_stack values;

  ValueBuilder() { values.reset(); }
  bool on_document_begin(Failure&) { return true; }
  bool on_document_end(Failure&) { return true; }
  bool on_object_begin(Failure&) { return true; }
  bool on_array_begin(Failure&) { return true; }
  bool on_number_part(Text, Failure&) { return true; }
  bool on_comment_part(Text, Failure&) { return true; }
  bool on_comment(Text, Failure&) { return true; }
  bool on_object_end(std::size_t count, Failure&) { return values.push_object(count), true; }
  bool on_array_end(std::size_t count, Failure&) { return values.push_array(count), true; }
  bool on_key_part(Text text, std::size_t, Failure&) { return values.push_chars(text), true; }
  bool on_key(Text text, std::size_t, Failure&) { return values.push_key(text), true; }
  bool on_string_part(Text text, std::size_t, Failure&) { return values.push_chars(text), true; }
  bool on_string(Text text, std::size_t, Failure&) { return values.push_string(text), true; }
  bool on_int64(std::int64_t number, Text, Failure&) { return values.push_int64(number), true; }
  bool on_uint64(std::uint64_t number, Text, Failure&) { return values.push_uint64(number), true; }
  bool on_bool(bool truth, Failure&) { return values.push_bool(truth), true; }
  bool on_null(Failure&) { return values.push_null(), true; }
  bool on_double(double roughly, Text text, Failure& failure) {
    double exactly = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), exactly);
    // Out of range: a zero is as near as a double gets, but an infinity can't be written again.
    if (read.ec != std::errc{}) exactly = roughly;
    if (std::isinf(exactly)) failure = json::error::exponent_overflow;
    if (failure) return false;
    values.push_double(exactly);
    return true;
  }
};

}  // namespace

std::string canonical(const json::value& value) {
  std::string out;
  write(value, out);
  return out;
}

Result<json::value> parse_json(std::string_view text) {
  json::parse_options options;
  options.max_depth = kDeepestJson;
  json::basic_parser<ValueBuilder> parser(options);
  json::error_code failure;
  const std::size_t read = parser.write_some(false, text.data(), text.size(), failure);
  if (!failure && read < text.size()) failure = json::error::extra_data;
  if (failure) return Error{ErrorKind::usage, "not valid JSON: " + failure.message(), ""};
  return parser.handler().values.release();
}

}  // namespace espalier
