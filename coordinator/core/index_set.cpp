#include "coordinator/core/index_set.hpp"

#include <bit>

namespace espalier::core {

namespace {
constexpr std::uint64_t bit_of(std::uint32_t index) {
  return std::uint64_t{1} << (index % 64);
}
}  // namespace

void IndexSet::grow_for(std::uint32_t index) {
  if (levels_.empty()) levels_.emplace_back();
  std::size_t words = index / 64 + 1;
  for (std::size_t level = 0;; ++level) {
    if (levels_[level].size() < words) levels_[level].resize(words);
    if (levels_[level].size() == 1) return;
    words = (levels_[level].size() - 1) / 64 + 1;
    // Until now this level was the root and had one word: the new root's first bit stands for it.
    if (level + 1 == levels_.size()) levels_.push_back({size_ > 0 ? std::uint64_t{1} : 0});
  }
}

void IndexSet::insert(std::uint32_t index) {
  if (contains(index)) return;
  grow_for(index);
  ++size_;
  for (auto& level : levels_) {
    level[index / 64] |= bit_of(index);
    index /= 64;
  }
}

void IndexSet::erase(std::uint32_t index) {
  if (!contains(index)) return;
  --size_;
  for (auto& level : levels_) {
    level[index / 64] &= ~bit_of(index);
    if (level[index / 64] != 0) return;
    index /= 64;
  }
}

bool IndexSet::contains(std::uint32_t index) const {
  return !levels_.empty() && index / 64 < levels_[0].size() && (levels_[0][index / 64] & bit_of(index)) != 0;
}

std::optional<std::uint32_t> IndexSet::first() const {
  if (size_ == 0) return std::nullopt;
  std::size_t index = 0;
  for (auto level = levels_.rbegin(); level != levels_.rend(); ++level) {
    index = index * 64 + static_cast<std::size_t>(std::countr_zero((*level)[index]));
  }
  return static_cast<std::uint32_t>(index);
}

std::optional<std::uint32_t> IndexSet::next(std::uint32_t from) const {
  std::size_t index = from;
  for (std::size_t level = 0; level < levels_.size(); ++level) {
    if (index / 64 >= levels_[level].size()) return std::nullopt;
    const std::uint64_t rest = levels_[level][index / 64] >> (index % 64);
    if (rest == 0) {
      index = index / 64 + 1;
      continue;
    }
    index += static_cast<std::size_t>(std::countr_zero(rest));
    while (level-- > 0)
      index = index * 64 + static_cast<std::size_t>(std::countr_zero(levels_[level][index]));
    return static_cast<std::uint32_t>(index);
  }
  return std::nullopt;
}

}  // namespace espalier::core
