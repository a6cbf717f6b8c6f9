#include "common/job/schema.hpp"

#include <algorithm>
#include <map>

#include "common/base/result.hpp"
#include "common/job/catalogue.hpp"
#include "common/job/schema_tables.hpp"

namespace espalier::job {
namespace {

// A parameter that is a whole number in one family and a factor in another is a number here; which it is
// shows when the model is known.
const std::map<std::string_view, KeySchema>& model_parameters() {
  static const auto parameters = [] {
    std::map<std::string_view, KeySchema> found;
    for (const auto& model : models()) {
      for (const auto& parameter : model.parameters) {
        auto& key = found
                        .try_emplace(parameter.name, KeySchema{.name = parameter.name,
                                                               .kind = ValueKind::integer,
                                                               .meaning = parameter.meaning})
                        .first->second;
        if (!parameter.integer) key.kind = ValueKind::number;
      }
    }
    return found;
  }();
  return parameters;
}

void collect(const TableSchema& table, const std::string& prefix, std::vector<std::string>& out) {
  for (const auto& key : table.keys) {
    if (!key.is_sweepable) continue;
    if (key.kind == ValueKind::table) {
      collect(*key.table, prefix + std::string(key.name) + '.', out);
    } else {
      out.push_back(prefix + std::string(key.name));
    }
  }
  if (!table.takes_model_parameters) return;
  for (const auto& [name, key] : model_parameters()) out.push_back(prefix + std::string(name));
}

}  // namespace

const TableSchema& root_schema() {
  return tables::kRootTable;
}
const TableSchema& group_schema() {
  return tables::kGroupTable;
}

const KeySchema* find_key(const TableSchema& table, std::string_view name) {
  const auto found =
      std::find_if(table.keys.begin(), table.keys.end(), [&](const KeySchema& k) { return k.name == name; });
  if (found != table.keys.end()) return &*found;
  if (!table.takes_model_parameters) return nullptr;
  const auto parameter = model_parameters().find(name);
  return parameter == model_parameters().end() ? nullptr : &parameter->second;
}

const TableSchema& table_of(std::string_view name) {
  const auto* key = find_key(root_schema(), name);
  ESPALIER_ASSERT(key != nullptr && key->table != nullptr);
  return *key->table;
}

std::vector<std::string_view> names_of(const TableSchema& table) {
  std::vector<std::string_view> names;
  for (const auto& key : table.keys) names.push_back(key.name);
  if (table.takes_model_parameters) {
    for (const auto& [name, key] : model_parameters()) names.push_back(name);
  }
  return names;
}

const KeySchema* find_swept_key(std::string_view dotted) {
  if (dotted == "job.seed") return find_key(tables::kJobTable, "seed");
  const auto* table = &group_schema();
  for (;;) {
    const auto dot = dotted.find('.');
    const auto* key = find_key(*table, dotted.substr(0, dot));
    if (key == nullptr || !key->is_sweepable) return nullptr;
    const bool is_table = key->kind == ValueKind::table;
    if (dot == std::string_view::npos) return is_table ? nullptr : key;
    if (!is_table) return nullptr;
    table = key->table;
    dotted.remove_prefix(dot + 1);
  }
}

const std::vector<std::string>& sweepable_keys() {
  static const auto keys = [] {
    std::vector<std::string> found = {"job.seed"};
    collect(group_schema(), "", found);
    return found;
  }();
  return keys;
}

const json::object& defaults_of(const TableSchema& table) {
  static const auto all = [] {
    std::map<const TableSchema*, json::object> found;
    std::vector<const TableSchema*> open = {&root_schema()};
    while (!open.empty()) {
      const auto* current = open.back();
      open.pop_back();
      if (!found.try_emplace(current).second) continue;
      for (const auto& key : current->keys) {
        if (!key.fallback.empty()) found[current][key.name] = parse_json(key.fallback).value();
        if (key.table != nullptr) open.push_back(key.table);
      }
    }
    return found;
  }();
  return all.at(&table);
}

std::span<const std::string_view> metric_names() {
  return tables::kMetricNames;
}

}  // namespace espalier::job
