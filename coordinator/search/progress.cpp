#include "coordinator/search/progress.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <pagmo/utils/hv_algos/hv_hv2d.hpp>
#include <pagmo/utils/hv_algos/hv_hv3d.hpp>
#include <pagmo/utils/hv_algos/hv_hvwfg.hpp>
#include <pagmo/utils/multi_objective.hpp>

namespace espalier::search {

namespace {

using Costs = std::vector<double>;

constexpr std::size_t kMeasuredObjectives = 5;
constexpr double kReference = 1.1;
constexpr double kFarBelow = -1e6;  // keeps products of what was scaled by next to nothing finite

// Takes trials one by one and keeps those that no other dominates.
class Front {
 public:
  // False if another one is better in everything.
  bool add(const Costs& costs) {
    for (const auto& other : members_)
      if (pagmo::pareto_dominance(other, costs)) return false;
    std::erase_if(members_, [&](const Costs& other) { return pagmo::pareto_dominance(costs, other); });
    members_.push_back(costs);
    return true;
  }
  [[nodiscard]] const std::vector<Costs>& members() const { return members_; }

 private:
  std::vector<Costs> members_;
};

double volume(std::vector<Costs> points, const Costs& reference) {
  if (points.empty()) return 0;
  switch (reference.size()) {
    case 0:
      return 0;
    case 1:
      return reference[0] - (*std::min_element(points.begin(), points.end()))[0];
    case 2:
      return pagmo::hv2d().compute(points, reference);
    case 3:
      return pagmo::hv3d().compute(points, reference);
  }
  return pagmo::hvwfg().compute(points, reference);
}

// Grows with what each trial alone adds, so that all generations together cost as much as one that is
// computed anew.
class Hypervolume {
 public:
  // Scaled by what is feasible among `first`.
  Hypervolume(const std::vector<Judged>& judged, const std::vector<std::size_t>& first) {
    for (const auto trial : first) {
      const auto& values = judged[trial].values;
      low_.resize(std::min(values.size(), kMeasuredObjectives), HUGE_VAL);
      high_.resize(low_.size(), -HUGE_VAL);
      for (std::size_t k = 0; k < low_.size(); ++k) {
        low_[k] = std::min(low_[k], values[k]);
        high_[k] = std::max(high_[k], values[k]);
      }
    }
    reference_.assign(low_.size(), kReference);
  }

  void add(const Costs& values) {
    Costs scaled;
    for (std::size_t k = 0; k < low_.size(); ++k) scaled.push_back(scale(k, values[k]));
    if (std::any_of(scaled.begin(), scaled.end(), [](double cost) { return !(cost < kReference); })) return;
    // What of the others is no better than it in anything: Bradstreet, While, Barone 2008.
    Front shadows;
    for (const auto& other : front_.members()) {
      Costs shadow;
      for (std::size_t k = 0; k < scaled.size(); ++k) shadow.push_back(std::max(other[k], scaled[k]));
      shadows.add(shadow);
    }
    if (front_.add(scaled))
      value_ += std::max(volume({scaled}, reference_) - volume(shadows.members(), reference_), 0.0);
  }
  [[nodiscard]] double value() const { return value_; }

 private:
  [[nodiscard]] double scale(std::size_t k, double value) const {
    // In halves: the difference of two finite numbers may not be finite.
    double width = high_[k] / 2 - low_[k] / 2;
    if (!(width > 0)) width = low_[k] == 0 ? 0.5 : std::abs(low_[k]) / 2;
    return std::max((value / 2 - low_[k] / 2) / width, kFarBelow);
  }

  Costs low_;
  Costs high_;
  Costs reference_;
  Front front_;
  double value_ = 0;
};

}  // namespace

std::vector<Generation> progress(const std::vector<Told>& told, const std::vector<Judged>& judged) {
  std::map<std::int64_t, std::vector<std::size_t>> by_number;
  for (std::size_t i = 0; i < told.size(); ++i) by_number[told[i].generation].push_back(i);
  std::vector<Generation> generations;
  Generation sum;
  Front front;
  std::optional<Hypervolume> hypervolume;
  for (const auto& [number, members] : by_number) {
    std::vector<std::size_t> feasible;
    bool has_ended = true;
    for (const auto trial : members) {
      const bool is_open = told[trial].state == Told::State::open;
      has_ended = has_ended && !is_open;
      sum.trials += is_open ? 0 : 1;
      if (!is_open && judged[trial].standing == Judged::Standing::feasible) feasible.push_back(trial);
    }
    if (!feasible.empty() && !hypervolume) hypervolume.emplace(judged, feasible);
    for (const auto trial : feasible) {
      front.add(judged[trial].values);
      hypervolume->add(judged[trial].values);
    }
    sum.number = number;
    sum.feasible += feasible.size();
    sum.front = front.members().size();
    sum.hypervolume = hypervolume ? hypervolume->value() : 0;
    if (has_ended) generations.push_back(sum);
  }
  return generations;
}

}  // namespace espalier::search
