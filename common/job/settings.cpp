#include "common/job/settings.hpp"

#include <algorithm>
#include <set>

#include "common/job/section.hpp"

namespace espalier::job {
namespace {

// Epochs of warm-up come out of the epochs there are.
void check_warmup(const json::object& settings, const Node& group,
                  std::initializer_list<std::string_view> layers, Diagnostics& diagnostics) {
  if (settings.at("warmup_epochs").to_number<double>() <= settings.at("epochs").to_number<double>()) return;
  Span span;
  for (const auto layer : layers) {
    if (const auto* table = group.find_path(layer)) {
      if (const auto* value = valid(table, "warmup_epochs")) span = value->span;
    }
  }
  diagnostics.add(code::kOutOfRange, span,
                  "`warmup_epochs` = " + canonical(settings.at("warmup_epochs")) + " is more than the " +
                      canonical(settings.at("epochs")) + " `epochs` there are");
}

json::object training(const TableSchema& schema, const Node& group,
                      std::initializer_list<std::string_view> layers, Diagnostics& diagnostics) {
  json::object settings = defaults_of(schema);
  for (const auto layer : layers) {
    const auto* table = group.find_path(layer);
    for (const auto& key : schema.keys) {
      if (const auto* value = valid(table, key.name)) settings[key.name] = to_json(*value);
    }
  }
  check_warmup(settings, group, layers, diagnostics);
  if (settings.at("optimizer") != "sgd") settings.erase("momentum");
  return settings;
}

// Sorted and each once: a set is what the user means.
json::array as_set(const json::value& list) {
  std::set<std::int64_t> values;
  for (const auto& value : list.as_array()) values.insert(value.as_int64());
  return json::array(values.begin(), values.end());
}

json::array as_text_set(const json::value& list) {
  std::set<std::string_view> values;
  for (const auto& value : list.as_array()) values.insert(value.as_string());
  json::array array;
  for (const auto value : values) array.push_back(json::value(value));
  return array;
}

bool is_random(const json::object& prune) {
  return prune.at("method").as_string().starts_with("random");
}

}  // namespace

json::object train_settings(const Node& group, Diagnostics& diagnostics) {
  return training(table_of("train"), group, {"train"}, diagnostics);
}

json::object finetune_settings(const Node& group, Diagnostics& diagnostics) {
  return training(table_of("train"), group, {"train", "finetune"}, diagnostics);
}

json::object distill_settings(const Node& group, Diagnostics& diagnostics) {
  auto settings = training(table_of("distill"), group, {"train", "distill"}, diagnostics);
  settings.erase("logits_views");
  if (settings.at("loss") == "mse") settings.erase("temperature");
  return settings;
}

json::object twin_settings(const Node& group, Diagnostics& diagnostics) {
  return training(table_of("train"), group, {"train", "distill"}, diagnostics);
}

json::object teacher_settings(const Node& group, Diagnostics& diagnostics) {
  return training(table_of("train"), group, {"train", "teacher.train"}, diagnostics);
}

json::object prune_settings(const Node& group) {
  auto settings = filled_in(table_of("prune"), {group.find("prune")});
  settings.erase("round_to");
  settings["parameters"] = as_text_set(settings.at("parameters"));
  for (auto& item : settings.at("rules").as_array()) {
    auto& rule = item.as_object();
    if (!rule.contains("match")) rule["match"] = "*";
    if (!rule.contains("amount")) rule["amount"] = settings.at("amount");
    if (!rule.contains("method")) rule["method"] = settings.at("method");
  }
  return settings;
}

json::object quantize_settings(const Node& group) {
  auto settings = filled_in(table_of("quantize"), {group.find("quantize")});
  settings["skip"] = as_text_set(settings.at("skip"));
  if (!needs_data(settings)) {
    settings.erase("observer");
    settings.erase("calibration_samples");
  }
  return settings;
}

json::object benchmark_settings(const Node& group) {
  auto settings = filled_in(table_of("benchmark"), {group.find("benchmark")});
  settings.erase("enabled");
  settings.erase("device");
  settings.erase("against");
  settings["batch_sizes"] = as_set(settings.at("batch_sizes"));
  settings["threads"] = as_set(settings.at("threads"));
  return settings;
}

bool reads_seed(const json::object& prune) {
  const auto& rules = prune.at("rules").as_array();
  return is_random(prune) || std::any_of(rules.begin(), rules.end(),
                                         [](const json::value& rule) { return is_random(rule.as_object()); });
}

bool needs_data(const json::object& quantize) {
  return quantize.at("method") == "static";
}

bool is_enabled(const Node& group, std::string_view table) {
  const auto* section = group.find(table);
  const auto* enabled = valid(section, "enabled");
  return enabled == nullptr || enabled->scalar.as_bool();
}

}  // namespace espalier::job
