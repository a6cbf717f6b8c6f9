#include "common/job/section.hpp"

#include <algorithm>

namespace espalier::job {
namespace {

bool differs(const Node& base, const Node& over, std::string_view key) {
  const auto* new_value = over.find(key);
  if (new_value == nullptr) return false;
  const auto* old_value = base.find(key);
  return old_value == nullptr || to_json(*old_value) != to_json(*new_value);
}

Node without(const Node& table, std::initializer_list<std::string_view> keys) {
  auto copy = table;
  for (const auto key : keys) copy.erase(key);
  return copy;
}

// `base` without what stops to apply when `over` names something else.
Node remaining(std::string_view table, const Node& base, const Node& over) {
  if (table == "model" &&
      (differs(base, over, "name") || differs(base, over, "file") || differs(base, over, "trial")))
    return {};
  if (table == "teacher" && over.find("file") != nullptr) return without(base, {"model", "train"});
  if (table == "teacher" && over.find("model") != nullptr) return without(base, {"file"});
  if (table == "data" && (differs(base, over, "dataset") || differs(base, over, "format"))) {
    return without(base, {"dataset", "format", "path", "input_shape", "classes", "val_fraction",
                          "shorter_side", "mean", "std"});
  }
  return base;
}

Node overlaid(std::string_view name, const Node& base, const Node& over) {
  if (!base.is(NodeKind::table) || !over.is(NodeKind::table)) return over;
  auto result = remaining(name, base, over);
  result.span = over.span;
  for (const auto& member : over.members) {
    if (auto* existing = result.find(member.name)) {
      *existing = overlaid(member.name, *existing, member.value);
    } else {
      result.members.push_back(member);
    }
  }
  return result;
}

}  // namespace

Node merged(const Node& base, const Node& over) {
  return overlaid("", base, over);
}

json::object filled_in(const TableSchema& schema, std::initializer_list<const Node*> layers) {
  auto result = defaults_of(schema);
  for (const auto* layer : layers) {
    if (layer == nullptr || !layer->is(NodeKind::table)) continue;
    for (const auto& key : schema.keys) {
      if (const auto* value = valid(layer, key.name)) result[key.name] = to_json(*value);
    }
  }
  return result;
}

const Node* valid(const Node* table, std::string_view name) {
  if (table == nullptr || !table->is(NodeKind::table)) return nullptr;
  const auto* value = table->find(name);
  return value == nullptr || value->is(NodeKind::invalid) ? nullptr : value;
}

}  // namespace espalier::job
