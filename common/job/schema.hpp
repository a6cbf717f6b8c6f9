// Every table and key of the job file, in one place: validation, suggestions, defaults and sweeps' dotted
// keys all read it.
#pragma once

#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/json.hpp"

namespace espalier::job {

enum class ValueKind {
  boolean,
  integer,
  number,
  text,
  choice,       // one of `choices`
  duration,     // "30m", or a number of seconds
  size,         // "4GiB", or a number of bytes
  integers,     // a list of integers
  numbers,      // a list of numbers
  texts,        // a list of texts
  expression,   // a condition on workers' facts, or a blank text
  expressions,  // a list of conditions
  choice_list,  // a list, each one of `choices`
  device,       // a choice or a condition on workers' facts, or a list of such
  table,        // `table` says of what
  tables,       // a list of tables
  directions,   // metric = "max" | "min"
  bounds,       // metric = ">= 0.85"
  axes,         // a sweep
  zips,         // lists of dotted keys that move together
};

struct TableSchema;

// The lowest value of a number that has to be above 0.
inline constexpr double kAboveZero = std::numeric_limits<double>::denorm_min();
inline constexpr double kNoLimit = std::numeric_limits<double>::infinity();

struct KeySchema {
  std::string_view name;
  ValueKind kind = ValueKind::text;
  std::string_view fallback = {};  // as JSON; empty: absent unless written
  std::string_view meaning = {};
  double low = -kNoLimit;  // of a number, or of each number of a list; both ends are allowed
  double high = kNoLimit;
  std::span<const std::string_view> choices = {};
  std::size_t available =
      std::numeric_limits<std::size_t>::max();  // the first so many choices can be executed
  const TableSchema* table = nullptr;
  bool is_sweepable = true;
};

struct TableSchema {
  std::string_view name;
  std::span<const KeySchema> keys;
  bool takes_model_parameters = false;  // beyond its keys, those of the catalogue's models
};

const TableSchema& root_schema();   // the whole file
const TableSchema& group_schema();  // what a [[group]] may say, and the top level by default

const KeySchema* find_key(const TableSchema& table, std::string_view name);  // nullptr if there is none
const TableSchema& table_of(std::string_view name);                          // of the root; must exist
std::vector<std::string_view> names_of(const TableSchema& table);  // with model parameters where taken

// The key at a dotted path of the group's tables, or "job.seed"; for a model's parameter a number's schema.
// nullptr if there is none or it can't be swept.
const KeySchema* find_swept_key(std::string_view dotted);
const std::vector<std::string>& sweepable_keys();

// Every key of a table that has a default.
const json::object& defaults_of(const TableSchema& table);

// What objectives and constraints may name.
std::span<const std::string_view> metric_names();

}  // namespace espalier::job
