#include "common/job/expand.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/job/model_source.hpp"
#include "common/job/pipeline.hpp"
#include "common/job/search_space.hpp"
#include "common/job/section.hpp"
#include "common/job/settings.hpp"
#include "common/job/trial_model.hpp"
#include "common/job/trial_tasks.hpp"

namespace espalier::job {
namespace {

std::int64_t integer_at(const Node& group, std::string_view key) {
  const auto& defaults = defaults_of(table_of("job"));
  const auto* value = valid(group.find("job"), key);
  return value == nullptr ? defaults.at(key).as_int64() : value->scalar.as_int64();
}

void read_teacher(const Node& group, TrialParts& parts, const DataSource* data, Looked& looked,
                  Diagnostics& diagnostics) {
  const auto* table = group.find("teacher");
  if (table == nullptr || !table->is(NodeKind::table)) return;
  const auto* model = table->find("model");
  const auto* file = table->find("file");
  if (model != nullptr && file != nullptr) {
    diagnostics.add(code::kContradiction, table->member("file")->place(),
                    "`teacher` has both a `model` and a `file`",
                    "keep `model` to train one, or `file` for one that is trained");
  } else if (model == nullptr && file == nullptr) {
    diagnostics.add(code::kMissing, table->span, "`teacher` says neither `model` nor `file`",
                    R"(add model = { name = "resnet20" } or file = "teacher.pt")");
  } else if (const auto* path = valid(table, "file")) {
    parts.teacher = read_model_file(*path, data, looked, diagnostics);
    if (const auto* train = table->member("train")) {
      diagnostics.add(code::kContradiction, train->place(),
                      "`teacher.train` is of no use: a teacher `file` is trained already", "leave it out");
    }
  } else if (const auto* described = valid(table, "model")) {
    parts.teacher = read_model(*described, data, looked, diagnostics);
    const bool is_ready = parts.teacher && parts.teacher->is_trained && table->find("train") == nullptr;
    if (!is_ready) parts.teacher_train = teacher_settings(group, diagnostics);
  }
}

// What the model is timed against: another trial's model instead of its own before it was compressed.
void read_against(const Node& group, TrialParts& parts, Looked& looked, Diagnostics& diagnostics) {
  const auto* number = valid(group.find("benchmark"), "against");
  if (number == nullptr || !parts.benchmark) return;
  parts.against = read_trial_model(*number, looked, diagnostics);
  if (!parts.against) return;
  const TrialId trial{number->scalar.as_int64()};
  const auto& other = looked.trial(trial).value();
  TrialModel own;
  own.input_shape = parts.model.input_shape;
  if (!own.input_shape && parts.data.input_shape)
    own.input_shape.emplace(parts.data.input_shape->begin(), parts.data.input_shape->end());
  own.data = parts.data.spec.empty() ? parts.model.data : parts.data.shape_spec();
  const auto fits = check_comparable("this model", own, fmt::format("that of trial {}", trial.value), other);
  if (!fits) diagnostics.add(code::kModelDoesNotFit, number->span, fits.error().message, fits.error().help);
  // Each in the form that it was measured in.
  if (!other.measured) return;
  const auto* precision = other.measured->settings.if_contains("precision");
  if (precision != nullptr && *precision != "fp32") (*parts.benchmark)["baseline_precision"] = *precision;
}

// Everything that is wrong with this point is reported, even if an earlier part is unusable already.
std::optional<TrialParts> read_parts(const Group& group, std::int64_t seed, Looked& looked,
                                     Diagnostics& diagnostics) {
  const auto& tables = group.settings;
  TrialParts parts;
  parts.seed = seed;
  parts.stages = group.stages;
  parts.target = group.target;
  const auto* data_table = valid(&tables, "data");
  const auto* model_table = valid(&tables, "model");
  std::optional<DataSource> data;
  if (data_table != nullptr) data = read_data(*data_table, looked, diagnostics);
  const auto* known_data = data ? &*data : nullptr;
  if (tables.find("data") == nullptr) {  // only where a trial's model is measured and nothing else
    data.emplace();
    data->has_accuracy = false;
  }
  std::optional<ModelSource> model;
  if (model_table != nullptr) model = read_model(*model_table, known_data, looked, diagnostics);
  if (contains(group.stages, Stage::train)) parts.train = train_settings(tables, diagnostics);
  if (contains(group.stages, Stage::finetune)) parts.finetune = finetune_settings(tables, diagnostics);
  if (contains(group.stages, Stage::prune)) parts.prune = prune_settings(tables);
  if (contains(group.stages, Stage::quantize)) parts.quantize = quantize_settings(tables);
  if (contains(group.stages, Stage::distill)) {
    parts.distill = distill_settings(tables, diagnostics);
    parts.twin = twin_settings(tables, diagnostics);
    read_teacher(tables, parts, known_data, looked, diagnostics);
  }
  if (is_enabled(tables, "benchmark")) parts.benchmark = benchmark_settings(tables);
  parts.measured_on = group.measured_on;
  if (!data || !model || !group.is_usable) return std::nullopt;
  if (contains(group.stages, Stage::distill) && !parts.teacher) return std::nullopt;
  parts.evaluates = data->has_accuracy && is_enabled(tables, "evaluate");
  parts.data = std::move(*data);
  parts.model = std::move(*model);
  read_against(tables, parts, looked, diagnostics);
  return parts;
}

// Puts a point's values in place; what they are.
json::object put_in_place(const std::vector<double>& numbers, Group& group) {
  json::object params;
  for (auto& [key, value] : group.sweep.at(numbers)) {
    params[key] = to_json(value);
    group.settings.at_path(key) = std::move(value);
  }
  return params;
}

}  // namespace

void Expansion::add(Group group) {
  const auto repeats = integer_at(group.settings, "repeats");
  const auto points = group.sweep.size();
  for (std::uint64_t index = 0; index < points && !diagnostics_.full(); ++index) {
    auto numbers = group.sweep.numbers(index);
    Trial trial{group.name, put_in_place(numbers, group), {}};
    if (group.space) {
      trial.point = std::move(numbers);
      if (!group.space->rungs.empty()) trial.rung = group.space->rungs.size() - 1;
    }
    const auto seed = integer_at(group.settings, "seed");
    for (std::int64_t repeat = 0; repeat < repeats; ++repeat) {
      if (repeats > 1) trial.params["job.seed"] = seed + repeat;
      add_trial(group, trial, seed + repeat);
    }
  }
}

void Expansion::add(Group group, const std::vector<Proposal>& asked) {
  for (const auto& proposal : asked) {
    if (proposal.group != group.name || !is_in_space(group, proposal, diagnostics_)) continue;
    auto params = put_in_place(proposal.point, group);
    add_trial(group, {group.name, std::move(params), {}, proposal.point, proposal.generation, proposal.rung},
              integer_at(group.settings, "seed"));
  }
}

void Expansion::check(Group group) {
  const auto points = group.sweep.size();
  for (std::uint64_t index = 0; index < points && !diagnostics_.full(); ++index) {
    put_in_place(group.sweep.numbers(index), group);
    read_parts(group, integer_at(group.settings, "seed"), looked_, diagnostics_);
  }
}

void Expansion::add_trial(const Group& group, Trial trial, std::int64_t seed) {
  auto parts = read_parts(group, seed, looked_, diagnostics_);
  if (!parts || !diagnostics_.empty()) return;
  if (group.space) parts->rungs = group.space->rungs;
  parts->rung = trial.rung;
  trial.tasks = trial_tasks(*parts, graph_);
  trials_.push_back(std::move(trial));
  if (trials_.size() >= kTrialsInAPart) finish();
}

void Expansion::finish() {
  if (trials_.empty() || !diagnostics_.empty()) return;
  sink_.part(std::exchange(trials_, {}), graph_.take());
}

}  // namespace espalier::job
