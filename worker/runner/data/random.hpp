// Random numbers that are the same on every platform: the standard library's distributions and shuffles are
// not.
#pragma once

#include <cstdint>
#include <random>
#include <utility>
#include <vector>

namespace espalier::runner {

// One well-mixed 64-bit value from several (splitmix64's finaliser; Steele et al. 2014).
constexpr std::uint64_t mixed(std::uint64_t a, std::uint64_t b = 0, std::uint64_t c = 0) {
  std::uint64_t x = 0;
  for (const auto part : {a, b, c}) {
    x += part + 0x9e3779b97f4a7c15ULL;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    x ^= x >> 31;
  }
  return x;
}

// Uniform in 0 … bound-1, without bias: draws past the last whole multiple of `bound` are thrown away.
inline std::uint64_t draw_below(std::mt19937_64& generator, std::uint64_t bound) {
  const std::uint64_t limit = std::mt19937_64::max() - std::mt19937_64::max() % bound;
  for (;;)
    if (const auto draw = generator(); draw < limit) return draw % bound;
}

// Fisher and Yates.
template <class T>
void shuffle(std::vector<T>& values, std::mt19937_64& generator) {
  for (std::size_t left = values.size(); left > 1; --left)
    std::swap(values[left - 1], values[static_cast<std::size_t>(draw_below(generator, left))]);
}

}  // namespace espalier::runner
