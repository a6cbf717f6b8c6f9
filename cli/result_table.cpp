#include "cli/result_table.hpp"

#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <ostream>
#include <string>

#include "cli/terminal_table.hpp"

namespace espalier::cli {
namespace {

const char* const kNotMeasured = "–";

std::optional<double> metric(const json::object& trial, const char* name) {
  const auto* value = trial.at("metrics").as_object().if_contains(name);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  return value->to_number<double>();
}

std::string scaled(std::optional<double> value, double base, const char* const (&units)[4]) {
  if (!value) return kNotMeasured;
  std::size_t unit = 0;
  double number = *value;
  while (number >= base && unit + 1 < std::size(units)) {
    number /= base;
    ++unit;
  }
  return unit == 0 ? fmt::format("{:.0f}{}", number, units[0]) : fmt::format("{:.3g}{}", number, units[unit]);
}

std::string count(std::optional<double> value) {
  return scaled(value, 1000, {"", "k", "M", "G"});
}
std::string bytes(std::optional<double> value) {
  return scaled(value, 1000, {" B", " kB", " MB", " GB"});
}

// "0.912 ±0.008": half of the interval's width, which is all that fits.
std::string with_interval(std::optional<double> value, std::optional<double> low, std::optional<double> high,
                          int digits) {
  if (!value) return kNotMeasured;
  if (!low || !high) return fmt::format("{:.{}f}", *value, digits);
  return fmt::format("{:.{}f} ±{:.{}f}", *value, digits, (*high - *low) / 2, digits);
}

std::string verdict(std::optional<double> value, std::optional<double> low, std::optional<double> high,
                    const char* format) {
  if (!value) return "";
  auto number = fmt::format(fmt::runtime(format), *value);
  if (!low || !high || (*low <= 0 && *high >= 0)) return number + " can't tell";
  return number;
}

// Boost.JSON would write 0.5 as 5E-1.
std::string plain(const json::value& value) {
  if (value.is_string()) return std::string(value.as_string());
  if (value.is_double()) return fmt::format("{}", value.as_double());
  return json::serialize(value);
}

std::string in_words(const json::object& params) {
  std::string text;
  for (const auto& [key, value] : params) {
    if (!text.empty()) text += " ";
    text += std::string(key) + "=" + plain(value);
  }
  return text;
}

std::string speedup(const json::object& trial) {
  const auto value = metric(trial, "speedup");
  if (!value) return "";
  return fmt::format("{:.2f}x{}", *value, trial.at("speedup_verdict") == "can't tell" ? " can't tell" : "");
}

// Its search went on with others: it has ended well, and has no measurements.
bool was_stopped(const json::object& trial) {
  return trial.at("state").as_string() == "succeeded" && trial.at("reason").is_string();
}

// The search's own end is no trial's.
void print_failure(const json::object& job, std::ostream& out) {
  const auto* search = job.if_contains("search");
  if (search == nullptr || !search->is_object() || !search->at("failure").is_string()) return;
  out << "\nThe search couldn't go on: " << search->at("failure").as_string().c_str() << "\n";
}

}  // namespace

void print_results(const json::object& document, std::ostream& out) {
  TerminalTable table({{" "},
                       {"trial", true},
                       {"group"},
                       {"params"},
                       {"state"},
                       {"accuracy", true},
                       {"latency p50 ms", true},
                       {"speed-up", true},
                       {"size", true},
                       {"weights", true},
                       {"MACs", true},
                       {"zeros", true},
                       {"gain by teacher", true}});
  bool any_reason = false;
  for (const auto& entry : document.at("trials").as_array()) {
    const auto& trial = entry.as_object();
    const auto sparsity = metric(trial, "sparsity");
    table.add(
        {trial.at("pareto").as_bool() ? "★" : " ", std::to_string(trial.at("id").as_int64()),
         std::string(trial.at("group").as_string()), in_words(trial.at("params").as_object()),
         std::string(was_stopped(trial) ? trial.at("reason").as_string() : trial.at("state").as_string()),
         with_interval(metric(trial, "accuracy"), metric(trial, "accuracy_ci_low"),
                       metric(trial, "accuracy_ci_high"), 3),
         with_interval(metric(trial, "latency_p50_ms"), metric(trial, "latency_ci_low_ms"),
                       metric(trial, "latency_ci_high_ms"), 3),
         speedup(trial), bytes(metric(trial, "size_bytes")), count(metric(trial, "params")),
         count(metric(trial, "macs")), sparsity ? fmt::format("{:.0f} %", *sparsity * 100) : kNotMeasured,
         verdict(metric(trial, "gain"), metric(trial, "gain_ci_low"), metric(trial, "gain_ci_high"),
                 "{:+.3f}")});
    any_reason = any_reason || (trial.at("reason").is_string() && !was_stopped(trial));
  }
  table.print(out);
  out << "★ in the Pareto set of the job's objectives. ± half of the 95 % interval. "
         "can't tell: the interval comes within half a percent of \"as fast\", or holds \"no gain\".\n";
  print_failure(document.at("job").as_object(), out);
  if (!any_reason) return;
  out << "\nWhat did not succeed:\n";
  for (const auto& entry : document.at("trials").as_array())
    if (const auto& trial = entry.as_object(); trial.at("reason").is_string() && !was_stopped(trial))
      out << "  trial " << trial.at("id").as_int64() << " (" << trial.at("group").as_string().c_str()
          << "): " << trial.at("reason").as_string().c_str() << "\n";
}

}  // namespace espalier::cli
