// Columns that may be null, as JSON.
#pragma once

#include "common/base/json.hpp"
#include "coordinator/store/connection.hpp"

namespace espalier::store {

inline json::value text_or_null(const Rows& rows, std::size_t row, int column) {
  if (rows.is_null(row, column)) return nullptr;
  return json::value(rows.text(row, column));
}

inline json::value integer_or_null(const Rows& rows, std::size_t row, int column) {
  if (rows.is_null(row, column)) return nullptr;
  return rows.integer(row, column);
}

}  // namespace espalier::store
