#include "common/job/search_space.hpp"

#include <algorithm>
#include <cmath>

#include "common/base/result.hpp"
#include "common/job/section.hpp"

namespace espalier::job {
namespace {

SearchAxis axis_of(const Axis& axis) {
  if (!axis.distribution) return {SearchAxis::Kind::listed, axis.points.size()};
  const auto& distribution = *axis.distribution;
  if (distribution.kind != Distribution::Kind::whole) return {SearchAxis::Kind::real, 0};
  return {SearchAxis::Kind::whole, static_cast<std::uint64_t>(distribution.high - distribution.low) + 1};
}

// The same number for all that mean the same value.
double snapped(const SearchAxis& axis, double number) {
  if (axis.kind != SearchAxis::Kind::whole) return number;
  const auto count = static_cast<double>(axis.count);
  return (std::min(std::floor(number * count), count - 1) + 0.5) / count;
}

bool is_on(const SearchAxis& axis, double number) {
  if (axis.kind != SearchAxis::Kind::listed) return number >= 0 && number < 1;
  return number >= 0 && number < static_cast<double>(axis.count) && std::floor(number) == number;
}

}  // namespace

std::int64_t epochs_of(const Node& group_settings) {
  return filled_in(table_of("train"), {group_settings.find("train")}).at("epochs").as_int64();
}

std::vector<std::int64_t> rung_epochs(std::int64_t min_epochs, std::int64_t reduction, std::int64_t epochs) {
  std::vector<std::int64_t> rungs;
  for (auto next = min_epochs; next < epochs; next *= reduction) rungs.push_back(next);
  rungs.push_back(epochs);
  return rungs;
}

SearchSpace take_space(const Search& search, std::int64_t min_epochs, Group& group) {
  ESPALIER_ASSERT(group.sweep.drawn.has_value());
  SearchSpace space{group.name, {}, {}, {}};
  for (const auto& axis : group.sweep.axes) space.axes.push_back(axis_of(axis));
  auto& numbers = *group.sweep.drawn;
  for (std::size_t i = 0; i < numbers.size(); ++i)
    numbers[i] = snapped(space.axes[i % space.axes.size()], numbers[i]);
  const bool halves = search.strategy == Search::Strategy::halving;
  const auto first = std::min(group.sweep.size(), halves ? search.trials : search.population);
  for (std::uint64_t index = 0; index < first; ++index) space.drawn.push_back(group.sweep.numbers(index));
  if (halves) space.rungs = rung_epochs(min_epochs, search.reduction, epochs_of(group.settings));
  return space;
}

bool is_in_space(const Group& group, const Proposal& proposal, Diagnostics& diagnostics) {
  const auto& space = *group.space;
  bool is_in = proposal.point.size() == space.axes.size() &&
               proposal.rung < std::max<std::size_t>(1, space.rungs.size());
  for (std::size_t i = 0; is_in && i < space.axes.size(); ++i)
    is_in = is_on(space.axes[i], proposal.point[i]);
  if (!is_in)
    diagnostics.add(code::kOutOfRange, group.sweep.axes.front().span,
                    "the search asks for a point or a rung that group `" + group.name + "` doesn't have",
                    "this is a mistake of Espalier, or the job file has changed since");
  return is_in;
}

}  // namespace espalier::job
