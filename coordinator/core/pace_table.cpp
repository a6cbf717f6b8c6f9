#include "coordinator/core/pace_table.hpp"

#include <algorithm>

namespace espalier::core {

namespace {
constexpr double kShareOfLatest = 0.3;
constexpr double kShortest = 1e-6;           // seconds: nothing takes no time
constexpr std::size_t kMostClasses = 4'000;  // any more are one
constexpr std::size_t kMostKinds = 200'000;  // then what was learned is forgotten, and learned again
}  // namespace

ClassIndex PaceTable::class_of(const std::string& device_class) {
  if (device_class.empty()) return kNoClass;
  const auto known = by_name_.find(device_class);
  if (known != by_name_.end()) return known->second;
  if (loads_.size() == kMostClasses) return kNoClass;
  const ClassIndex index{static_cast<std::uint16_t>(loads_.size())};
  loads_.emplace_back();
  by_name_.emplace(device_class, index);
  return index;
}

void PaceTable::learn(std::uint64_t kind, ClassIndex where, double seconds) {
  if (kind == 0 || where == kNoClass) return;
  if (paces_.size() >= kMostKinds && !paces_.contains(kind)) paces_.clear();
  auto& of_kind = paces_[kind];
  if (of_kind.empty()) ++known_;
  if (of_kind.size() <= where.value) of_kind.resize(where.value + std::size_t{1});
  float& pace = of_kind[where.value];
  const double latest = std::max(seconds, kShortest);
  pace = static_cast<float>(pace == 0 ? latest : pace + kShareOfLatest * (latest - pace));
}

std::optional<double> PaceTable::expect(std::uint64_t kind, ClassIndex where) const {
  const auto found = paces_.find(kind);
  if (found == paces_.end()) return std::nullopt;
  const auto& of_kind = found->second;
  if (where.value < of_kind.size() && of_kind[where.value] > 0) return of_kind[where.value];
  double sum = 0;
  int known = 0;
  for (const float pace : of_kind) {
    sum += pace;
    known += pace > 0 ? 1 : 0;
  }
  return sum / known;
}

}  // namespace espalier::core
