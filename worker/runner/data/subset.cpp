#include "worker/runner/data/subset.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "worker/runner/data/random.hpp"

namespace espalier::runner {

std::vector<std::int64_t> stratified_subset(std::span<const std::int64_t> labels, std::int64_t count,
                                            std::int64_t seed) {
  const auto total = static_cast<std::int64_t>(labels.size());
  std::vector<std::int64_t> kept;
  if (count >= total) {
    kept.resize(labels.size());
    std::iota(kept.begin(), kept.end(), 0);
    return kept;
  }
  std::map<std::int64_t, std::vector<std::int64_t>> members;
  for (std::int64_t position = 0; position < total; ++position)
    members[labels[static_cast<std::size_t>(position)]].push_back(position);

  std::mt19937_64 generator(mixed(static_cast<std::uint64_t>(seed), 0x5ab5e7));
  struct Share {
    std::int64_t label, quota, remainder;
  };
  std::vector<Share> shares;
  std::int64_t missing = count;
  for (auto& [label, positions] : members) {
    shuffle(positions, generator);
    const auto exact = count * static_cast<std::int64_t>(positions.size());
    shares.push_back({label, exact / total, exact % total});
    missing -= exact / total;
  }
  // Largest remainders get the samples that rounding down left over.
  std::stable_sort(shares.begin(), shares.end(),
                   [](const Share& a, const Share& b) { return a.remainder > b.remainder; });
  for (auto& share : shares) {
    if (missing > 0) {
      ++share.quota;
      --missing;
    }
    const auto& positions = members[share.label];
    kept.insert(kept.end(), positions.begin(), positions.begin() + share.quota);
  }
  std::sort(kept.begin(), kept.end());
  return kept;
}

SplitPositions split_off(std::span<const std::int64_t> labels, double fraction, std::int64_t seed) {
  const auto total = static_cast<std::int64_t>(labels.size());
  const auto wanted = std::llround(static_cast<double>(total) * fraction);
  const auto own_seed = static_cast<std::int64_t>(mixed(static_cast<std::uint64_t>(seed), 0x5a11d));
  SplitPositions split;
  split.validation = stratified_subset(labels, std::clamp<std::int64_t>(wanted, 1, total - 1), own_seed);
  auto next = split.validation.begin();
  for (std::int64_t position = 0; position < total; ++position) {
    if (next != split.validation.end() && *next == position)
      ++next;
    else
      split.train.push_back(position);
  }
  return split;
}

}  // namespace espalier::runner
