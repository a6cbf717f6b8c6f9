#include "worker/runner/measure/benchmark_report.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "worker/runner/libtorch_version.hpp"
#include "worker/runner/measure/pace.hpp"

namespace espalier::runner {
namespace {

constexpr double kMilli = 1e3;      // ms per second
constexpr double kOftenSlow = 0.5;  // of the blocks at full speed, or fewer: worth a word

Metric plain(std::string name, std::optional<double> value, std::string unit) {
  Metric metric;
  metric.name = std::move(name);
  metric.value = value;
  metric.unit = std::move(unit);
  return metric;
}

const ArmSamples& model_arm(const MeasuredForm& form) {
  return form.latency.arms.front();
}

Metric median_latency(const ArmSamples& arm, const std::string& name) {
  auto metric = plain(name, arm.median_s * kMilli, "ms");
  metric.ci_low = arm.interval_s.low * kMilli;
  metric.ci_high = arm.interval_s.high * kMilli;
  metric.samples = static_cast<std::int64_t>(pooled(arm.counted_s).size());
  return metric;
}

// Null, with the number of samples that didn't carry it.
Metric tail_latency(const MeasuredForm& form, std::optional<double> seconds, const std::string& name) {
  auto metric = plain(name, seconds ? std::optional(*seconds * kMilli) : std::nullopt, "ms");
  metric.samples = static_cast<std::int64_t>(pooled(model_arm(form).counted_s).size());
  return metric;
}

Metric p90_latency(const MeasuredForm& form, const std::string& suffix = "") {
  return tail_latency(form, p90(model_arm(form).counted_s), "latency_p90_ms" + suffix);
}

Metric p99_latency(const MeasuredForm& form, const std::string& suffix = "") {
  return tail_latency(form, p99(model_arm(form).counted_s), "latency_p99_ms" + suffix);
}

Metric load_time(const std::vector<double>& times_s) {
  auto metric =
      plain("load_time_ms", times_s.empty() ? std::nullopt : std::optional(median(times_s) * kMilli), "ms");
  metric.samples = static_cast<std::int64_t>(times_s.size());
  return metric;
}

double largest_difference(const std::vector<MeasuredForm>& forms) {
  double largest = 0;
  for (const auto& form : forms) largest = std::max(largest, form.difference);
  return largest;
}

Metric throughput(const MeasuredForm& form, const std::string& name) {
  const auto& arm = model_arm(form);
  const auto images = static_cast<double>(form.batch);
  auto metric = plain(name, images / arm.median_s, "1/s");
  metric.ci_low = images / arm.interval_s.high;
  metric.ci_high = images / arm.interval_s.low;
  metric.samples = static_cast<std::int64_t>(pooled(arm.counted_s).size());
  return metric;
}

Metric speedup(const MeasuredForm& form, const std::string& name) {
  auto metric = plain(name, form.speedup->value, "");
  metric.ci_low = form.speedup->interval.low;
  metric.ci_high = form.speedup->interval.high;
  metric.samples = static_cast<std::int64_t>(model_arm(form).blocks_s.size());
  return metric;
}

const MeasuredForm& best_throughput(const std::vector<MeasuredForm>& forms) {
  return *std::max_element(forms.begin(), forms.end(), [](const MeasuredForm& a, const MeasuredForm& b) {
    return static_cast<double>(a.batch) / model_arm(a).median_s <
           static_cast<double>(b.batch) / model_arm(b).median_s;
  });
}

json::array to_json(const std::vector<Candidate>& candidates) {
  json::array list;
  for (const auto& candidate : candidates) {
    json::object entry{{"name", candidate.name}};
    if (candidate.rejected.empty()) {
      entry["median_ms"] = candidate.median_s * kMilli;
      entry["difference"] = candidate.difference;
    } else {
      entry["rejected"] = candidate.rejected;
    }
    list.push_back(std::move(entry));
  }
  return list;
}

json::array nanoseconds(const std::vector<double>& seconds) {
  json::array list;
  for (const double value : seconds) list.push_back(static_cast<std::int64_t>(std::llround(value * 1e9)));
  return list;
}

json::object to_json(const ArmSamples& arm) {
  json::array blocks;
  for (const auto& block : arm.blocks_s) blocks.push_back(nanoseconds(block));
  json::array waited;
  for (const auto& block : arm.waited_s) {
    const bool undisturbed = std::all_of(block.begin(), block.end(), [](double value) { return value == 0; });
    waited.push_back(undisturbed ? json::array() : nanoseconds(block));
  }
  return {{"arm", arm.name},
          {"median_ms", arm.median_s * kMilli},
          {"ci_ms", {arm.interval_s.low * kMilli, arm.interval_s.high * kMilli}},
          {"blocks_ns", std::move(blocks)},
          {"waited_ns", std::move(waited)},
          {"pace", json::value_from(arm.pace)}};
}

json::object to_json(const MeasuredForm& form) {
  json::array arms;
  for (const auto& arm : form.latency.arms) {
    auto entry = to_json(arm);
    const bool is_model = &arm == &form.latency.arms.front();
    entry["form"] = is_model ? form.model_form : form.baseline_form;
    entry["candidates"] = to_json(is_model ? form.model_candidates : form.baseline_candidates);
    arms.push_back(std::move(entry));
  }
  return {{"batch", form.batch},
          {"threads", form.threads},
          {"pinned_to", json::value_from(form.cpus)},
          {"busy", form.latency.busy},
          {"preemptions", form.latency.preemptions},
          {"full_speed", form.latency.full_speed ? json::value(*form.latency.full_speed) : json::value()},
          {"fastest_pace", form.latency.full_speed ? json::value(fastest_pace()) : json::value()},
          {"reached_target_ci", form.latency.reached_target},
          {"rounds_by_placement", json::value_from(form.rounds)},
          {"arms", std::move(arms)}};
}

std::string label(const MeasuredForm& form) {
  return fmt::format("b{}/t{}", form.batch, form.threads);
}

}  // namespace

std::vector<Metric> metrics_of(const BenchmarkFacts& facts) {
  const auto& headline = facts.forms.front();
  const auto headline_latency = median_latency(model_arm(headline), "latency_p50_ms");
  std::vector<Metric> metrics = {
      plain("params", static_cast<double>(facts.weights.params), ""),
      plain("macs", static_cast<double>(facts.macs.total), ""),
      plain("flops", 2 * static_cast<double>(facts.macs.total), ""),
      plain("size_bytes", static_cast<double>(facts.size_bytes), "B"),
      plain("sparsity", facts.weights.sparsity(), ""),
      headline_latency,
      p90_latency(headline),
      p99_latency(headline),
      plain("latency_ci_low_ms", headline_latency.ci_low, "ms"),
      plain("latency_ci_high_ms", headline_latency.ci_high, "ms"),
      throughput(best_throughput(facts.forms), "throughput_per_s"),
      load_time(facts.load_times_s),
      plain("output_difference", largest_difference(facts.forms), ""),
  };
  if (headline.speedup) metrics.push_back(speedup(headline, "speedup"));
  const auto peak = facts.peak_rss_bytes;
  metrics.push_back(
      plain("peak_rss_bytes", peak ? std::optional(static_cast<double>(*peak)) : std::nullopt, "B"));
  metrics.push_back(plain("energy_j", facts.energy_j, "J"));
  double busy = 0;
  std::optional<double> full_speed;
  for (const auto& form : facts.forms) {
    const auto suffix = fmt::format("/{}", label(form));
    busy = std::max(busy, form.latency.busy);
    if (form.latency.full_speed) full_speed = std::min(full_speed.value_or(1), *form.latency.full_speed);
    metrics.push_back(median_latency(model_arm(form), "latency_p50_ms" + suffix));
    metrics.push_back(p90_latency(form, suffix));
    metrics.push_back(p99_latency(form, suffix));
    metrics.push_back(throughput(form, "throughput_per_s" + suffix));
    if (!form.speedup) continue;
    metrics.push_back(speedup(form, "speedup" + suffix));
    metrics.push_back(median_latency(form.latency.arms.at(1), "baseline_p50_ms" + suffix));
  }
  metrics.push_back(plain("busy", busy, ""));
  metrics.push_back(plain("full_speed", full_speed, ""));
  metrics.push_back(plain("operators_without_rule", static_cast<double>(facts.macs.without_rule.size()), ""));
  for (const auto& [name, calls] : facts.macs.without_rule)
    metrics.push_back(plain("calls_without_rule/" + name, static_cast<double>(calls), ""));
  return metrics;
}

json::object samples_file(const BenchmarkFacts& facts, const LatencyPlan& plan) {
  json::object operators;
  for (const auto& [name, cost] : facts.macs.by_operator) {
    operators[name] = json::object{{"calls", cost.calls}, {"macs", cost.macs}};
  }
  json::object without_rule;
  for (const auto& [name, calls] : facts.macs.without_rule) without_rule[name] = calls;
  json::array forms;
  for (const auto& form : facts.forms) forms.push_back(to_json(form));
  return {
      {"conditions",
       {{"libtorch", libtorch_version()},
        {"isa", vector_isa()},
        {"engine", facts.engine},
        {"seed", plan.seed},
        {"min_seconds", plan.min_seconds},
        {"target_ci", plan.target_ci},
        {"energy_source", facts.energy_source.empty() ? json::value() : json::value(facts.energy_source)}}},
      {"load_ns", nanoseconds(facts.load_times_s)},
      {"operators", std::move(operators)},
      {"operators_without_rule", std::move(without_rule)},
      {"forms", std::move(forms)}};
}

std::vector<std::string> doubts_about(const BenchmarkFacts& facts, const LatencyPlan& plan) {
  std::vector<std::string> doubts;
  for (const auto& form : facts.forms) {
    if (form.latency.busy > kBusyLimit) {
      doubts.push_back(fmt::format(
          "{}: the machine was busy: the timing thread had no CPU for {:.1f} % of the time ({} preemptions)",
          label(form), form.latency.busy * 100, form.latency.preemptions));
    }
    if (form.latency.full_speed.value_or(1) < kOftenSlow) {
      doubts.push_back(fmt::format(
          "{}: for {:.0f} % of the time the core was slower than it can be, as beside a neighbour on it; {}",
          label(form), 100 * (1 - *form.latency.full_speed),
          model_arm(form).counted_s.size() < model_arm(form).blocks_s.size()
              ? "the latencies are those of the rest"
              : "hardly anything is left of the rest, so the latencies are of the slower core"));
    }
    if (!form.latency.reached_target) {
      doubts.push_back(
          fmt::format("{}: the interval is wider than target_ci = {} after the longest allowed time",
                      label(form), plan.target_ci));
    }
  }
  if (!facts.macs.without_rule.empty()) {
    std::vector<std::string> uncounted;
    for (const auto& [name, calls] : facts.macs.without_rule)
      uncounted.push_back(fmt::format("{} ({} call{})", name, calls, calls == 1 ? "" : "s"));
    doubts.push_back(fmt::format("MACs don't include these operators: {}", fmt::join(uncounted, ", ")));
  }
  return doubts;
}

}  // namespace espalier::runner
