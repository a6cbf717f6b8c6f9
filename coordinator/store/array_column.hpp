// One column of many rows, as the text of a PostgreSQL array: a bulk statement takes a few of these as its
// parameters and unnests them, so that it costs one round trip however many rows there are.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/json.hpp"

namespace espalier::store {

// Text that PostgreSQL takes: no zero bytes, valid UTF-8. Whatever isn't becomes U+FFFD: a worker's garbled
// words must not keep the commit that carries them from ever succeeding.
std::string clean_text(std::string_view text);

// The same for every string in a value that becomes jsonb.
std::string clean_json(const json::value& value);

std::string to_text(
    double number);  // shortest that reads back the same; NaN and Infinity as PostgreSQL writes them

class ArrayColumn {
 public:
  void add(std::string_view text);
  void add(std::int64_t number);
  void add(double number);
  void add(bool truth);
  void add(const std::optional<double>& number);
  void add_null();
  template <class Any>
  void add(const Any* pointer) = delete;  // a string literal would become a bool
  [[nodiscard]] std::string text() const { return text_ + "}"; }

 private:
  void next();
  std::string text_ = "{";
};

}  // namespace espalier::store
