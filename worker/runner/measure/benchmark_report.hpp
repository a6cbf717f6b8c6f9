// What a benchmark says: its metrics, and the file with every raw sample.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/json.hpp"
#include "worker/runner/measure/best_form.hpp"
#include "worker/runner/measure/latency.hpp"
#include "worker/runner/measure/macs.hpp"
#include "worker/runner/task.hpp"

namespace espalier::runner {

// One batch size on one number of threads.
struct MeasuredForm {
  std::int64_t batch = 1;
  int threads = 1;
  std::vector<int> cpus;  // the timing thread was confined to these; empty: not confined
  std::string model_form;
  std::string baseline_form;  // empty without a baseline
  std::vector<Candidate> model_candidates, baseline_candidates;
  double difference = 0;            // of the model's form from the model's own numbers, as in best_form.hpp
  LatencyResult latency;            // arms: the model, then the baseline if there is one
  std::vector<std::size_t> rounds;  // by placement of the arms in memory; empty without a baseline
  std::optional<Ratio> speedup;     // baseline / model
};

struct BenchmarkFacts {
  MacCount macs;  // of one image
  WeightCount weights;
  std::int64_t size_bytes = 0;
  std::optional<std::int64_t> peak_rss_bytes;
  std::vector<double> load_times_s;
  std::string energy_source;        // empty: none
  std::optional<double> energy_j;   // per run of the first form
  std::string engine;               // of an int8 model
  std::vector<MeasuredForm> forms;  // the first is the headline
};

// Headline names as in docs/how-it-works.md, then `latency_p50_ms/b32/t1` and the like for every form, and
// `calls_without_rule/aten::cumsum` and the like for every operator whose cost `macs` lacks. A metric that
// could not be measured has no value.
std::vector<Metric> metrics_of(const BenchmarkFacts& facts);

// Every run in nanoseconds by arm and block (`waited_ns`: what it spent without a CPU, which is not in
// `blocks_ns`; an empty list for a block without waiting), forms, candidates, conditions.
json::object samples_file(const BenchmarkFacts& facts, const LatencyPlan& plan);

// Sentences about what makes the numbers doubtful: a busy machine, a neighbour on the core, an interval that
// stayed wide, operators without a rule. Empty if nothing does.
std::vector<std::string> doubts_about(const BenchmarkFacts& facts, const LatencyPlan& plan);

}  // namespace espalier::runner
