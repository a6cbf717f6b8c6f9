#include "common/job/search_rules.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "common/job/pipeline.hpp"
#include "common/job/search_space.hpp"
#include "common/job/section.hpp"

namespace espalier::job {
namespace {

// With more, nearly every result is the best one in something.
constexpr std::size_t kMostObjectives = 6;

class Rules {
 public:
  Rules(const SearchSettings& settings, const Node& root, const Plan& plan, Diagnostics& diagnostics)
      : search_(*settings.search),
        min_epochs_(settings.min_epochs),
        root_(root),
        plan_(plan),
        diagnostics_(diagnostics) {}

  void check(const std::vector<Group>& groups) {
    check_repeats();
    if (halves()) {
      decisive_ = {search_.metric};
    } else {
      check_objectives();
      for (const auto& objective : plan_.objectives) decisive_.push_back(objective.metric);
      for (const auto& constraint : plan_.constraints) decisive_.push_back(constraint.metric);
    }
    const auto has_sweep = [](const Group& group) { return group.settings.find("sweep") != nullptr; };
    if (std::none_of(groups.begin(), groups.end(), has_sweep))
      diagnostics_.add(code::kMissing, strategy(), "there is nothing to search in: no group has a `sweep`",
                       "add [sweep] with \"train.learning_rate\" = { log_uniform = [1e-4, 1e-2] }");
    for (const auto& group : groups) {
      if (group.sweep.axes.empty() || !group.is_usable) continue;
      for (const auto& metric : decisive_) check_is_measured(metric, group);
      halves() ? check_training(group) : check_points(group);
    }
  }

 private:
  [[nodiscard]] bool halves() const { return search_.strategy == Search::Strategy::halving; }
  [[nodiscard]] Span strategy() const { return root_.find("search")->member("strategy")->place(); }

  void check_repeats() {
    const auto* repeats = valid(root_.find("job"), "repeats");
    if (repeats == nullptr || repeats->scalar.as_int64() == 1) return;
    diagnostics_.add(code::kContradiction, repeats->span,
                     "`job.repeats` doesn't go with a search that learns from its trials",
                     "leave it out, and run the best ones again with repeats afterwards");
  }

  void check_objectives() {
    const auto* written = valid(&root_, "objectives");
    if (written == nullptr || written->members.empty()) {
      diagnostics_.add(code::kMissing, strategy(),
                       "nsga2 looks for the best, and the job has no [objectives]",
                       "add [objectives] with accuracy = \"max\" and latency_p50_ms = \"min\"");
    } else if (written->members.size() > kMostObjectives) {
      diagnostics_.add(
          code::kOutOfRange, written->members[kMostObjectives].name_span,
          "nsga2 takes at most 6 objectives: with more, nearly every result is the best in something",
          "make some of them [constraints]");
    }
  }

  // Where a trial of the group has this value, as JSON; unset if none has.
  static std::optional<Span> place_of(const Group& group, std::string_view key, std::string_view wanted) {
    const auto is_wanted = [&](const Node& value) {
      return !value.is(NodeKind::invalid) && canonical(to_json(value)) == wanted;
    };
    for (const auto& axis : group.sweep.axes) {
      const auto found = std::find(axis.keys.begin(), axis.keys.end(), key);
      if (found == axis.keys.end()) continue;
      for (const auto& point : axis.points) {
        const auto& value = point[static_cast<std::size_t>(found - axis.keys.begin())];
        if (is_wanted(value)) return value.span;
      }
      return std::nullopt;
    }
    const auto* value = group.settings.find_path(key);
    return value != nullptr && is_wanted(*value) ? std::optional(value->span) : std::nullopt;
  }

  [[nodiscard]] Span place_of(const std::string& metric) const {
    for (const std::string_view table : {"objectives", "constraints"}) {
      const auto* written = valid(&root_, table);
      if (written == nullptr) continue;
      if (const auto* member = written->member(metric)) return member->name_span;
    }
    return strategy();
  }

