#include <gtest/gtest.h>
#include <torch/torch.h>

#include "worker/runner/compress/glob.hpp"
#include "worker/runner/compress/prunable.hpp"
#include "worker/runner/compress/prune_masks.hpp"
#include "worker/runner/models/model.hpp"

namespace espalier::runner {
namespace {

PrunableParameter parameter(const std::string& layer, std::vector<float> values,
                            LayerType type = LayerType::linear) {
  const auto count = static_cast<std::int64_t>(values.size());
  return {layer + ".weight", layer, "weight", type, torch::tensor(values).reshape({1, count})};
}

std::int64_t dropped(const Mask& mask) {
  return mask.keep.numel() - mask.keep.sum().item<std::int64_t>();
}

TEST(Pruning, counts_round_halves_to_even_as_python_does) {
  EXPECT_EQ(pruned_count(0.5, 5), 2);
  EXPECT_EQ(pruned_count(0.5, 7), 4);
  EXPECT_EQ(pruned_count(0.3, 10), 3);
  EXPECT_EQ(pruned_count(0.0, 10), 0);
  EXPECT_EQ(pruned_count(1.0, 10), 10);
}

TEST(Pruning, a_layer_loses_its_smallest_magnitudes) {
  PrunePlan plan;
  plan.amount = 0.5;
  const auto masks = masks_for({parameter("fc", {0.1F, -4, 0.2F, 3})}, plan, 1);
  ASSERT_EQ(masks.size(), 1U);
  EXPECT_EQ(masks[0].path, "fc.weight");
  EXPECT_TRUE(torch::equal(masks[0].keep, torch::tensor({{false, true, false, true}})));
}

TEST(Pruning, global_scope_ranks_all_layers_together) {
  PrunePlan plan;
  plan.scope = PruneScope::global;
  plan.amount = 0.5;
  const auto masks = masks_for({parameter("small", {0.1F, 0.2F}), parameter("large", {5, 6})}, plan, 1);
  EXPECT_EQ(dropped(masks[0]), 2);
  EXPECT_EQ(dropped(masks[1]), 0);
}

TEST(Pruning, the_first_matching_rule_decides) {
  PrunePlan plan;
  plan.amount = 1.0;
  plan.rules = {{"conv*", std::nullopt, 0.25, std::nullopt}, {"*", LayerType::conv2d, 0.5, std::nullopt}};
  const auto masks =
      masks_for({parameter("conv1", {1, 2, 3, 4}, LayerType::conv2d),
                 parameter("stem", {1, 2, 3, 4}, LayerType::conv2d), parameter("fc", {1, 2, 3, 4})},
                plan, 1);
  EXPECT_EQ(dropped(masks[0]), 1);
  EXPECT_EQ(dropped(masks[1]), 2);
  EXPECT_EQ(dropped(masks[2]), 4);
}

TEST(Pruning, random_masks_have_the_exact_count_and_follow_the_seed) {
  PrunePlan plan;
  plan.method = PruneMethod::random_unstructured;
  plan.amount = 0.3;
  const auto weight = parameter("fc", std::vector<float>(1000, 1.0F));
  const auto first = masks_for({weight}, plan, 1);
  EXPECT_EQ(dropped(first[0]), 300);
  EXPECT_TRUE(torch::equal(first[0].keep, masks_for({weight}, plan, 1)[0].keep));
  EXPECT_FALSE(torch::equal(first[0].keep, masks_for({weight}, plan, 2)[0].keep));
}

TEST(Pruning, finds_the_weights_of_convolutions_and_linear_layers_in_a_traced_net) {
  const auto model = make_zoo_model({{"name", "lenet5"}}, {1, 28, 28}, 10, 1);
  const auto found = prunable_parameters(model.module);
  std::int64_t weights = 0;
  int convolutions = 0;
  for (const auto& entry : found) {
    if (entry.role != "weight") continue;
    weights += entry.values.numel();
    convolutions += entry.type == LayerType::conv2d ? 1 : 0;
  }
  EXPECT_EQ(convolutions, 2);
  // LeNet-5: 6x1x5x5 + 16x6x5x5 + 120x400 + 84x120 + 10x84.
  EXPECT_EQ(weights, 150 + 2400 + 48000 + 10080 + 840);
}

TEST(Pruning, finds_the_weights_of_a_scripted_module) {
  torch::jit::Module module("scripted");
  module.register_parameter("weight", torch::randn({4, 3}), false);
  module.define("def forward(self, x):\n  return torch.matmul(x, self.weight.t())\n");
  const auto found = prunable_parameters(module);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].path, "weight");
  EXPECT_EQ(found[0].type, LayerType::linear);
}

TEST(Glob, stars_match_across_dots_and_backtrack) {
  EXPECT_TRUE(matches_glob("layer1.*", "layer1.0.conv1"));
  EXPECT_TRUE(matches_glob("*conv?", "layer1.0.conv1"));
  EXPECT_TRUE(matches_glob("*a*b", "xaaxbb"));
  EXPECT_FALSE(matches_glob("conv", "conv1"));
  EXPECT_TRUE(matches_glob("*", ""));
  EXPECT_FALSE(matches_glob("?", ""));
}

}  // namespace
}  // namespace espalier::runner
