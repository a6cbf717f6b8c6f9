// Everything that targets may ask of a worker: what it tells of its machine, and what it is to us.
#pragma once

#include <cstdint>
#include <string_view>

#include "common/base/json.hpp"

namespace espalier::match {

inline json::object worker_facts(const json::object& told, std::string_view name, std::int64_t slots,
                                 std::string_view device_class) {
  json::object facts = told;
  facts["worker"] = name;
  facts["slots"] = slots;
  facts["device_class"] = device_class;
  return facts;
}

// Of a worker as `GET /api/v1/workers` shows it.
inline json::object worker_facts(const json::object& shown) {
  return worker_facts(shown.at("facts").as_object(), shown.at("name").as_string(),
                      shown.at("slots").to_number<std::int64_t>(), shown.at("device_class").as_string());
}

}  // namespace espalier::match
