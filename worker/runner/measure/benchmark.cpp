// The stage `benchmark`: what a net costs, on paper and on this machine.
#include <fmt/format.h>

#include <filesystem>

#include "common/base/log.hpp"
#include "worker/runner/fields.hpp"
#include "worker/runner/measure/benchmark_report.hpp"
#include "worker/runner/measure/conditions.hpp"
#include "worker/runner/measure/energy.hpp"
#include "worker/runner/measure/load_time.hpp"
#include "worker/runner/measure/paired_forms.hpp"
#include "worker/runner/measure/peak_memory.hpp"
#include "worker/runner/models/example_input.hpp"
#include "worker/runner/output_file.hpp"
#include "worker/runner/refuse.hpp"
#include "worker/runner/task.hpp"

namespace espalier::runner {
namespace {

// Parameters of a net that is timed at several places by itself: its memory must hold three of them then, and
// the weights of a larger one pass through all caches wherever they lie.
constexpr std::int64_t kMostMadeAnew = 16'000'000;

struct BenchmarkSettings {
  std::vector<std::int64_t> batch_sizes = {1};
  std::vector<std::int64_t> threads = {1};
  Precision precision = Precision::fp32;
  Precision baseline_precision = Precision::fp32;  // of another trial's model: as that was measured
  LatencyPlan plan;
};

BenchmarkSettings settings_from(const TaskContext& task) {
  const auto& fields = settings_of(task);
  BenchmarkSettings settings;
  if (has_field(fields, "batch_sizes")) settings.batch_sizes = integers_field(fields, "batch_sizes");
  if (has_field(fields, "threads")) settings.threads = integers_field(fields, "threads");
  settings.precision = precision_from(text_field(fields, "precision", "fp32"), "benchmark.precision");
  settings.baseline_precision =
      precision_from(text_field(fields, "baseline_precision", "fp32"), "benchmark.baseline_precision");
  settings.plan.min_seconds = number_field(fields, "min_seconds", settings.plan.min_seconds);
  settings.plan.target_ci = number_field(fields, "target_ci", settings.plan.target_ci);
  settings.plan.seed = static_cast<std::uint64_t>(seed_of(task));
  const auto positive = [](const std::vector<std::int64_t>& numbers) {
    return !numbers.empty() && std::all_of(numbers.begin(), numbers.end(), [](auto n) { return n > 0; });
  };
  if (!positive(settings.batch_sizes) || !positive(settings.threads)) {
    refuse("benchmark.batch_sizes and benchmark.threads need at least one number, all above 0",
           "for example batch_sizes = [1, 32] and threads = [1]");
  }
  return settings;
}

// The file that would be shipped. A model of the spec's own has none yet: it is written here, for as long as
// it is weighed.
struct Deployable {
  std::filesystem::path path;
  bool ours = false;

