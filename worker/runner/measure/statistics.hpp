// Order statistics of latencies and their intervals. Samples come in blocks (a few runs of one arm in a row);
// runs of one block share the machine's mood, so every interval resamples whole blocks, never single runs.
// Pure: the same samples and the same seed give the same numbers on every machine.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "worker/runner/interval.hpp"

namespace espalier::runner {

// A generator whose sequence does not depend on the standard library (splitmix64; Steele, Lea, Flood 2014).
class SeededDraw {
 public:
  explicit SeededDraw(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  std::size_t below(std::size_t bound);  // uniform in 0 … bound-1

 private:
  std::uint64_t state_;
};

// Samples of one arm, in the order taken: blocks[b] holds the runs of block b. Any unit.
using Blocks = std::vector<std::vector<double>>;

// The q-quantile by linear interpolation between order statistics (type 7 of Hyndman and Fan 1996). `values`
// is not empty.
double quantile(std::vector<double> values, double q);
double median(std::vector<double> values);

std::vector<double> pooled(const Blocks& blocks);

// 95 % percentile-bootstrap interval of the pooled median; blocks are the resampled units (cluster
// bootstrap).
Interval median_interval(const Blocks& blocks, int replicates, std::uint64_t seed);

// The median's interval when what it is of came in parts, where a part has a deviation of its own that more
// samples don't lessen: Student's over the parts' medians about `value`, and nowhere narrower than
// `by_blocks`. That alone with fewer than two parts.
Interval interval_over_parts(double value, Interval by_blocks, const std::vector<double>& medians);

// The fewest samples that carry a 90th and a 99th percentile: with fewer, six runs or less lie above it.
// Unset below them.
constexpr std::size_t kSamplesForP90 = 64;
constexpr std::size_t kSamplesForP99 = 662;
std::optional<double> p90(const Blocks& blocks);
std::optional<double> p99(const Blocks& blocks);

struct Ratio {
  double value = 0;  // median over the pairs of (median of numerator's block / median of denominator's block)
  Interval interval;  // 95 %, bootstrap over pairs
};

// Block b of both arms ran in the same round, so slow drift of the machine cancels. Both have equally many
// blocks, at least one, none empty.
Ratio paired_ratio(const Blocks& numerator, const Blocks& denominator, int replicates, std::uint64_t seed);

// The same of rounds that come in parts (`rounds` of each, at least two parts, none empty), where a part has
// a deviation of its own that more rounds don't lessen. The value is the geometric mean of the parts' ratios;
// the interval is Student's over the parts' logarithms, and nowhere narrower than what the rounds alone would
// say.
Ratio ratio_over_parts(const Blocks& numerator, const Blocks& denominator,
                       const std::vector<std::size_t>& rounds, int replicates, std::uint64_t seed);

}  // namespace espalier::runner
