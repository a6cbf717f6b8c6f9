#include "coordinator/search/judge.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <pagmo/utils/multi_objective.hpp>
#include <tuple>

namespace espalier::search {

namespace {

using Values = std::vector<std::vector<double>>;

std::optional<double> metric(const Told& trial, const std::string& name) {
  const auto found = trial.metrics.find(name);
  if (found == trial.metrics.end() || !std::isfinite(found->second)) return std::nullopt;
  return found->second;
}

bool holds(double value, const job::Constraint& constraint) {
  if (constraint.comparison == ">=") return value >= constraint.bound;
  if (constraint.comparison == "<=") return value <= constraint.bound;
  if (constraint.comparison == ">") return value > constraint.bound;
  if (constraint.comparison == "<") return value < constraint.bound;
  return value == constraint.bound;
}

// Of a front of trials that differ. An objective in which they are all equal says nothing, and pagmo would
// divide by its range.
std::vector<double> crowding(const Values& front) {
  Values told_apart(front.size());
  for (std::size_t k = 0; k < front[0].size(); ++k) {
    if (std::all_of(front.begin(), front.end(), [&](const auto& each) { return each[k] == front[0][k]; }))
      continue;
    for (std::size_t i = 0; i < front.size(); ++i) told_apart[i].push_back(front[i][k]);
  }
  if (told_apart[0].size() < 2) return std::vector<double>(front.size(), 0);
  return pagmo::crowding_distance(told_apart);
}

// Front after front; in a front those with the most room around them first.
std::vector<std::size_t> ordered(const std::vector<Judged>& judged, const std::vector<std::size_t>& feasible,
                                 std::size_t count) {
  Values values;
  for (const auto trial : feasible) values.push_back(judged[trial].values);
  if (feasible.size() < 2) return feasible;
  std::vector<std::size_t> best;
  auto sorted = pagmo::fast_non_dominated_sorting(values);
  for (auto& front : std::get<0>(sorted)) {
    if (best.size() >= count) break;
    std::sort(front.begin(), front.end());
    Values of_front;
    for (const auto i : front) of_front.push_back(values[i]);
    const auto room = crowding(of_front);
    std::vector<std::size_t> order(front.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return room[a] > room[b]; });
    for (const auto i : order) best.push_back(feasible[front[i]]);
  }
  return best;
}

}  // namespace

Judged judge(const Rules& rules, const Told& trial) {
  Judged judged;
  if (trial.state != Told::State::succeeded) {
    judged.standing =
        trial.state == Told::State::failed ? Judged::Standing::failed : Judged::Standing::unmeasured;
    return judged;
  }
  for (const auto& constraint : rules.constraints) {
    const auto value = metric(trial, constraint.metric);
    if (!value) {
      judged.standing = Judged::Standing::unmeasured;
      return judged;
    }
    if (holds(*value, constraint)) continue;
    judged.standing = Judged::Standing::breaks;
    judged.violation +=
        std::abs(*value - constraint.bound) / (constraint.bound == 0 ? 1 : std::abs(constraint.bound));
  }
  for (const auto& objective : rules.objectives) {
    const auto value = metric(trial, objective.metric);
    if (!value) {
      judged.standing = Judged::Standing::unmeasured;
      return judged;
    }
    judged.values.push_back(objective.maximize ? -*value : *value);
  }
  return judged;
}

std::vector<std::size_t> best_of(const std::vector<Judged>& judged, std::vector<std::size_t> pool,
                                 std::size_t count) {
  std::sort(pool.begin(), pool.end());
  const auto first_infeasible = std::stable_partition(pool.begin(), pool.end(), [&](std::size_t trial) {
    return judged[trial].standing == Judged::Standing::feasible;
  });
  auto best = ordered(judged, {pool.begin(), first_infeasible}, count);
  std::stable_sort(first_infeasible, pool.end(), [&](std::size_t a, std::size_t b) {
    return std::tie(judged[a].standing, judged[a].violation) <
           std::tie(judged[b].standing, judged[b].violation);
  });
  best.insert(best.end(), first_infeasible, pool.end());
  best.resize(std::min(best.size(), count));
  return best;
}

}  // namespace espalier::search
