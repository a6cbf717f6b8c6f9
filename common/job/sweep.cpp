#include "common/job/sweep.hpp"

#include <algorithm>
#include <set>

#include "common/job/schema.hpp"
#include "common/job/validate.hpp"

namespace espalier::job {
namespace {

constexpr std::string_view kRange[] = {"from", "to", "step"};

bool is_axis_form(const Node& node) {
  if (!node.is(NodeKind::table)) return true;
  return !drawing_word(node).empty() ||
         std::any_of(node.members.begin(), node.members.end(), [](const Member& member) {
           return std::find(std::begin(kRange), std::end(kRange), member.name) != std::end(kRange);
         });
}

struct WrittenAxis {
  std::string key;
  Span key_span;
  const Node* values;
};

// Unquoted dotted keys (`prune.amount = […]`) are nested tables to TOML; both spellings mean the same here.
void flatten(const Node& table, const std::string& prefix, std::vector<WrittenAxis>& out) {
  for (const auto& member : table.members) {
    const auto key = prefix + member.name;
    if (prefix.empty() && key == "zip") continue;
    if (is_axis_form(member.value)) {
      out.push_back({key, member.name_span, &member.value});
    } else {
      flatten(member.value, key + ".", out);
    }
  }
}

std::vector<Node> range_values(const Node& node, const std::string& key, Diagnostics& diagnostics) {
  const Node* parts[3] = {};
  for (std::size_t i = 0; i < 3; ++i) {
    parts[i] = node.find(kRange[i]);
    if (parts[i] == nullptr || !parts[i]->is_number() || !std::isfinite(parts[i]->number())) {
      const auto& place = parts[i] == nullptr ? node : *parts[i];
      diagnostics.add(code::kBadSweep, place.span,
                      "the range of `" + key + "` needs a number for `" + std::string(kRange[i]) + "`",
                      "write { from = 0.1, to = 0.9, step = 0.2 }");
      return {};
    }
  }
  for (const auto& member : node.members) {
    if (std::find(std::begin(kRange), std::end(kRange), member.name) == std::end(kRange)) {
      diagnostics.add(code::kUnknownKey, member.name_span, "a range has no key " + in_ticks(member.name),
                      suggestion(member.name, kRange));
    }
  }
  auto values = decimal_range(*parts[0], *parts[1], *parts[2]);
  if (values.empty()) {
    diagnostics.add(code::kBadSweep, node.span,
                    "the range of `" + key +
                        "` holds no value: its step never gets from `from` to `to`, "
                        "or they differ by more than 36 digits",
                    "`step` must not be 0 and must have the sign of `to` - `from`");
  }
  for (auto& value : values) value.span = node.span;
  return values;
}

std::vector<Node> axis_values(const WrittenAxis& axis, Diagnostics& diagnostics) {
  const auto& node = *axis.values;
  if (node.is(NodeKind::list)) {
    if (node.items.empty()) {
      diagnostics.add(code::kBadSweep, node.span, "the sweep of `" + axis.key + "` has no values");
    }
    return node.items;
  }
  if (!node.is(NodeKind::table)) {
    diagnostics.add(code::kWrongType, node.span,
                    "the sweep of `" + axis.key + "` must be a list or a range, but this is " +
                        std::string(to_string(node.kind)),
                    "write [0.2, 0.5] or { from = 0.1, to = 0.9, step = 0.2 }");
    return {};
  }
  if (const auto* choice = node.member("choice")) {
    const bool is_alone = node.members.size() == 1;
    if (is_alone && choice->value.is(NodeKind::list) && !choice->value.items.empty())
      return choice->value.items;
    diagnostics.add(code::kBadSweep, node.span,
                    "`choice` of `" + axis.key + "` needs a list of values, and nothing beside it",
                    "write { choice = [16, 32, 64] }");
    return {};
  }
  return range_values(node, axis.key, diagnostics);
}

// A key that can be swept; reported if it can't.
const KeySchema* checked_key(const WrittenAxis& axis, Diagnostics& diagnostics) {
  const auto* key = find_swept_key(axis.key);
  if (key == nullptr) {
    const auto& all = sweepable_keys();
    const std::vector<std::string_view> names(all.begin(), all.end());
    const auto near = nearest(axis.key, names);
    diagnostics.add(code::kUnknownKey, axis.key_span, in_ticks(axis.key) + " is no key that can be swept",
                    near.empty() ? "write a stage or table and its key: \"prune.amount\""
                                 : "did you mean `" + near + "`?");
  }
  return key;
}

// Validated values; empty if the axis is of no use.
std::vector<Node> checked_values(const WrittenAxis& axis, const KeySchema& key, Diagnostics& diagnostics) {
  auto values = axis_values(axis, diagnostics);
  if (values.size() > kMostTrials) return values;
  for (auto& value : values) validate_value(value, key, axis.key, diagnostics);
  std::erase_if(values, [](const Node& value) { return value.is(NodeKind::invalid); });
  return values;
}

void drop_repeated_points(Axis& axis) {
  std::set<std::string> seen;
  std::erase_if(axis.points, [&](const std::vector<Node>& point) {
    std::string text;
    for (const auto& value : point) text += canonical(to_json(value)) + '\n';
    return !seen.insert(text).second;
  });
}

// Takes the zipped axes out of `axes` and puts one in the place of the first.
void apply_zip(const Node& zip, std::vector<Axis>& axes, Diagnostics& diagnostics) {
  std::vector<std::size_t> places;
  for (const auto& item : zip.items) {
    const auto found = std::find_if(axes.begin(), axes.end(), [&](const Axis& axis) {
      return axis.keys.size() == 1 && axis.keys.front() == item.text();
    });
    if (found == axes.end()) {
      diagnostics.add(
          code::kBadZip, item.span,
          "zip names " + in_ticks(item.text()) + ", which this sweep doesn't have, or has zipped already");
      return;
    }
    const auto place = static_cast<std::size_t>(found - axes.begin());
    if (std::find(places.begin(), places.end(), place) != places.end()) {
      diagnostics.add(code::kBadZip, item.span, "zip names " + in_ticks(item.text()) + " twice");
      return;
    }
    places.push_back(place);
  }
  if (places.size() < 2) {
    diagnostics.add(code::kBadZip, zip.span, "zip needs at least two keys that move together");
    return;
  }
  Axis joined{{}, std::vector<std::vector<Node>>(axes[places[0]].points.size()), axes[places[0]].span};
  for (const auto place : places) {
    const auto& axis = axes[place];
    if (axis.distribution) {
      diagnostics.add(code::kBadZip, axis.span,
                      "`" + axis.keys.front() + "` is drawn, and zip joins values that are listed",
                      "write a list, or leave it out of the zip");
      return;
    }
    if (axis.points.size() != joined.points.size()) {
      diagnostics.add(code::kBadZip, zip.span,
                      "zip joins `" + joined.keys.front() + "` with " + std::to_string(joined.points.size()) +
                          " values and `" + axis.keys.front() + "` with " +
                          std::to_string(axis.points.size()),
                      "give both the same number of values");
      return;
    }
    joined.keys.push_back(axis.keys.front());
    for (std::size_t i = 0; i < axis.points.size(); ++i) joined.points[i].push_back(axis.points[i].front());
  }
  std::vector<Axis> rest;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (i == *std::min_element(places.begin(), places.end())) rest.push_back(joined);
    if (std::find(places.begin(), places.end(), i) == places.end()) rest.push_back(std::move(axes[i]));
  }
  axes = std::move(rest);
}

}  // namespace

