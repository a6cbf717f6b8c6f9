#include "worker/runner/measure/statistics.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

#include "common/base/result.hpp"

namespace espalier::runner {
namespace {

constexpr double kLowTail = 0.025;
constexpr double kHighTail = 0.975;

struct Tagged {
  double value;
  std::size_t block;
};

std::vector<Tagged> sorted_with_blocks(const Blocks& blocks) {
  std::vector<Tagged> all;
  for (std::size_t block = 0; block < blocks.size(); ++block) {
    for (const double value : blocks[block]) all.push_back({value, block});
  }
  std::sort(all.begin(), all.end(), [](const Tagged& a, const Tagged& b) { return a.value < b.value; });
  return all;
}

// The median of samples that each occur `weights[block]` times, without building that multiset.
double weighted_median(const std::vector<Tagged>& sorted, const std::vector<std::size_t>& weights,
                       std::size_t total) {
  const std::size_t lower_rank = (total - 1) / 2;
  const std::size_t upper_rank = total / 2;
  double lower = 0;
  bool have_lower = false;
  std::size_t seen = 0;
  for (const auto& sample : sorted) {
    seen += weights[sample.block];
    if (!have_lower && seen > lower_rank) {
      lower = sample.value;
      have_lower = true;
    }
    if (seen > upper_rank) return (lower + sample.value) / 2;
  }
  return lower;
}

// The 97.5 % quantile of Student's t with so many degrees of freedom, at least one.
double student_t_975(std::size_t degrees) {
  constexpr std::array kTable = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306,
                                 2.262,  2.228, 2.201, 2.179, 2.160, 2.145, 2.131};
  ESPALIER_ASSERT(degrees >= 1);
  return kTable[std::min(degrees, kTable.size()) - 1];  // a little too wide beyond its end
}

Interval interval_of(std::vector<double> replicates) {
  return {quantile(replicates, kLowTail), quantile(replicates, kHighTail)};
}

std::optional<double> tail_quantile(const Blocks& blocks, double q, std::size_t fewest) {
  auto all = pooled(blocks);
  if (all.size() < fewest) return std::nullopt;
  return quantile(std::move(all), q);
}

}  // namespace

std::uint64_t SeededDraw::next() {
  state_ += 0x9e3779b97f4a7c15ULL;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31U);
}

std::size_t SeededDraw::below(std::size_t bound) {
  // The bias of a plain remainder is below 2^-40 for any number of blocks that fits into memory.
  return static_cast<std::size_t>(next() % bound);
}

double quantile(std::vector<double> values, double q) {
  ESPALIER_ASSERT(!values.empty());
  const double position = q * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(std::floor(position));
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(below);
  std::nth_element(values.begin(), at, values.end());
  const double low = *at;
  if (below + 1 >= values.size()) return low;
  const double high = *std::min_element(at + 1, values.end());
  return low + (high - low) * (position - static_cast<double>(below));
}

double median(std::vector<double> values) {
  return quantile(std::move(values), 0.5);
}

std::vector<double> pooled(const Blocks& blocks) {
  std::vector<double> all;
  for (const auto& block : blocks) all.insert(all.end(), block.begin(), block.end());
  return all;
}

Interval median_interval(const Blocks& blocks, int replicates, std::uint64_t seed) {
  const auto sorted = sorted_with_blocks(blocks);
  SeededDraw draw(seed);
  std::vector<double> medians;
  medians.reserve(static_cast<std::size_t>(replicates));
  std::vector<std::size_t> weights(blocks.size());
  for (int replicate = 0; replicate < replicates; ++replicate) {
    std::fill(weights.begin(), weights.end(), 0);
    std::size_t total = 0;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      const std::size_t block = draw.below(blocks.size());
      ++weights[block];
      total += blocks[block].size();
    }
    medians.push_back(weighted_median(sorted, weights, total));
  }
  return interval_of(std::move(medians));
}

std::optional<double> p90(const Blocks& blocks) {
  return tail_quantile(blocks, 0.9, kSamplesForP90);
}

std::optional<double> p99(const Blocks& blocks) {
  return tail_quantile(blocks, 0.99, kSamplesForP99);
}

Ratio paired_ratio(const Blocks& numerator, const Blocks& denominator, int replicates, std::uint64_t seed) {
  ESPALIER_ASSERT(numerator.size() == denominator.size() && !numerator.empty());
  std::vector<double> ratios;
  ratios.reserve(numerator.size());
  for (std::size_t block = 0; block < numerator.size(); ++block) {
    ratios.push_back(median(numerator[block]) / median(denominator[block]));
  }
  SeededDraw draw(seed);
  std::vector<double> medians;
  medians.reserve(static_cast<std::size_t>(replicates));
  std::vector<double> resampled(ratios.size());
  for (int replicate = 0; replicate < replicates; ++replicate) {
    for (auto& ratio : resampled) ratio = ratios[draw.below(ratios.size())];
    medians.push_back(median(resampled));
  }
  return {median(ratios), interval_of(std::move(medians))};
}

namespace {

// Half of Student's 95 % interval of the mean of at least two values.
double student_half(const std::vector<double>& values) {
  const auto count = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return student_t_975(values.size() - 1) * std::sqrt(squares / (count - 1) / count);
}

}  // namespace

Interval interval_over_parts(double value, Interval by_blocks, const std::vector<double>& medians) {
  if (medians.size() < 2) return by_blocks;
  const double half = student_half(medians);
  return {std::min(by_blocks.low, value - half), std::max(by_blocks.high, value + half)};
}

Ratio ratio_over_parts(const Blocks& numerator, const Blocks& denominator,
                       const std::vector<std::size_t>& rounds, int replicates, std::uint64_t seed) {
  ESPALIER_ASSERT(rounds.size() >= 2);
  std::vector<double> logs;
  std::size_t round = 0;
  for (const std::size_t count : rounds) {
    std::vector<double> ratios;
    for (const auto end = round + count; round < end; ++round)
      ratios.push_back(median(numerator[round]) / median(denominator[round]));
    logs.push_back(std::log(median(std::move(ratios))));
  }
  const double mean = std::accumulate(logs.begin(), logs.end(), 0.0) / static_cast<double>(logs.size());
  const double half = student_half(logs);
  const auto by_rounds = paired_ratio(numerator, denominator, replicates, seed);
  return {std::exp(mean),
          {std::min({std::exp(mean - half), by_rounds.interval.low, std::exp(mean)}),
           std::max({std::exp(mean + half), by_rounds.interval.high, std::exp(mean)})}};
}

}  // namespace espalier::runner
