#include "worker/runner/measure/pace.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "worker/runner/measure/conditions.hpp"

namespace espalier::runner {
namespace {

using Pair [[gnu::vector_size(16)]] = std::uint64_t;

constexpr std::size_t kPairs = 1024;  // 16 KiB: half of the smallest first cache
constexpr int kPasses = 12;
constexpr int kProducts = 3000;

// The least paces, in order. Its last counts: a look that an interrupt fell into must not set the measure.
constexpr std::size_t kLeast = 8;
thread_local auto least = [] {
  std::array<double, kLeast> none{};
  none.fill(std::numeric_limits<double>::infinity());
  return none;
}();

// The compiler must neither skip it nor move it past a clock.
template <class Value>
void keep(Value& value) {
  asm volatile("" : "+m"(value) : : "memory");
}

void load(std::array<Pair, kPairs>& numbers, int passes) {
  std::array<Pair, 4> sums{};
  for (int pass = 0; pass < passes; ++pass) {
    for (std::size_t i = 0; i < kPairs; i += sums.size())
      for (std::size_t k = 0; k < sums.size(); ++k) sums[k] ^= numbers[i + k];
    keep(numbers);
  }
  keep(sums);
}

double seconds_of_products() {
  const double begin = monotonic_seconds();
  std::uint64_t product = 1;
  for (int i = 0; i < kProducts; ++i) {
    product *= 6364136223846793005ULL;
    asm volatile("" : "+r"(product));
  }
  return monotonic_seconds() - begin;
}

}  // namespace

double core_pace() {
  alignas(64) thread_local std::array<Pair, kPairs> numbers{};
  for (auto& pair : numbers) pair += 1;  // pages of its own
  const double products_before = seconds_of_products();
  load(numbers, 1);
  const double begin = monotonic_seconds();
  load(numbers, kPasses);
  const double loading = monotonic_seconds() - begin;
  const double pace = loading / std::min(products_before, seconds_of_products());
  if (pace < least.back()) {
    least.back() = pace;
    std::sort(least.begin(), least.end());
  }
  return pace;
}

double fastest_pace() {
  return least.back();
}

}  // namespace espalier::runner