std::uint64_t Sweep::size() const {
  if (drawn) return drawn->size() / axes.size();
  std::uint64_t count = 1;
  for (const auto& axis : axes) {
    count *= axis.points.size();  // both factors are at most 10^6 + 1: no overflow
    if (count > kMostTrials) return kMostTrials + 1;
  }
  return count;
}

std::vector<double> Sweep::numbers(std::uint64_t index) const {
  std::vector<double> numbers(axes.size());
  if (drawn)
    std::copy_n(drawn->begin() + static_cast<std::ptrdiff_t>(index * axes.size()), axes.size(),
                numbers.begin());
  for (std::size_t i = axes.size(); i-- > 0 && !drawn;) {
    numbers[i] = static_cast<double>(index % axes[i].points.size());
    index /= axes[i].points.size();
  }
  return numbers;
}

std::vector<std::pair<std::string_view, Node>> Sweep::at(const std::vector<double>& numbers) const {
  std::vector<std::pair<std::string_view, Node>> point;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const auto& axis = axes[i];
    if (axis.distribution) {
      point.emplace_back(axis.keys.front(), axis.distribution->at(numbers[i]));
      continue;
    }
    for (std::size_t k = 0; k < axis.keys.size(); ++k)
      point.emplace_back(axis.keys[k], axis.points[static_cast<std::size_t>(numbers[i])][k]);
  }
  return point;
}

Sweep read_sweep(const Node* sweep, const Node* zip, const std::optional<Sampling>& sampling,
                 Diagnostics& diagnostics) {
  Sweep result;
  if (sweep == nullptr || !sweep->is(NodeKind::table)) return result;
  std::vector<WrittenAxis> written;
  flatten(*sweep, "", written);
  for (const auto& axis : written) {
    const auto* key = checked_key(axis, diagnostics);
    if (key == nullptr) continue;
    const auto word = drawing_word(*axis.values);
    if (!word.empty() && !sampling) {
      diagnostics.add(code::kContradiction, axis.values->span,
                      "`" + std::string(word) + "` draws values, and the strategy is a grid of all of them",
                      "add [search] with strategy = \"random\" and trials = 50; or write a list or a range");
      continue;
    }
    if (!word.empty() && word != "choice") {
      auto distribution = read_distribution(*axis.values, *key, axis.key, diagnostics);
      if (distribution) result.axes.push_back({{axis.key}, {}, axis.key_span, std::move(distribution)});
      continue;
    }
    auto values = checked_values(axis, *key, diagnostics);
    if (values.empty()) continue;
    Axis made{{axis.key}, {}, axis.key_span};
    made.points.reserve(values.size());
    for (auto& value : values) made.points.push_back({std::move(value)});
    result.axes.push_back(std::move(made));
  }
  if (zip != nullptr && zip->is(NodeKind::list)) {
    for (const auto& joined : zip->items) apply_zip(joined, result.axes, diagnostics);
  }
  for (auto& axis : result.axes) drop_repeated_points(axis);
  if (sampling && !result.axes.empty()) result.drawn = draw_points(result.axes, *sampling);
  return result;
}

}  // namespace espalier::job
