// Described structs to JSON and back, written once for every message: numbers, strings, booleans, enums (by
// name), optional (null), vector, variant-free structs, and JSON values as they are.
#pragma once

#include <boost/describe.hpp>
#include <boost/mp11.hpp>
#include <cmath>
#include <concepts>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "common/base/json.hpp"
#include "common/base/result.hpp"

namespace espalier::wire {

template <class T>
concept Described = std::is_class_v<T> && boost::describe::has_describe_members<T>::value;

template <class T>
using MembersOf = boost::describe::describe_members<T, boost::describe::mod_public>;

inline Error field_error(const std::string& where, const std::string& what) {
  return {ErrorKind::usage, "field \"" + where + "\" " + what, ""};
}

inline std::string inner_name(const std::string& where, const std::string& name) {
  return where.empty() ? name : where + "." + name;
}

// ---- to JSON ----

inline json::value to_json(bool value) {
  return value;
}
inline json::value to_json(const std::string& value) {
  return json::string(value);
}
inline json::value to_json(const json::object& value) {
  return value;
}
inline json::value to_json(std::integral auto value) {
  return static_cast<std::int64_t>(value);
}
// JSON has no infinities and no NaN; a number that isn't one is null, as everywhere in this system.
inline json::value to_json(double value) {
  return std::isfinite(value) ? json::value(value) : json::value(nullptr);
}
template <class T>
requires std::is_enum_v<T> json::value to_json(T value) {
  return json::string(boost::describe::enum_to_string(value, ""));
}
template <class T>
json::value to_json(const std::optional<T>& value);
template <class T>
json::value to_json(const std::vector<T>& values);
template <Described T>
json::value to_json(const T& value);

template <class T>
json::value to_json(const std::optional<T>& value) {
  return value ? to_json(*value) : json::value(nullptr);
}

template <class T>
json::value to_json(const std::vector<T>& values) {
  json::array array;
  array.reserve(values.size());
  for (const auto& value : values) array.push_back(to_json(value));
  return array;
}

template <Described T>
void add_members(const T& value, json::object& object) {
  boost::mp11::mp_for_each<MembersOf<T>>(
      [&](auto member) { object.emplace(member.name, to_json(value.*member.pointer)); });
}

template <Described T>
json::value to_json(const T& value) {
  json::object object;
  add_members(value, object);
  return object;
}

// ---- from JSON: `where` is the path of the field for the error, "outputs[2].hash" ----

inline Result<void> from_json(const json::value& value, const std::string& where, bool& out) {
  if (!value.is_bool()) return field_error(where, "is not true or false");
  out = value.get_bool();
  return {};
}

inline Result<void> from_json(const json::value& value, const std::string& where, std::string& out) {
  if (!value.is_string()) return field_error(where, "is not a text");
  out = value.get_string();
  return {};
}

inline Result<void> from_json(const json::value& value, const std::string& where, json::object& out) {
  if (!value.is_object()) return field_error(where, "is not an object");
  out = value.get_object();
  return {};
}

template <std::signed_integral T>
Result<void> from_json(const json::value& value, const std::string& where, T& out) {
  boost::system::error_code failure;
  const auto number = value.to_number<T>(failure);
  if (failure) return field_error(where, "is not a whole number in range");
  out = number;
  return {};
}

inline Result<void> from_json(const json::value& value, const std::string& where, double& out) {
  if (value.is_null()) {
    out = std::numeric_limits<double>::quiet_NaN();
    return {};
  }
  boost::system::error_code failure;
  const auto number = value.to_number<double>(failure);
  if (failure) return field_error(where, "is not a number");
  out = number;
  return {};
}

template <class T>
requires std::is_enum_v<T> Result<void> from_json(const json::value& value, const std::string& where,
                                                  T& out) {
  if (!value.is_string()) return field_error(where, "is not a text");
  const auto& name = value.get_string();
  if (!boost::describe::enum_from_string(std::string(name).c_str(), out))
    return field_error(where, "has the unknown value \"" + std::string(name) + "\"");
  return {};
}

template <class T>
Result<void> from_json(const json::value& value, const std::string& where, std::optional<T>& out);
template <class T>
Result<void> from_json(const json::value& value, const std::string& where, std::vector<T>& out);
template <Described T>
Result<void> from_json(const json::value& value, const std::string& where, T& out);

template <class T>
Result<void> from_json(const json::value& value, const std::string& where, std::optional<T>& out) {
  out.reset();
  if (value.is_null()) return {};
  return from_json(value, where, out.emplace());
}

template <class T>
Result<void> from_json(const json::value& value, const std::string& where, std::vector<T>& out) {
  if (!value.is_array()) return field_error(where, "is not a list");
  out.clear();
  out.reserve(value.get_array().size());
  for (const auto& element : value.get_array()) {
    const auto place = where + "[" + std::to_string(out.size()) + "]";
    auto read = from_json(element, place, out.emplace_back());
    if (!read) return read;
  }
  return {};
}

template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;

template <class T>
Result<void> member_from_json(const json::object& object, const std::string& where, const char* name,
                              T& out) {
  const auto* value = object.if_contains(name);
  if (value != nullptr) return from_json(*value, inner_name(where, name), out);
  if constexpr (kIsOptional<T>) return {};
  return field_error(inner_name(where, name), "is missing");
}

template <Described T>
Result<void> from_json(const json::value& value, const std::string& where, T& out) {
  if (!value.is_object()) return field_error(where, "is not an object");
  Result<void> result;
  boost::mp11::mp_for_each<MembersOf<T>>([&](auto member) {
    if (result) result = member_from_json(value.get_object(), where, member.name, out.*member.pointer);
  });
  return result;
}

}  // namespace espalier::wire
