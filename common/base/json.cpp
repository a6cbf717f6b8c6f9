#include "common/base/json.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace espalier {
namespace {

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
      out += json::serialize(json::value(member->key()));
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
  } else if (const auto* number = value.if_double();
             number != nullptr && std::trunc(*number) == *number && std::abs(*number) < 9e15) {
    out += std::to_string(static_cast<std::int64_t>(*number));
  } else {
    out += json::serialize(value);
  }
}

}  // namespace

std::string canonical(const json::value& value) {
  std::string out;
  write(value, out);
  return out;
}

Result<json::value> parse_json(std::string_view text) {
  boost::system::error_code failure;
  auto value = json::parse(text, failure);
  if (failure) return Error{ErrorKind::usage, "not valid JSON: " + failure.message(), ""};
  return value;
}

}  // namespace espalier
