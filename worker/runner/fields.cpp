#include "worker/runner/fields.hpp"

namespace espalier::runner {
namespace {

const json::value* present(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value == nullptr || value->is_null() ? nullptr : value;
}

[[noreturn]] void wrong_type(std::string_view key, std::string_view wanted, const json::value& found) {
  throw ErrorException(Error{
      ErrorKind::invalid_job,
      "the task's \"" + std::string(key) + "\" is " + json::serialize(found) + ", not " + std::string(wanted),
      ""});
}

}  // namespace

bool has_field(const json::object& object, std::string_view key) {
  return present(object, key) != nullptr;
}

double number_field(const json::object& object, std::string_view key, double fallback) {
  const auto* value = present(object, key);
  if (value == nullptr) return fallback;
  if (!value->is_number()) wrong_type(key, "a number", *value);
  return value->to_number<double>();
}

std::int64_t integer_field(const json::object& object, std::string_view key, std::int64_t fallback) {
  const auto* value = present(object, key);
  if (value == nullptr) return fallback;
  boost::system::error_code inexact;
  const auto number = value->is_number() ? value->to_number<std::int64_t>(inexact) : 0;
  if (!value->is_number() || inexact) wrong_type(key, "a whole number", *value);
  return number;
}

bool bool_field(const json::object& object, std::string_view key, bool fallback) {
  const auto* value = present(object, key);
  if (value == nullptr) return fallback;
  if (!value->is_bool()) wrong_type(key, "true or false", *value);
  return value->as_bool();
}

std::string text_field(const json::object& object, std::string_view key, std::string_view fallback) {
  const auto* value = present(object, key);
  if (value == nullptr) return std::string(fallback);
  if (!value->is_string()) wrong_type(key, "a string", *value);
  return std::string(value->as_string());
}

std::vector<std::string> texts_field(const json::object& object, std::string_view key) {
  std::vector<std::string> texts;
  const auto* value = present(object, key);
  if (value == nullptr) return texts;
  if (!value->is_array()) wrong_type(key, "a list of strings", *value);
  for (const auto& element : value->as_array()) {
    if (!element.is_string()) wrong_type(key, "a list of strings", *value);
    texts.emplace_back(element.as_string());
  }
  return texts;
}

std::vector<double> numbers_field(const json::object& object, std::string_view key) {
  std::vector<double> numbers;
  const auto* value = present(object, key);
  if (value == nullptr) return numbers;
  if (!value->is_array()) wrong_type(key, "a list of numbers", *value);
  for (const auto& element : value->as_array()) {
    if (!element.is_number()) wrong_type(key, "a list of numbers", *value);
    numbers.push_back(element.to_number<double>());
  }
  return numbers;
}

std::vector<std::int64_t> integers_field(const json::object& object, std::string_view key) {
  std::vector<std::int64_t> numbers;
  const auto* value = present(object, key);
  if (value == nullptr) return numbers;
  if (!value->is_array()) wrong_type(key, "a list of whole numbers", *value);
  for (const auto& element : value->as_array()) {
    boost::system::error_code inexact;
    if (!element.is_number()) wrong_type(key, "a list of whole numbers", *value);
    numbers.push_back(element.to_number<std::int64_t>(inexact));
    if (inexact) wrong_type(key, "a list of whole numbers", *value);
  }
  return numbers;
}

}  // namespace espalier::runner
