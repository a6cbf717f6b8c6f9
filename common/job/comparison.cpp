#include "common/job/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/job/schema.hpp"
#include "common/job/schema_words.hpp"
#include "common/match/requirement.hpp"

namespace espalier::job {
namespace {

// JSON of one line is TOML but for null: numbers, texts, lists.
std::string toml_line(std::string_view key, const json::value& value) {
  return fmt::format("{} = {}\n", key, canonical(value));
}
std::string toml_line(std::string_view key, const std::string& text) {
  return toml_line(key, json::value(std::string_view(text)));
}

json::object settings_of(const ComparisonWish& wish, const TrialModel& first) {
  json::object settings;
  if (first.measured) {
    for (const auto& [name, value] : first.measured->settings)
      if (find_key(table_of("benchmark"), name) != nullptr && !value.is_null()) settings[name] = value;
  }
  if (!wish.batch_sizes.empty()) settings["batch_sizes"] = json::value_from(wish.batch_sizes);
  if (!wish.threads.empty()) settings["threads"] = json::value_from(wish.threads);
  return settings;
}

// What a benchmark has for a class that no worker of had come yet is the job file's selector.
bool is_selector(const std::string& device_class) {
  const auto& kinds = tables::kDevices;
  return std::find(kinds.begin(), kinds.end(), device_class) != kinds.end() ||
         match::parse(device_class).problems.empty();
}

std::string device_of(const std::string& device_class) {
  if (is_selector(device_class)) return device_class;
  const char quote = device_class.find('"') == std::string::npos ? '"' : '\'';
  return fmt::format("device_class == {0}{1}{0}", quote, device_class);
}

}  // namespace

std::string comparison_job(const ComparisonWish& wish, const TrialModel& first) {
  auto settings = settings_of(wish, first);
  const bool elsewhere = !wish.device.empty();
  if (elsewhere) {
    settings["device"] = wish.device;
  } else if (first.measured && !first.measured->device_class.empty()) {
    settings["device"] = device_of(first.measured->device_class);
  }
  std::string text = "pipeline = []\n\n[job]\n";
  text += toml_line("name", fmt::format("compare {} {}", wish.trial.value, wish.against.value));
  text += toml_line("description", fmt::format("Trial {} against trial {}, measured in turns",
                                               wish.trial.value, wish.against.value));
  text += toml_line("seed", json::value(wish.seed));
  text += "\n[benchmark]\n";
  for (const auto& [name, value] : settings) text += toml_line(name, value);
  if (!elsewhere && first.measured) {
    const auto& target = first.measured->target;
    if (!target.require.empty() || !target.any_of.empty()) text += "\n[target]\n";
    if (!target.require.empty()) text += toml_line("require", target.require);
    if (!target.any_of.empty()) text += toml_line("any_of", json::value_from(target.any_of));
  }
  // Axes of one value: `params` says then which trials these are.
  text += fmt::format("\n[sweep]\n\"model.trial\" = [{}]\n\"benchmark.against\" = [{}]\n", wish.trial.value,
                      wish.against.value);
  return text;
}

}  // namespace espalier::job