  Deployable(const TaskContext& task, const Model& model) {
    const auto input = task.inputs.find("model");
    ours = task.spec.contains("model") || input == task.inputs.end();
    path = ours ? task.folder / "weighed.pt" : input->second;
    if (ours) save_model(model, path);
  }
  ~Deployable() {
    std::error_code left_for_the_agent;
    if (ours) std::filesystem::remove(path, left_for_the_agent);
  }
  Deployable(const Deployable&) = delete;
  Deployable& operator=(const Deployable&) = delete;
};

struct Subjects {
  Model model;
  std::optional<Model> baseline;
};

// A net in another number format than it was made in has itself in fp32 to be compared with.
Subjects subjects_of(const TaskContext& task, Precision precision) {
  Subjects subjects{model_of(task), baseline_of(task)};
  const bool is_converted = precision == Precision::bf16 && subjects.model.info.form == "fp32";
  if (!subjects.baseline && is_converted) subjects.baseline = subjects.model;
  return subjects;
}

// The planner knows most shapes; some only the files say.
void check_same_inputs(const ModelInfo& model, const ModelInfo& baseline) {
  const auto in_words = [](const ModelInfo& info) {
    return json::serialize(json::value_from(info.input_shape)) + (info.vocabulary > 0 ? " of token ids" : "");
  };
  if (in_words(model) == in_words(baseline)) return;
  refuse("the model takes inputs " + in_words(model) + ", but what it is compared with takes " +
             in_words(baseline),
         "only models of the same inputs can be compared");
}

// For the report, which doesn't keep nets alive.
std::vector<Candidate> only_told(std::vector<Candidate> candidates) {
  for (auto& candidate : candidates) candidate.anew = {};
  return candidates;
}

void measure_beside(Form& baseline, Form& model, const LatencyPlan& plan,
                    const std::function<void(double)>& on_progress, MeasuredForm& form) {
  auto measured = measure_pair(model, baseline, plan, on_progress);
  form.baseline_form = baseline.name;
  form.baseline_candidates = only_told(std::move(baseline.candidates));
  form.latency = std::move(measured.latency);
  constexpr int kReplicates = 2000;
  form.speedup = ratio_over_parts(form.latency.arms[1].blocks_s, form.latency.arms[0].blocks_s,
                                  measured.rounds, kReplicates, plan.seed);
  form.rounds = std::move(measured.rounds);
}

MeasuredForm measure_form(Subjects& subjects, std::int64_t batch, int threads,
                          const BenchmarkSettings& settings, Form& model_form,
                          const std::function<void(double)>& on_progress) {
  const double search_s = std::clamp(settings.plan.min_seconds / 20, 0.01, 0.05);
  const IntraOpThreads intra_op(threads);
  const PinnedToCpus pinned(threads);
  std::vector<Model> measured{subjects.model};
  if (subjects.baseline) measured.push_back(*subjects.baseline);
  const auto images = finite_example(measured, batch, settings.plan.seed);
  MeasuredForm form;
  form.batch = batch;
  form.threads = threads;
  form.cpus = pinned.cpus();
  model_form = best_form(subjects.model, images, settings.precision, search_s);
  form.model_candidates = only_told(model_form.candidates);
  auto plan = settings.plan;
  plan.one_thread = threads == 1;
  const auto before = machine_now(pinned.cpus());
  if (subjects.baseline) {
    auto baseline = best_form(*subjects.baseline, images, settings.baseline_precision, search_s);
    measure_beside(baseline, model_form, plan, on_progress, form);
  } else if (count_weights(subjects.model).params <= kMostMadeAnew) {
    auto alone = measure_alone(model_form, plan, on_progress);
    form.latency = std::move(alone.latency);
    form.rounds = std::move(alone.rounds);
  } else {
    form.latency = measure_latency({{"model", model_form.run}}, plan, on_progress);
  }
  form.latency.busy = busy_part(form.latency.busy, before, machine_now(pinned.cpus()), threads);
  form.model_form = model_form.name;
  form.difference = model_form.difference;
  log::info("batch {}, {} thread{}: model as \"{}\"{}, median {:.4f} ms", batch, threads,
            threads == 1 ? "" : "s", form.model_form,
            form.baseline_form.empty() ? std::string() : ", baseline as \"" + form.baseline_form + "\"",
            form.latency.arms[0].median_s * 1e3);
  return form;
}

// Joules per run, over at least half of min_seconds: a counter ticks once a millisecond, power is read every
// ten.
std::optional<double> energy_per_run(EnergyMeter& meter, const std::function<void()>& run,
                                     double min_seconds) {
  const auto before = meter.joules();
  const double until = monotonic_seconds() + min_seconds / 2;
  std::int64_t runs = 0;
  while (monotonic_seconds() < until) {
    run();
    ++runs;
  }
  const auto after = meter.joules();
  if (!before || !after || runs == 0) return std::nullopt;
  const double joules = *after - *before;
  return joules > 0 ? std::optional(joules / static_cast<double>(runs)) : std::nullopt;
}

}  // namespace

TaskOutcome run_benchmark(TaskContext& task) {
  const auto settings = settings_from(task);
  auto subjects = subjects_of(task, settings.precision);
  if (subjects.baseline) check_same_inputs(subjects.model.info, subjects.baseline->info);

  BenchmarkFacts facts;
  facts.engine = subjects.model.info.engine;
  {
    const Deployable file(task, subjects.model);
    facts.size_bytes = static_cast<std::int64_t>(std::filesystem::file_size(file.path));
    facts.peak_rss_bytes = peak_memory_of(file.path, settings.batch_sizes.front());
    const PinnedToCpus pinned(1);
    facts.load_times_s = load_times(file.path, settings.batch_sizes.front());
  }
  facts.weights = count_weights(subjects.model);
  facts.macs = count_macs(subjects.model, example_input(subjects.model.info, 1, settings.plan.seed));

  const auto total = static_cast<double>(settings.threads.size() * settings.batch_sizes.size());
  Form headline;
  for (const auto threads : settings.threads) {
    for (const auto batch : settings.batch_sizes) {
      const auto done = static_cast<double>(facts.forms.size());
      const auto note = fmt::format("batch {}, {} thread{}", batch, threads, threads == 1 ? "" : "s");
      int last_tenth = -1;
      const auto on_progress = [&](double fraction) {
        const int tenth = static_cast<int>(fraction * 10);
        if (tenth == last_tenth) return;
        last_tenth = tenth;
        task.progress((done + fraction) / total, note, {});
      };
      Form form;
      facts.forms.push_back(
          measure_form(subjects, batch, static_cast<int>(threads), settings, form, on_progress));
      if (facts.forms.size() == 1) headline = std::move(form);
    }
  }
  subjects.baseline.reset();
  {
    const auto threads = static_cast<int>(settings.threads.front());
    const IntraOpThreads intra_op(threads);
    // Before this thread is pinned: a meter's own thread shouldn't take its CPU.
    const auto meter = energy_meter_of("cpu");
    const PinnedToCpus pinned(threads);
    if (meter) {
      facts.energy_source = meter->name();
      facts.energy_j = energy_per_run(*meter, headline.run, settings.plan.min_seconds);
    }
  }
  for (const auto& doubt : doubts_about(facts, settings.plan)) {
    log::warn("{}", doubt);
    task.progress(1.0, doubt, {});
  }
  const auto path = task.folder / "samples.json";
  write_output(path, json::serialize(samples_file(facts, settings.plan)));
  return {metrics_of(facts), {{"samples", path}}};
}

}  // namespace espalier::runner
