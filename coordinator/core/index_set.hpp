// A set of small integers, kept in order: a tree of 64-bit words in which a bit says that the word below
// isn't empty. Inserting, erasing and finding the smallest take one step a level: four levels hold 16
// million.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace espalier::core {

class IndexSet {
 public:
  void insert(std::uint32_t index);
  void erase(std::uint32_t index);  // harmless if it isn't there
  [[nodiscard]] bool contains(std::uint32_t index) const;
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::optional<std::uint32_t> first() const;
  [[nodiscard]] std::optional<std::uint32_t> next(
      std::uint32_t from) const;  // the smallest that isn't below it

 private:
  void grow_for(std::uint32_t index);
  std::vector<std::vector<std::uint64_t>> levels_;  // [0] are the members; the last has one word
  std::size_t size_ = 0;
};

}  // namespace espalier::core
