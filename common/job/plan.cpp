#include "common/job/plan.hpp"

#include <algorithm>
#include <iterator>
#include <optional>

#include "common/job/bound.hpp"
#include "common/job/expand.hpp"
#include "common/job/model_source.hpp"
#include "common/job/pipeline.hpp"
#include "common/job/schema.hpp"
#include "common/job/search_rules.hpp"
#include "common/job/search_settings.hpp"
#include "common/job/search_space.hpp"
#include "common/job/section.hpp"
#include "common/job/settings.hpp"
#include "common/job/validate.hpp"
#include "common/match/requirement.hpp"

namespace espalier::job {
namespace {

constexpr std::string_view kOnlyGroup = "main";

// The top level as a group's defaults.
Node group_defaults(const Node& root) {
  auto defaults = root;
  defaults.erase("group");
  return defaults;
}

void check_tables_are_read(const Node& written, const std::vector<Stage>& stages, Diagnostics& diagnostics) {
  for (const auto& member : written.members) {
    if (member.value.is(NodeKind::invalid) || is_read(member.name, stages)) continue;
    diagnostics.add(code::kStageAbsent, member.name_span,
                    "this group has settings for `" + member.name + "`, but its pipeline has no such stage",
                    member.name == "teacher" ? "put `distill` in the pipeline, or leave the teacher out"
                                             : "add it to the pipeline, or leave the settings out");
  }
}

void check_sweep_is_read(const Sweep& sweep, const std::vector<Stage>& stages, Diagnostics& diagnostics) {
  for (const auto& axis : sweep.axes) {
    for (const auto& key : axis.keys) {
      const auto table = key.substr(0, key.find('.'));
      if (is_read(table, stages)) continue;
      diagnostics.add(code::kStageAbsent, axis.span,
                      "`" + key + "` is swept, but the pipeline has no stage that reads `" + table + "`",
                      "add the stage to the pipeline, or leave the axis out");
    }
  }
}

bool sweeps(const Sweep& sweep, std::string_view prefix) {
  return std::any_of(sweep.axes.begin(), sweep.axes.end(), [&](const Axis& axis) {
    return std::any_of(axis.keys.begin(), axis.keys.end(),
                       [&](const std::string& key) { return key.starts_with(prefix); });
  });
}

void check_presence(const Group& group, Span span, Diagnostics& diagnostics) {
  const auto* pipeline = valid(&group.settings, "pipeline");
  const auto* model = valid(&group.settings, "model");
  const bool measures_a_trial =
      pipeline != nullptr && pipeline->items.empty() &&
      ((model != nullptr && model->find("trial") != nullptr) || sweeps(group.sweep, "model.trial"));
  for (const std::string_view table : {"data", "model"}) {
    if (table == "data" && measures_a_trial) continue;  // its model says what it takes
    if (group.settings.find(table) != nullptr || sweeps(group.sweep, std::string(table) + ".")) continue;
    diagnostics.add(code::kMissing, span, "there is no [" + std::string(table) + "]",
                    table == "data" ? "add [data] with dataset = \"fashion-mnist\""
                                    : "add [model] with name = \"lenet5\"");
  }
}

// `written` is the group's own table; null for a job without groups, whose tables at the top level are the
// group.
Group read_group(const Node& defaults, const Node* written, std::optional<Sampling> sampling,
                 Diagnostics& diagnostics) {
  Group group;
  group.settings = written == nullptr ? defaults : merged(defaults, *written);
  const auto span = written == nullptr ? Span{} : written->span;
  const auto* name = valid(written, "name");
  group.name = name == nullptr ? std::string(kOnlyGroup) : std::string(name->text());
  if (written != nullptr && written->find("name") == nullptr) {
    diagnostics.add(code::kMissing, span, "a group needs a `name`",
                    "add name = \"…\": results are listed under it");
  }
  const auto* sweep = valid(&group.settings, "sweep");
  const auto* zip = valid(&group.settings, "zip");
  if (zip == nullptr) zip = valid(sweep, "zip");
  if (sampling) sampling->group = group.name;
  group.sweep = read_sweep(sweep, zip, sampling, diagnostics);
  check_presence(group, span, diagnostics);
  const auto* pipeline = group.settings.find("pipeline");
  if (pipeline == nullptr) {
    diagnostics.add(code::kMissing, span, "there is no `pipeline`",
                    "add pipeline = [\"train\"]; [] takes the model as it is");
  }
  if (pipeline == nullptr || pipeline->is(NodeKind::invalid)) {
    group.is_usable = false;
    return group;
  }
  const auto* model = valid(&group.settings, "model");
  const bool is_trained = (model != nullptr && says_it_is_trained(*model)) ||
                          sweeps(group.sweep, "model.weights") || sweeps(group.sweep, "model.file") ||
                          sweeps(group.sweep, "model.trial");
  const bool has_teacher = group.settings.find("teacher") != nullptr || sweeps(group.sweep, "teacher.");
  group.is_usable = read_pipeline(*pipeline, is_trained, has_teacher, group.stages, diagnostics);
  if (!group.is_usable) return group;
  if (written != nullptr) check_tables_are_read(*written, group.stages, diagnostics);
  check_sweep_is_read(group.sweep, group.stages, diagnostics);
  return group;
}

std::vector<Group> read_groups(const Node& root, const std::optional<Sampling>& sampling,
                               Diagnostics& diagnostics) {
  const auto defaults = group_defaults(root);
  const auto* written = root.find("group");
  std::vector<Group> groups;
  if (written == nullptr || (written->is(NodeKind::list) && written->items.empty())) {
    groups.push_back(read_group(defaults, nullptr, sampling, diagnostics));
    return groups;
  }
  if (!written->is(NodeKind::list)) return groups;
  for (const auto& item : written->items) {
    auto group = read_group(defaults, &item, sampling, diagnostics);
    const auto* name = valid(&item, "name");
    const bool is_known =
        std::any_of(groups.begin(), groups.end(), [&](const Group& g) { return g.name == group.name; });
    if (name != nullptr && is_known) {
      diagnostics.add(code::kGroupTwice, name->span, "there are two groups named " + in_ticks(group.name),
                      "give each its own name");
    }
    groups.push_back(std::move(group));
  }
  return groups;
}

// Before anything is expanded: a grid too large must not cost memory to be refused.
bool is_within_bounds(const Node& root, const std::vector<Group>& groups, bool is_adaptive,
                      Diagnostics& diagnostics) {
  const auto* job = root.find("job");
  const auto* written = valid(job, "repeats");
  const auto repeats =
      written == nullptr ? std::uint64_t{1} : static_cast<std::uint64_t>(written->scalar.as_int64());
  std::uint64_t total = 0;
  for (const auto& group : groups) {
    total += group.sweep.size() * repeats;
    if (repeats > 1 && sweeps(group.sweep, "job.seed")) {
      diagnostics.add(code::kContradiction, written->span,
                      "`job.repeats` and a sweep of `job.seed` both choose the seeds", "keep one of them");
    }
    if (total <= (is_adaptive ? kMostAdaptiveTrials : kMostTrials)) continue;
    const auto span = group.sweep.axes.empty() ? Span{} : group.sweep.axes.front().span;
    diagnostics.add(
        code::kTooManyTrials, span,
        "with group `" + group.name + "` this job has more than " +
            (is_adaptive ? "100,000 trials, the most that halving and nsga2 take"
                         : "1,000,000 trials, the most a job may have"),
        is_adaptive ? "lower `search.trials`" : "take fewer values, or move axes together with `zip`");
    return false;
  }
  return true;
}

void read_job(const Node& root, Plan& plan, Diagnostics& diagnostics) {
  const auto* job = root.find("job");
  if (job == nullptr || (job->is(NodeKind::table) && job->find("name") == nullptr)) {
    diagnostics.add(code::kMissing, job == nullptr ? Span{} : job->span, "the job has no name",
                    "add [job] with name = \"…\"");
  }
  const auto settings = filled_in(table_of("job"), {job});
  if (const auto* name = settings.if_contains("name")) plan.name = name->as_string();
  plan.description = settings.at("description").as_string();
  plan.priority = settings.at("priority").as_int64();
}

void read_limits(const Node& root, Plan& plan) {
  const auto limits = filled_in(table_of("limits"), {root.find("limits")});
  if (const auto* timeout = limits.if_contains("timeout")) plan.timeout_s = timeout->to_number<double>();
  if (const auto* memory = limits.if_contains("memory"))
    plan.memory_bytes = static_cast<std::int64_t>(memory->to_number<double>());
  if (const auto* most = limits.if_contains("max_parallel")) plan.max_parallel = most->as_int64();
  plan.retries = static_cast<int>(limits.at("retries").as_int64());
}

Target read_target(const Node& group) {
  Target target;
  const auto* table = valid(&group, "target");
  if (const auto* require = valid(table, "require"); require != nullptr && !match::is_blank(require->text()))
    target.require = require->text();
  if (const auto* any_of = valid(table, "any_of")) {
    for (const auto& item : any_of->items) target.any_of.emplace_back(item.text());
  }
  return target;
}

void read_aims(const Node& root, Plan& plan) {
  if (const auto* objectives = valid(&root, "objectives")) {
    for (const auto& member : objectives->members)
      plan.objectives.push_back({member.name, member.value.text() == "max"});
  }
  if (const auto* constraints = valid(&root, "constraints")) {
    for (const auto& member : constraints->members) {
      auto constraint = *parse_bound(member.value.text());
      constraint.metric = member.name;
      plan.constraints.push_back(std::move(constraint));
    }
  }
}

void check_devices(const Group& group, Diagnostics& diagnostics) {
  for (const auto& axis : group.sweep.axes) {
    if (std::find(axis.keys.begin(), axis.keys.end(), "benchmark.device") == axis.keys.end()) continue;
    diagnostics.add(
        code::kContradiction, axis.span, "`benchmark.device` can't be swept: every trial is measured on each",
        "write benchmark = { device = [\"cpu\", …] }: one training, a result for each device class");
  }
}

// What each group searches in, if the search is adaptive.
void give_spaces(const SearchSettings& settings, std::vector<Group>& groups, Plan& plan) {
  if (!settings.search) return;
  plan.search = settings.search;
  for (auto& group : groups) {
    if (group.sweep.axes.empty()) continue;
    group.space = take_space(*settings.search, settings.min_epochs, group);
    plan.spaces.push_back(*group.space);
  }
}

void expand(Group group, const std::vector<Proposal>* asked, Expansion& expansion) {
  if (!group.space || asked == nullptr) return expansion.add(std::move(group));
  if (asked->empty()) return expansion.check(std::move(group));
  expansion.add(std::move(group), *asked);
}

}  // namespace

std::vector<Diagnostic> plan_job(std::string_view toml_text, const Surroundings& surroundings,
                                 const PlanSink& sink, const std::vector<Proposal>* asked) {
  Diagnostics diagnostics(toml_text);
  auto root = read_toml(toml_text, diagnostics);
  if (!diagnostics.empty()) return std::move(diagnostics).in_file_order();

  validate_table(root, root_schema(), diagnostics);
  Plan head;
  read_job(root, head, diagnostics);
  read_limits(root, head);
  read_aims(root, head);
  const auto search = read_search(root, head.objectives, diagnostics);
  auto groups = read_groups(root, search.sampling, diagnostics);
  for (const auto& group : groups) check_devices(group, diagnostics);
  check_search(search, root, groups, head, diagnostics);
  Looked looked(surroundings);
  head.targets = {Target{}};
  for (auto& group : groups) {
    head.groups.push_back(group.name);
    const Target target = read_target(group.settings);
    group.target = place_of(target, head.targets);
    const bool measures = is_enabled(group.settings, "benchmark") || sweeps(group.sweep, "benchmark.enabled");
    if (!diagnostics.empty() || !measures) continue;
    const auto* device = valid(group.settings.find("benchmark"), "device");
    group.measured_on = measured_on(device, target, looked, head.targets);
  }
  if (is_within_bounds(root, groups, search.search.has_value(), diagnostics)) {
    if (diagnostics.empty()) {
      give_spaces(search, groups, head);
      sink.head(head);
    }
    Expansion expansion(looked, diagnostics, sink);
    for (auto& group : groups) expand(std::move(group), asked, expansion);
    expansion.finish();
  }
  return std::move(diagnostics).in_file_order();
}

Planned plan_job(std::string_view toml_text, const Surroundings& surroundings,
                 const std::vector<Proposal>* asked) {
  Plan plan;
  PlanSink sink;
  sink.head = [&](const Plan& head) { plan = head; };
  sink.part = [&](std::vector<Trial> trials, std::vector<Task> tasks) {
    plan.trials.insert(plan.trials.end(), std::make_move_iterator(trials.begin()),
                       std::make_move_iterator(trials.end()));
    plan.tasks.insert(plan.tasks.end(), std::make_move_iterator(tasks.begin()),
                      std::make_move_iterator(tasks.end()));
  };
  auto errors = plan_job(toml_text, surroundings, sink, asked);
  if (!errors.empty()) return {std::nullopt, std::move(errors)};
  return {std::move(plan), {}};
}

}  // namespace espalier::job
