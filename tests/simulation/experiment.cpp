#include "tests/simulation/experiment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <set>

#include "tests/simulation/chance.hpp"

namespace espalier::simulation {

namespace {

std::uint64_t number_of(const std::string& text) {
  Trace trace;
  trace.note(text);
  return trace.hash() >> 7;
}

job::SearchSpace space_of(const SearchText& text, std::string group) {
  using Kind = job::SearchAxis::Kind;
  const auto number = text.space + group.size();
  job::SearchSpace space{std::move(group), {{Kind::listed, 2}}, {}, {}};
  if (number % 3 > 0) space.axes.push_back({Kind::whole, 4});
  if (number % 3 > 1) space.axes.push_back({Kind::real, 0});
  return space;
}

// The same from a text with more trials, and some more.
void draw(job::SearchSpace& space, std::uint64_t seed, std::size_t count) {
  std::mt19937 chance(static_cast<std::uint32_t>(seed));
  std::set<std::vector<double>> known;
  while (space.drawn.size() < count) {
    std::vector<double> point;
    for (const auto& axis : space.axes) {
      const double number = static_cast<double>(chance() % 1'000'000) / 1'000'000;
      const auto values = static_cast<double>(axis.count);
      point.push_back(axis.kind == job::SearchAxis::Kind::real ? number
                      : axis.kind == job::SearchAxis::Kind::listed
                          ? std::floor(number * values)
                          : (std::floor(number * values) + 0.5) / values);
    }
    if (known.insert(point).second) space.drawn.push_back(point);
  }
}

}  // namespace

std::vector<search::Rules> rules_of(const SearchText& text) {
  search::Rules rules;
  const bool halves = text.strategy == SearchText::Strategy::halving;
  rules.search.strategy = halves ? job::Search::Strategy::halving : job::Search::Strategy::nsga2;
  rules.search.trials = text.trials;
  rules.search.seed = static_cast<std::int64_t>(text.space);
  rules.search.population = 2 + text.space % 2;
  rules.search.reduction = 2 + static_cast<std::int64_t>(text.space % 2);
  rules.search.metric = "accuracy";
  rules.search.maximize = text.space % 4 < 2;
  rules.objectives = {{"accuracy", true}, {"latency_p50_ms", false}};
  if (text.space % 2 == 0) rules.constraints = {{"params", "<=", 4}};
  std::vector<search::Rules> groups;
  for (std::uint64_t group = 0; group <= text.space % 5 / 4; ++group) {
    rules.space = space_of(text, std::string(group + 1, 'g'));
    const auto most = std::min<std::size_t>(text.trials, most_trials(rules));
    const bool breeds = text.strategy == SearchText::Strategy::nsga2;
    draw(rules.space, text.space, breeds ? std::min<std::size_t>(most, rules.search.population) : most);
    if (halves) rules.space.rungs.assign({1, 3, 9});
    groups.push_back(rules);
  }
  return groups;
}

std::size_t most_trials(const search::Rules& rules) {
  std::size_t places = 1;
  for (const auto& axis : rules.space.axes) {
    if (axis.kind == job::SearchAxis::Kind::real) return rules.search.trials;
    places *= axis.count;
  }
  return std::min<std::size_t>(rules.search.trials, places);
}

std::vector<PlannedTask> plan_trial(const search::Rules& rules, const job::Proposal& proposal) {
  const auto point =
      fmt::format("{}/{}/{}", rules.search.seed, rules.space.group, fmt::join(proposal.point, ","));
  const std::size_t last = std::max<std::size_t>(rules.space.rungs.size(), 1) - 1;
  std::vector<PlannedTask> tasks;
  const auto add = [&](const char* stage, std::size_t rung, std::uint64_t kind) -> PlannedTask& {
    PlannedTask& task = tasks.emplace_back();
    // A training by parts is another one than a training as a whole.
    task.key = fmt::format("{}/{}-{}/{}", point, rung, last, stage);
    task.row.kind = kind;
    return task;
  };
  std::size_t trained = 0;
  for (std::size_t rung = 0; rung <= proposal.rung; ++rung) {
    auto& train = add("train", rung, 3);
    train.row.preemptible = true;
    if (rung > 0) train.inputs = {trained};
    trained = tasks.size() - 1;
    auto& evaluate = add("evaluate", rung, 4);
    evaluate.inputs = {trained};
    evaluate.evaluates = true;
  }
  if (proposal.rung < last) return tasks;
  auto& benchmark = add("benchmark", proposal.rung, 5);
  benchmark.inputs = {trained};
  benchmark.row.exclusive = true;
  return tasks;
}

bool is_hopeless(const std::string& key) {
  return key.find('/') != std::string::npos && number_of(key) % 16 == 0;
}

std::vector<wire::Metric> metrics_of(const std::string& key) {
  const auto stage = key.substr(key.rfind('/') + 1);
  const char* name = stage == "train" ? "params" : stage == "evaluate" ? "accuracy" : "latency_p50_ms";
  if (stage == key) return {};
  const auto number = number_of(key) / 16;
  wire::Metric metric{
      .name = name, .value = static_cast<double>(number / 16 % 6), .unit = "", .ci_low = {}, .ci_high = {}};
  if (number % 16 == 0) metric.value = std::numeric_limits<double>::quiet_NaN();
  if (number % 16 == 1) metric.value.reset();
  return {metric};
}

}  // namespace espalier::simulation
