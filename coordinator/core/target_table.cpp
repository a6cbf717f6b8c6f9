#include "coordinator/core/target_table.hpp"

#include <utility>

#include "common/base/result.hpp"

namespace espalier::core {

TargetTable::TargetTable() {
  hold({});  // any worker: never released
}

TargetIndex TargetTable::hold(const job::Target& target) {
  const auto [place, is_new] = by_text_.try_emplace({target.require, target.any_of});
  if (is_new) {
    if (free_.empty()) {
      place->second = {static_cast<std::uint32_t>(targets_.size())};
      targets_.emplace_back();
    } else {
      place->second = free_.back();
      free_.pop_back();
    }
    Target& it = targets_[place->second.value];
    it = {};
    it.text = target;
    // A job file's are checked before they come here; but it may be another version that has done so.
    auto requirement = match::requirement_of(target.require, target.any_of);
    if (requirement) {
      it.requirement = std::move(*requirement);
    } else {
      it.problem = requirement.error().message;
    }
    it.generation = ++generation_;
    if (target.any_of.size() > 1) choosy_.push_back(place->second);
  }
  ++targets_[place->second.value].holders;
  return place->second;
}

void TargetTable::release(TargetIndex target) {
  Target& it = targets_[target.value];
  ESPALIER_ASSERT(it.holders > 0);
  if (--it.holders > 0) return;
  ESPALIER_ASSERT(it.ready == 0);
  by_text_.erase({it.text.require, it.text.any_of});
  free_.push_back(target);
  std::erase(choosy_, target);
}

std::optional<int> TargetTable::rank(TargetIndex target, const json::object& facts, Ranks& ranks) const {
  if (ranks.known_.size() <= target.value) ranks.known_.resize(targets_.size());
  Ranks::Known& known = ranks.known_[target.value];
  const Target& it = targets_[target.value];
  if (known.generation != it.generation) {
    known.generation = it.generation;
    const auto found = it.problem.empty() ? it.requirement.rank(facts) : std::nullopt;
    known.rank = found ? static_cast<std::int16_t>(*found) : std::int16_t{-1};
  }
  if (known.rank < 0) return std::nullopt;
  return known.rank;
}

void TargetTable::add_ready(TargetIndex target) {
  ++ready_;
  ++targets_[target.value].ready;
  refresh(target);
}

void TargetTable::remove_ready(TargetIndex target) {
  ESPALIER_ASSERT(targets_[target.value].ready > 0);
  --ready_;
  --targets_[target.value].ready;
}

void TargetTable::refresh(TargetIndex target) {
  Target& it = targets_[target.value];
  if (it.ready == 0) return;
  it.looked_at.reset();
  if (std::exchange(it.is_fresh, true)) return;
  fresh_.push_back(target);
}

void TargetTable::refresh_choosy() {
  for (const TargetIndex target : choosy_) refresh(target);
}

void TargetTable::refresh_all() {
  for (std::uint32_t target = 0; ready_ > 0 && target < targets_.size(); ++target) refresh({target});
}

std::optional<TargetIndex> TargetTable::fresh() {
  while (!fresh_.empty()) {
    if (targets_[fresh_.back().value].ready > 0) return fresh_.back();
    settle(fresh_.back());
  }
  return std::nullopt;
}

void TargetTable::settle(TargetIndex target) {
  ESPALIER_ASSERT(!fresh_.empty() && fresh_.back() == target);
  targets_[target.value].is_fresh = false;
  fresh_.pop_back();
}

}  // namespace espalier::core
