#include "cli/comparison_table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <optional>
#include <ostream>
#include <set>
#include <utility>

#include "cli/terminal_table.hpp"

namespace espalier::cli {
namespace {

const char* const kUnknown = "–";
constexpr double kBusyLimit = 0.02;  // as the runner's

std::optional<double> number_in(const json::object& object, const char* name) {
  const auto& value = object.at(name);
  if (!value.is_number()) return std::nullopt;
  return value.to_number<double>();
}

double end_of(const json::object& comparison, const char* interval, std::size_t end) {
  return comparison.at(interval).as_array().at(end).to_number<double>();
}

// Three digits, and more where these would hide on which side of 1 it lies.
std::string near_one(double ratio) {
  const double distance = std::abs(ratio - 1);
  const int digits = distance == 0 || distance >= 0.01 ? 3 : distance >= 0.001 ? 4 : 5;
  return fmt::format("{:.{}g}", ratio, digits);
}

std::string params_in_words(const json::object& params) {
  std::string text;
  for (const auto& [key, value] : params) {
    if (!text.empty()) text += " ";
    text += std::string(key) + "=";
    // Boost.JSON would write 0.5 as 5E-1.
    text += value.is_double()   ? fmt::format("{}", value.get_double())
            : value.is_string() ? std::string(value.get_string())
                                : json::serialize(value);
  }
  return text;
}

std::string accuracy_in_words(const json::object& trial) {
  const auto value = number_in(trial, "accuracy");
  const auto low = number_in(trial, "accuracy_ci_low");
  const auto high = number_in(trial, "accuracy_ci_high");
  if (!value) return kUnknown;
  if (!low || !high) return fmt::format("{:.3f}", *value);
  return fmt::format("{:.3f} ({:.3f} to {:.3f})", *value, *low, *high);
}

std::string size_in_words(const json::object& trial) {
  const auto bytes = number_in(trial, "size_bytes");
  if (!bytes) return kUnknown;
  if (*bytes < 1e6) return fmt::format("{:.3g} kB", *bytes / 1e3);
  return fmt::format("{:.3g} MB", *bytes / 1e6);
}

std::string milliseconds(const json::object& comparison, const char* name) {
  const auto value = number_in(comparison, name);
  return value ? fmt::format("{:.4g}", *value) : kUnknown;
}

void print_trials(const json::array& trials, std::ostream& out) {
  TerminalTable table(
      {{"trial", true}, {"job"}, {"group"}, {"params"}, {"accuracy (95 % interval)"}, {"size", true}});
  for (const auto& entry : trials) {
    const auto& trial = entry.as_object();
    table.add({std::to_string(trial.at("id").as_int64()), std::string(trial.at("job").at("name").as_string()),
               std::string(trial.at("group").as_string()), params_in_words(trial.at("params").as_object()),
               accuracy_in_words(trial), size_in_words(trial)});
  }
  table.print(out);
}

}  // namespace

// The interval of a ratio turned over has its ends turned over too.
std::string verdict_in_words(const json::object& comparison) {
  double ratio = comparison.at("ratio").to_number<double>();
  double low = end_of(comparison, "ratio_ci", 0);
  double high = end_of(comparison, "ratio_ci", 1);
  const std::string_view verdict = comparison.at("verdict").as_string();
  if (verdict == "slower") {
    ratio = 1 / ratio;
    low = 1 / std::exchange(high, 1 / low);
  }
  const auto interval = fmt::format("({} to {})", near_one(low), near_one(high));
  if (verdict != "faster" && verdict != "slower") return "can't tell " + interval;
  return fmt::format("trial {} is {}x {} {}", comparison.at("trial").as_int64(), near_one(ratio), verdict,
                     interval);
}

void print_comparisons(const json::object& document, std::ostream& out) {
  print_trials(document.at("trials").as_array(), out);
  TerminalTable table({{"batch", true},
                       {"threads", true},
                       {"trial", true},
                       {"p50 ms", true},
                       {"against", true},
                       {"p50 ms", true},
                       {"ratio", true},
                       {"verdict (95 % interval)"}});
  std::set<std::string> where;
  for (const auto& entry : document.at("comparisons").as_array()) {
    const auto& comparison = entry.as_object();
    table.add(
        {std::to_string(comparison.at("batch").as_int64()),
         std::to_string(comparison.at("threads").as_int64()),
         std::to_string(comparison.at("trial").as_int64()), milliseconds(comparison, "p50_ms"),
         std::to_string(comparison.at("against").as_int64()), milliseconds(comparison, "against_p50_ms"),
         fmt::format("{:.3f}", comparison.at("ratio").to_number<double>()), verdict_in_words(comparison)});
    where.insert(fmt::format("measured at {} on {} ({})", comparison.at("measured_at").as_string().c_str(),
                             comparison.at("device_class").as_string().c_str(),
                             comparison.at("worker").as_string().c_str()));
  }
  out << "\n";
  table.print(out);
  for (const auto& line : where) out << line << "\n";
}

std::string doubts_in_words(const json::object& document) {
  std::set<std::string> doubts;
  for (const auto& entry : document.at("comparisons").as_array()) {
    const auto busy = number_in(entry.as_object(), "busy");
    if (busy.value_or(0) > kBusyLimit)
      doubts.insert(
          fmt::format("the machine was busy: the timing thread had no CPU for {:.1f} % of the time; "
                      "measure with --again when it is quiet\n",
                      *busy * 100));
  }
  return fmt::format("{}", fmt::join(doubts, ""));
}

}  // namespace espalier::cli
