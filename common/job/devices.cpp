#include "common/job/devices.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "common/job/schema_words.hpp"
#include "common/match/requirement.hpp"

namespace espalier::job {
namespace {

// A kind of device, or an expression as it stands.
std::string expression_of(std::string_view selector) {
  const bool is_kind =
      std::find(tables::kDevices.begin(), tables::kDevices.end(), selector) != tables::kDevices.end();
  return is_kind ? fmt::format("device == \"{}\"", selector) : std::string(selector);
}

Target narrowed(const Target& target, const std::string& expression) {
  Target both = target;
  both.require =
      match::is_blank(target.require) ? expression : fmt::format("({}) && ({})", target.require, expression);
  return both;
}

Target of_class(const Target& target, const std::string& device_class) {
  const char quote = device_class.find('"') == std::string::npos ? '"' : '\'';
  return narrowed(target, fmt::format("device_class == {}{}{}", quote, device_class, quote));
}

}  // namespace

std::vector<MeasuredOn> measured_on(const Node* device, const Target& wanted, Looked& looked,
                                    std::vector<Target>& targets) {
  if (device == nullptr || device->is(NodeKind::text)) {
    const std::string selector(device == nullptr ? "cpu" : device->text());
    const auto& classes = looked.device_classes(narrowed(wanted, expression_of(selector)));
    if (classes.empty()) return {{selector, place_of(wanted, targets)}};
    return {{classes.front(), place_of(of_class(wanted, classes.front()), targets)}};
  }
  std::vector<MeasuredOn> all;
  const auto add = [&](const std::string& device_class, Target target) {
    const bool is_known = std::any_of(
        all.begin(), all.end(), [&](const MeasuredOn& each) { return each.device_class == device_class; });
    if (!is_known) all.push_back({device_class, place_of(std::move(target), targets)});
  };
  for (const auto& item : device->items) {
    const std::string selector(item.text());
    const Target matching = narrowed(wanted, expression_of(selector));
    const auto& classes = looked.device_classes(matching);
    if (classes.empty()) add(selector, matching);
    for (const auto& device_class : classes) add(device_class, of_class(wanted, device_class));
  }
  return all;
}

std::size_t place_of(Target target, std::vector<Target>& targets) {
  const auto found = std::find(targets.begin(), targets.end(), target);
  const auto place = static_cast<std::size_t>(found - targets.begin());
  if (found == targets.end()) targets.push_back(std::move(target));
  return place;
}

}  // namespace espalier::job
