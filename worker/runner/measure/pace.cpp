#include "worker/runner/measure/pace.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "worker/runner/measure/conditions.hpp"

namespace espalier::runner {
namespace {

using Numbers [[gnu::vector_size(16)]] = float;

constexpr std::size_t kVectors = 1024;  // 16 KiB: half of the smallest first cache
constexpr int kPasses = 40;
constexpr int kProducts = 3000;

thread_local LeastTimes least;

// The compiler must neither skip it nor move it past a clock.
template <class Value>
void keep(Value& value) {
  asm volatile("" : "+m"(value) : : "memory");
}

// Eight sums, so that it waits for none of them: what it takes is load units, multipliers, adders and
// decoders alike.
void add_up(std::array<Numbers, kVectors>& numbers, int passes) {
  std::array<Numbers, 8> sums{};
  Numbers weight = {0.5F, 0.5F, 0.5F, 0.5F};
  keep(weight);
  for (int pass = 0; pass < passes; ++pass) {
    for (std::size_t i = 0; i < kVectors; i += sums.size()) {
#pragma GCC unroll 8
      for (std::size_t k = 0; k < sums.size(); ++k) sums[k] += numbers[i + k] * weight;
    }
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
  alignas(64) thread_local std::array<Numbers, kVectors> numbers;
  for (auto& vector : numbers) vector = Numbers{1, 1, 1, 1};  // pages of its own
  const double products_before = seconds_of_products();
  add_up(numbers, 1);
  const double begin = monotonic_seconds();
  add_up(numbers, kPasses);
  const double adding = monotonic_seconds() - begin;
  const double products = std::min(products_before, seconds_of_products());
  least.add(adding, products);
  return adding / products;
}

double fastest_pace() {
  return least.pace();
}

bool is_full_speed(double pace) {
  return std::abs(pace / least.pace() - 1) <= kFullSpeed;
}

double worse_pace(double one, double other) {
  const auto away = [](double pace) { return std::abs(std::log(pace / least.pace())); };
  return away(one) < away(other) ? other : one;
}

}  // namespace espalier::runner
