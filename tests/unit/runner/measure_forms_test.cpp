#include <gtest/gtest.h>
#include <torch/torch.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <future>
#include <thread>

#include "worker/runner/libtorch_version.hpp"
#include "worker/runner/measure/best_form.hpp"
#include "worker/runner/measure/conditions.hpp"
#include "worker/runner/measure/latency.hpp"
#include "worker/runner/measure/load_time.hpp"
#include "worker/runner/measure/macs.hpp"
#include "worker/runner/measure/pace.hpp"
#include "worker/runner/measure/peak_memory.hpp"

namespace espalier::runner {
namespace {

at::Tensor random_digits(std::int64_t count) {
  return at::randn({count, 1, 28, 28});
}

const Candidate& candidate(const Form& form, const std::string& name) {
  return *std::find_if(form.candidates.begin(), form.candidates.end(),
                       [&](const Candidate& entry) { return entry.name == name; });
}

class EveryForm : public testing::TestWithParam<const char*> {};

TEST_P(EveryForm, gives_the_numbers_of_the_net_itself_and_the_fastest_is_chosen) {
  auto model = make_zoo_model({{"name", GetParam()}}, {1, 28, 28}, 10, 1);
  const auto form = best_form(model, random_digits(2), Precision::fp32, 0.005);
  ASSERT_EQ(form.candidates.size(), 8U);
  for (const auto& entry : form.candidates) {
    EXPECT_EQ(entry.rejected, "") << entry.name;
    EXPECT_LE(candidate(form, form.name).median_s, entry.median_s) << entry.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Families, EveryForm,
                         testing::Values("lenet5", "resnet8", "mobilenet_v2", "mlp", "vit"),
                         [](const testing::TestParamInfo<const char*>& tested) {
                           return std::string(tested.param);
                         });

class EveryHalfForm : public testing::TestWithParam<const char*> {};

TEST_P(EveryHalfForm, stays_near_the_fp32_numbers_and_the_fastest_is_named) {
  auto model = make_zoo_model({{"name", GetParam()}}, {1, 28, 28}, 10, 1);
  const auto form = best_form(model, random_digits(2), Precision::bf16, 0.005);
  ASSERT_EQ(form.candidates.size(), 6U);
  EXPECT_TRUE(form.name.starts_with("bf16 ")) << form.name;
  EXPECT_EQ(candidate(form, form.name).rejected, "");
  EXPECT_EQ(form.difference, candidate(form, form.name).difference);
  EXPECT_GT(form.difference, 0) << "nothing was computed in bf16";
  EXPECT_LE(form.difference, 5e-2);
}

INSTANTIATE_TEST_SUITE_P(Families, EveryHalfForm,
                         testing::Values("lenet5", "resnet8", "mobilenet_v2", "mlp", "vit"),
                         [](const testing::TestParamInfo<const char*>& tested) {
                           return std::string(tested.param);
                         });

TEST(Forms, in_bf16_leave_the_net_itself_in_fp32) {
  auto model = make_zoo_model({{"name", "lenet5"}}, {1, 28, 28}, 10, 1);
  best_form(model, random_digits(1), Precision::bf16, 0.001);
  for (const auto& parameter : model.module.parameters()) EXPECT_EQ(parameter.scalar_type(), at::kFloat);
  const auto again = best_form(model, random_digits(1), Precision::fp32, 0.001);
  EXPECT_EQ(candidate(again, "as is").difference, 0) << "autocast is still on";
}

TEST(Forms, a_form_with_other_numbers_does_not_count) {
  torch::jit::Module module("drifting");
  module.register_attribute("calls", c10::TensorType::get(), torch::zeros({1}));
  module.define("def forward(self, x):\n  self.calls += 1\n  return x.flatten(1) * self.calls\n");
  Model model{module, {{1, 28, 28}, 784, "drifting", "file", "fp32", ""}};
  const auto form_name = [&]() -> std::string {
    try {
      return best_form(model, random_digits(1), Precision::fp32, 0.001).name;
    } catch (const ErrorException& refused) {
      return refused.error().message;
    }
  };
  EXPECT_NE(form_name().find("no form"), std::string::npos);
}

TEST(Macs, lenet5_has_the_textbook_count) {
  auto model = make_zoo_model({{"name", "lenet5"}}, {1, 28, 28}, 10, 1);
  const auto count = count_macs(model, random_digits(1));
  // conv 6x28x28x25 + conv 16x10x10x150 + linear 400x120 + 120x84 + 84x10
  EXPECT_EQ(count.total, 117600 + 240000 + 48000 + 10080 + 840);
  EXPECT_TRUE(count.without_rule.empty());
}

TEST(Macs, attention_products_are_counted) {
  torch::jit::Module module("attention");
  module.define(R"(
def forward(self, x):
  q = x.flatten(2)
  return torch.matmul(torch.softmax(torch.matmul(q, q.transpose(1, 2)), -1), q)
)");
  Model model{module, {}};
  const auto count = count_macs(model, torch::randn({1, 7, 4, 4}));
  EXPECT_EQ(count.total, 7 * 7 * 16 + 7 * 16 * 7);
}

TEST(Macs, fused_attention_counts_as_its_products) {
  const auto query = torch::randn({2, 3, 5, 8});
  const auto key = torch::randn({2, 3, 7, 8});
  const auto value = torch::randn({2, 3, 7, 4});
  const auto count = count_macs([&] {
#if ESPALIER_TORCH_AT_LEAST(2, 0)
    at::scaled_dot_product_attention(query, key, value);
#else
    at::_scaled_dot_product_attention(query, key, value);
#endif
  });
  EXPECT_EQ(count.total, 2 * 3 * 5 * 7 * (8 + 4));
  EXPECT_TRUE(count.without_rule.empty());
}

TEST(Macs, grouped_and_transposed_convolutions_follow_their_shapes) {
  torch::jit::Module module("convolutions");
  module.register_parameter("grouped", torch::randn({8, 2, 3, 3}), false);
  module.register_parameter("up", torch::randn({8, 5, 2, 2}), false);
  module.define(R"(
def forward(self, x):
  y = torch.conv2d(x, self.grouped, None, [1, 1], [1, 1], [1, 1], 4)
  return torch.conv_transpose2d(y, self.up, None, [2, 2])
)");
  Model model{module, {}};
  EXPECT_EQ(count_macs(model, torch::randn({1, 8, 6, 6})).total, 8 * 36 * 2 * 9 + 8 * 36 * 5 * 4);
}

TEST(Macs, an_operator_without_a_rule_is_listed) {
  torch::jit::Module module("odd");
  module.define("def forward(self, x):\n  return torch.relu(torch.cumsum(torch.cumsum(x, 1), 0))\n");
  Model model{module, {}};
  EXPECT_EQ(count_macs(model, torch::randn({1, 8})).without_rule,
            (std::map<std::string, std::int64_t>{{"aten::cumsum", 2}}));
}

TEST(Weights, sparsity_counts_exact_zeros_among_weights_only) {
  torch::jit::Module module("sparse");
  module.register_parameter("weight", torch::tensor({{0.0F, 1.0F}, {0.0F, -1.0F}}), false);
  module.register_parameter("bias", torch::zeros({2}), false);
  const auto count = count_weights({module, {}});
  EXPECT_EQ(count.params, 6);
  EXPECT_DOUBLE_EQ(count.sparsity(), 0.5);
}

TEST(Latency, blocks_of_all_arms_pair_up_and_hold_enough_samples) {
  const auto left = torch::randn({64, 64});
  const Arm one{"one", [=] { torch::matmul(left, left); }};
  const Arm other{"other", [=] { torch::matmul(left, left); }};
  const auto result = measure_latency({one, other}, {0.02, 0.5, 1, 30, true}, [](double) {});
  ASSERT_EQ(result.arms.size(), 2U);
  EXPECT_EQ(result.arms[0].blocks_s.size(), result.arms[1].blocks_s.size());
  for (const auto& arm : result.arms) {
    EXPECT_GE(pooled(arm.blocks_s).size(), 30U);
    EXPECT_LE(arm.interval_s.low, arm.median_s);
    EXPECT_GE(arm.interval_s.high, arm.median_s);
  }
  EXPECT_GE(result.busy, 0);
  EXPECT_LE(result.busy, 1);
}

TEST(Latency, a_look_that_something_held_up_does_not_set_the_measure_of_full_speed) {
  LeastTimes least;
  EXPECT_TRUE(std::isnan(least.pace()));
  least.add(12, 2);  // beside a neighbour
  least.add(8, 4);   // an interrupt while multiplying: its own ratio is 2
  least.add(8, 2);
  least.add(20, 2);
  EXPECT_EQ(least.pace(), 4);
}

TEST(Latency, a_look_at_full_speed_is_neither_slow_nor_faster_than_the_core_can_be) {
  for (int look = 0; look < 100; ++look) core_pace();
  const double full = fastest_pace();
  for (const double near : {0.97, 1.0, 1.04}) EXPECT_TRUE(is_full_speed(near * full)) << near;
  for (const double far : {0.5, 0.9, 1.1, 1.5}) {
    EXPECT_FALSE(is_full_speed(far * full)) << far;
    EXPECT_EQ(worse_pace(far * full, full), far * full);
    EXPECT_EQ(worse_pace(full, far * full), far * full);
  }
}

// Twelve blocks at full speed and twice as many beside a neighbour; then too few of the former.
TEST(Latency, blocks_beside_a_neighbour_on_the_core_do_not_count_if_there_are_others) {
  for (int look = 0; look < 100; ++look) core_pace();
  const double full = fastest_pace();
  LatencyResult result;
  auto& arm = result.arms.emplace_back();
  for (int block = 0; block < 36; ++block) {
    arm.blocks_s.push_back({block % 3 == 0 ? 1.0 : 1.5});
    arm.pace.push_back(block % 3 == 0 ? full : 1.2 * full);
  }
  sum_up(result, 100, 1);
  EXPECT_EQ(arm.counted_s.size(), 12U);
  EXPECT_EQ(arm.median_s, 1.0);
  EXPECT_EQ(arm.interval_s.high, 1.0);
  EXPECT_DOUBLE_EQ(result.full_speed.value(), 1.0 / 3);

  arm.blocks_s.resize(27);
  arm.pace.resize(27);
  sum_up(result, 100, 1);
  EXPECT_EQ(arm.counted_s.size(), 27U);
  EXPECT_EQ(arm.median_s, 1.5);
  EXPECT_DOUBLE_EQ(result.full_speed.value(), 1.0 / 3);

  arm.pace.clear();
  sum_up(result, 0, 1);
  EXPECT_EQ(arm.counted_s.size(), 27U);
  EXPECT_FALSE(result.full_speed.has_value());
}

TEST(Latency, long_blocks_and_several_threads_are_not_judged_by_a_look_beside_them) {
  const Arm slow{"slow", [] {
                   const double until = monotonic_seconds() + 2 * kPaceHolds_s;
                   while (monotonic_seconds() < until) {
                   }
                 }};
  EXPECT_FALSE(measure_latency({slow}, {0.02, 0.5, 1, 3, true}, [](double) {}).full_speed.has_value());
  const Arm quick{"quick", [] { core_pace(); }};
  EXPECT_TRUE(measure_latency({quick}, {0.02, 0.5, 1, 3, true}, [](double) {}).full_speed.has_value());
  EXPECT_FALSE(measure_latency({quick}, {0.02, 0.5, 1, 3, false}, [](double) {}).full_speed.has_value());
}

// Another thread burns the same CPU: wall time doubles, the work doesn't.
TEST(Latency, a_run_that_loses_its_cpu_counts_without_the_waiting) {
  const PinnedToCpus pinned(1);
  const auto left = torch::randn({256, 256});
  const Arm arm{"product", [=] { torch::matmul(left, left); }};
  const auto quiet = measure_latency({arm}, {0.05, 0.5, 1, 30, true}, [](double) {});
  std::atomic<bool> burning = true;
  std::thread rival([&] {
    while (burning) {
    }
  });
  const auto disturbed = measure_latency({arm}, {0.2, 0.5, 1, 30, true}, [](double) {});
  burning = false;
  rival.join();
  EXPECT_GT(disturbed.busy, 0.2);
  double waited = 0;
  for (const double seconds : pooled(disturbed.arms[0].waited_s)) waited += seconds;
  EXPECT_GT(waited, 0);
  EXPECT_LT(quantile(pooled(disturbed.arms[0].blocks_s), 0.95), 3 * quiet.arms[0].median_s);
}

TEST(Latency, progress_is_whole_at_the_end_also_if_the_bound_of_time_came_first) {
  const Arm waits{"waits", [] { std::promise<void>().get_future().wait_for(std::chrono::milliseconds(3)); }};
  double last = 0;
  const auto result =
      measure_latency({waits}, {0.02, 0.5, 1, 30, true}, [&](double fraction) { last = fraction; });
  EXPECT_FALSE(result.reached_target);
  EXPECT_EQ(last, 1);
}

TEST(Conditions, the_thread_gets_its_cpus_back) {
  cpu_set_t before;
  sched_getaffinity(0, sizeof before, &before);
  {
    const PinnedToCpus pinned(1);
    cpu_set_t during;
    sched_getaffinity(0, sizeof during, &during);
    EXPECT_EQ(CPU_COUNT(&during), 1);
    EXPECT_EQ(pinned.cpus().size(), 1U);
  }
  cpu_set_t after;
  sched_getaffinity(0, sizeof after, &after);
  EXPECT_TRUE(CPU_EQUAL(&before, &after));
}

TEST(LoadTime, is_taken_several_times_and_a_larger_file_takes_longer) {
  const auto folder = std::filesystem::path(testing::TempDir());
  const auto small = folder / "espalier_load_small_test.pt", large = folder / "espalier_load_large_test.pt";
  save_model(make_zoo_model({{"name", "lenet5"}}, {1, 28, 28}, 10, 1), small);
  save_model(make_zoo_model({{"name", "resnet56"}}, {1, 28, 28}, 10, 1), large);
  const auto of_small = load_times(small, 1);
  EXPECT_GE(of_small.size(), 3U);
  EXPECT_GT(*std::min_element(of_small.begin(), of_small.end()), 0);
  EXPECT_GT(median(load_times(large, 1)), median(of_small));
}

TEST(PeakMemory, a_larger_batch_takes_more) {
  const auto path = std::filesystem::path(testing::TempDir()) / "espalier_peak_memory_test.pt";
  save_model(make_zoo_model({{"name", "resnet8"}}, {1, 28, 28}, 10, 1), path);
  const auto small = peak_memory_here(path, 1);
  const auto large = peak_memory_here(path, 2048);
  ASSERT_TRUE(small.has_value());
  EXPECT_GT(*small, 1 << 20);
  EXPECT_GT(*large, *small + (10 << 20));
}

}  // namespace
}  // namespace espalier::runner
