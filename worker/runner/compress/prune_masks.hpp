// Which weights go. Numbers and ties as torch.nn.utils.prune has them: round-half-even(amount x n) entries
// with the smallest score are dropped; the score is |w| (l1_unstructured) or a uniform draw
// (random_unstructured); `global` ranks all chosen parameters together (Han et al. 2015 for magnitude
// pruning).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "worker/runner/compress/prunable.hpp"

namespace espalier::runner {

enum class PruneMethod { l1_unstructured, random_unstructured };
enum class PruneScope { layer, global };

struct PruneRule {
  std::string match = "*";        // glob on the layer's or the parameter's path
  std::optional<LayerType> type;  // unset: both
  std::optional<double> amount;   // unset: the plan's
  std::optional<PruneMethod> method;
};

struct PrunePlan {
  PruneMethod method = PruneMethod::l1_unstructured;
  PruneScope scope = PruneScope::layer;
  double amount = 0;  // 0..1
  std::vector<std::string> roles = {"weight"};
  std::vector<PruneRule> rules;  // the first that matches decides; none: the plan's own amount and method
};

struct Mask {
  std::string path;
  at::Tensor keep;  // bool, of the parameter's shape
};

// Entries that `amount` of `count` means.
std::int64_t pruned_count(double amount, std::int64_t count);

// One mask for each parameter whose role is chosen. With scope `global`, parameters under the same rule are
// ranked together. `seed` matters only for random_unstructured.
std::vector<Mask> masks_for(const std::vector<PrunableParameter>& parameters, const PrunePlan& plan,
                            std::int64_t seed);

}  // namespace espalier::runner
