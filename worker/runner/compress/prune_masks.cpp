#include "worker/runner/compress/prune_masks.hpp"

#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "worker/runner/compress/glob.hpp"

namespace espalier::runner {
namespace {

struct Pool {
  double amount;
  PruneMethod method;
  std::vector<std::size_t> members;  // indices of parameters
};

// Index of the first rule that matches; rules.size() if none does.
std::size_t rule_of(const PrunableParameter& parameter, const std::vector<PruneRule>& rules) {
  const auto found = std::find_if(rules.begin(), rules.end(), [&](const PruneRule& rule) {
    const bool right_type = !rule.type || *rule.type == parameter.type;
    return right_type &&
           (matches_glob(rule.match, parameter.layer) || matches_glob(rule.match, parameter.path));
  });
  return static_cast<std::size_t>(found - rules.begin());
}

std::vector<Pool> pools_of(const std::vector<PrunableParameter>& parameters, const PrunePlan& plan) {
  std::vector<Pool> pools;
  std::map<std::size_t, std::size_t> pool_of_rule;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const auto rule = rule_of(parameters[i], plan.rules);
    const auto known = pool_of_rule.find(rule);
    if (plan.scope == PruneScope::global && known != pool_of_rule.end()) {
      pools[known->second].members.push_back(i);
      continue;
    }
    pool_of_rule.emplace(rule, pools.size());
    const PruneRule deciding = rule < plan.rules.size() ? plan.rules[rule] : PruneRule{};
    pools.push_back({deciding.amount.value_or(plan.amount), deciding.method.value_or(plan.method), {i}});
  }
  return pools;
}

at::Tensor scores_of(const at::Tensor& values, PruneMethod method, const at::Generator& generator) {
  switch (method) {
    case PruneMethod::l1_unstructured:
      return values.abs();
    case PruneMethod::random_unstructured:
      return at::rand(values.sizes(), generator);
  }
  return {};
}

at::Tensor keep_highest(const at::Tensor& scores, double amount) {
  auto keep = at::ones_like(scores, at::kBool);
  const auto count = pruned_count(amount, scores.numel());
  if (count == 0) return keep;
  const auto lowest = std::get<1>(scores.topk(count, 0, /*largest=*/false));
  return keep.index_fill_(0, lowest, false);
}

}  // namespace

std::int64_t pruned_count(double amount, std::int64_t count) {
  // nearbyint rounds halves to even, as Python's round does.
  return std::clamp<std::int64_t>(std::llrint(std::nearbyint(amount * static_cast<double>(count))), 0, count);
}

std::vector<Mask> masks_for(const std::vector<PrunableParameter>& parameters, const PrunePlan& plan,
                            std::int64_t seed) {
  const torch::NoGradGuard no_gradients;
  std::vector<PrunableParameter> chosen;
  for (const auto& parameter : parameters) {
    if (std::find(plan.roles.begin(), plan.roles.end(), parameter.role) != plan.roles.end()) {
      chosen.push_back(parameter);
    }
  }
  const auto generator = at::make_generator<at::CPUGeneratorImpl>(static_cast<std::uint64_t>(seed));
  std::vector<Mask> masks(chosen.size());
  for (const auto& pool : pools_of(chosen, plan)) {
    std::vector<at::Tensor> values;
    for (const auto member : pool.members) values.push_back(chosen[member].values.data().reshape(-1));
    const auto keep = keep_highest(scores_of(at::cat(values), pool.method, generator), pool.amount);
    std::int64_t offset = 0;
    for (const auto member : pool.members) {
      const auto& parameter = chosen[member];
      const auto count = parameter.values.numel();
      masks[member] = {
          parameter.path,
          keep.slice(0, offset, offset + count).reshape(parameter.values.sizes()).contiguous().clone()};
      offset += count;
    }
  }
  return masks;
}

}  // namespace espalier::runner