  void check_is_measured(const std::string& metric, const Group& group) {
    const bool is_evaluated = metric == "accuracy" || metric == "loss" || metric == "gain";
    const auto lacks = [&](Span place, const std::string& why, std::string help) {
      diagnostics_.add(
          code::kContradiction, place,
          "the search needs `" + metric + "`, and group `" + group.name + "` doesn't measure it: " + why,
          std::move(help));
    };
    if (is_evaluated) {
      if (const auto place = place_of(group, "evaluate.enabled", "false"))
        lacks(*place, "`evaluate` is off", "leave `enabled` out");
      if (const auto place = place_of(group, "data.format", "\"synthetic\""))
        lacks(*place, "synthetic data have no accuracy", "take a dataset (`espalier datasets`)");
    } else if (const auto place = place_of(group, "benchmark.enabled", "false")) {
      lacks(*place, "`benchmark` is off", "leave `enabled` out, or search for accuracy alone");
    }
    const bool compresses = contains(group.stages, Stage::prune) || contains(group.stages, Stage::quantize);
    if (metric == "speedup" && !compresses)
      lacks(place_of(metric), "its pipeline compresses nothing", "take `latency_p50_ms`");
    if (metric == "gain" && !contains(group.stages, Stage::distill))
      lacks(place_of(metric), "its pipeline has no `distill`", "take `accuracy`");
  }

  void check_points(const Group& group) {
    if (search_.trials < search_.population || group.sweep.size() >= search_.population) return;
    diagnostics_.add(code::kOutOfRange, group.sweep.axes.front().span,
                     "group `" + group.name + "` has " + std::to_string(group.sweep.size()) +
                         " points, fewer than the " + std::to_string(search_.population) + " of a generation",
                     "a grid runs them all: leave [search] out");
  }

  void check_training(const Group& group) {
    const auto* pipeline = valid(&group.settings, "pipeline");
    if (group.stages.empty() || group.stages.front() != Stage::train) {
      diagnostics_.add(code::kStageOrder, pipeline->span,
                       "halving decides while a net is trained, and the pipeline of group `" + group.name +
                           "` doesn't begin with `train`",
                       "put \"train\" first, or write strategy = \"random\"");
      return;
    }
    for (const auto& axis : group.sweep.axes) {
      for (const std::string_view key : {"train.epochs", "train.patience"}) {
        if (std::find(axis.keys.begin(), axis.keys.end(), key) == axis.keys.end()) continue;
        diagnostics_.add(
            code::kContradiction, axis.span,
            "`" + std::string(key) + "` can't be swept: halving decides how long each trial is trained",
            "set `train.epochs` to the most that is worth it, and sweep the rest");
        return;
      }
    }
    if (const auto* patience = valid(group.settings.find("train"), "patience"))
      diagnostics_.add(
          code::kContradiction, patience->span,
          "`train.patience` doesn't go with halving, which decides how long each trial is trained",
          "leave it out");
    check_rungs(group);
  }

  void check_rungs(const Group& group) {
    const auto epochs = epochs_of(group.settings);
    if (epochs > min_epochs_) return;
    const auto* written = valid(group.settings.find("train"), "epochs");
    if (written == nullptr) written = valid(root_.find("search"), "min_epochs");
    diagnostics_.add(code::kOutOfRange, written == nullptr ? strategy() : written->span,
                     "halving has nothing to decide: `train.epochs` = " + std::to_string(epochs) +
                         " isn't more than `search.min_epochs` = " + std::to_string(min_epochs_),
                     "raise `train.epochs`, or lower `search.min_epochs`");
  }

  const Search& search_;
  std::int64_t min_epochs_;
  const Node& root_;
  const Plan& plan_;
  Diagnostics& diagnostics_;
  std::vector<std::string> decisive_;  // metrics
};

}  // namespace

void check_search(const SearchSettings& settings, const Node& root, const std::vector<Group>& groups,
                  const Plan& plan, Diagnostics& diagnostics) {
  if (settings.search) Rules(settings, root, plan, diagnostics).check(groups);
}

}  // namespace espalier::job
