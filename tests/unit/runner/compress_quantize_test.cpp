#include <gtest/gtest.h>
#include <torch/torch.h>

#include <filesystem>

#include "worker/runner/compress/packed_weights.hpp"
#include "worker/runner/compress/quantize.hpp"
#include "worker/runner/libtorch_version.hpp"
#include "worker/runner/measure/best_form.hpp"
#include "worker/runner/measure/macs.hpp"
#include "worker/runner/measure/operator_record.hpp"
#include "worker/runner/models/model.hpp"

namespace espalier::runner {
namespace {

at::Tensor grey_images(std::int64_t count, std::int64_t channels = 1, std::int64_t side = 28) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(11);
  return at::randn({count, channels, side, side}, generator);
}

QuantizePlan plan_here() {
  QuantizePlan plan;
  plan.activation.observer = Observer::minmax;
  plan.activation.bits = engine_saturates(select_quantized_engine("auto")) ? 7 : 8;
  return plan;
}

ForEachBatch batches_of(const at::Tensor& all) {
  return [all](const std::function<void(const at::Tensor&)>& take) {
    for (const auto& batch : all.split(16)) take(batch);
  };
}

at::Tensor forward(torch::jit::Module module, const at::Tensor& input) {
  const c10::InferenceMode no_gradients;
  module.eval();
  return module.forward({input}).toTensor();
}

// Signal to noise, in decibels.
double fidelity(const at::Tensor& exact, const at::Tensor& approximate) {
  return 10 * std::log10(exact.var().item<double>() / (exact - approximate).square().mean().item<double>());
}

std::set<std::string> operators_run_by(const std::function<void()>& run) {
  std::set<std::string> names;
  for (const auto& call : record_operators(run)) names.insert(call.name);
  return names;
}

std::set<std::string> operators_of(const torch::jit::Module& module, const at::Tensor& input) {
  return operators_run_by([&] { forward(module, input); });
}

bool any_starts_with(const std::set<std::string>& names, const std::string& prefix) {
  return std::any_of(names.begin(), names.end(), [&](const auto& name) { return name.starts_with(prefix); });
}

Model saved_and_loaded(const Model& model, const std::string& name) {
  const auto path = std::filesystem::path(testing::TempDir()) / (name + ".pt");
  save_model(model, path);
  return load_model(path);
}

// Weights fresh from the seed with batch norms that have seen data: without, a deep net's signal dies out and
// there is nothing for eight bits to hold.
Model settled_model(const char* name) {
  auto model = make_zoo_model({{"name", name}}, {1, 28, 28}, 10, 1);
  const torch::NoGradGuard no_gradients;
  model.module.train();
  for (int pass = 0; pass < 30; ++pass) model.module.forward({grey_images(64)});
  model.module.eval();
  return model;
}

class ZooNet : public testing::TestWithParam<const char*> {};

TEST_P(ZooNet, quantized_statically_runs_int8_kernels_after_loading_and_keeps_its_outputs) {
  auto model = settled_model(GetParam());
  const auto input = grey_images(64);
  const auto exact = forward(model.module, input);
  auto net = quantize_static(model.module, plan_here(), batches_of(input));
  EXPECT_TRUE(net.float_layers.empty());
  EXPECT_FALSE(net.quantized_layers.empty());

  Model int8{net.module, model.info};
  int8.info.form = "int8";
  int8.info.engine = select_quantized_engine("auto");
  const auto loaded = saved_and_loaded(int8, GetParam());
  const auto ran = operators_of(loaded.module, input);
  EXPECT_TRUE(any_starts_with(ran, "quantized::"));
  for (const char* name : {"aten::conv2d", "aten::_convolution", "aten::convolution",
                           "aten::mkldnn_convolution", "aten::linear", "aten::addmm"}) {
    EXPECT_FALSE(ran.contains(name)) << name << " ran in fp32";
  }
  EXPECT_GT(fidelity(exact, forward(loaded.module, input)), 12);
  EXPECT_EQ(forward(loaded.module, input.slice(0, 0, 1)).size(0), 1);

  const auto macs = count_macs(int8, grey_images(1));
  EXPECT_EQ(macs.total, count_macs(model, grey_images(1)).total);
  EXPECT_TRUE(macs.without_rule.empty()) << *macs.without_rule.begin();
}

INSTANTIATE_TEST_SUITE_P(Families, ZooNet, testing::Values("lenet5", "resnet8", "mobilenet_v2", "mlp", "vit"),
                         [](const testing::TestParamInfo<const char*>& tested) {
                           return std::string(tested.param);
                         });

TEST(Quantizing, dynamic_replaces_linear_layers_and_leaves_convolutions) {
  auto model = make_zoo_model({{"name", "lenet5"}}, {1, 28, 28}, 10, 1);
  const auto input = grey_images(8);
  const auto net = quantize_dynamic(model.module, plan_here());
  EXPECT_EQ(net.quantized_layers.size(), 3U);
  EXPECT_EQ(net.float_layers.size(), 2U);
  const auto ran = operators_of(net.module, input);
  EXPECT_TRUE(ran.contains("quantized::linear_dynamic"));
  EXPECT_FALSE(ran.contains("aten::linear"));
  EXPECT_GT(fidelity(forward(model.module, input), forward(net.module, input)), 20);
}

TEST(Quantizing, the_float_part_of_a_dynamic_net_is_tuned_like_its_baseline) {
  const auto model = settled_model("resnet8");
  Model int8{quantize_dynamic(model.module, plan_here()).module, model.info};
  int8.info.form = "int8";
  int8.info.engine = select_quantized_engine("auto");
  const auto form = best_form(int8, grey_images(2), Precision::fp32, 0.002);
  ASSERT_EQ(form.candidates.size(), 8U);
  for (const auto& candidate : form.candidates) EXPECT_EQ(candidate.rejected, "") << candidate.name;
  EXPECT_TRUE(operators_run_by(form.run).contains("quantized::linear_dynamic"));
}

TEST(Quantizing, skip_keeps_the_named_layer_float) {
  auto model = make_zoo_model({{"name", "lenet5"}}, {1, 28, 28}, 10, 1);
  const auto all = quantize_static(model.module, plan_here(), batches_of(grey_images(16)));
  auto plan = plan_here();
  plan.skip = {all.quantized_layers.front()};
  const auto net = quantize_static(model.module, plan, batches_of(grey_images(16)));
  EXPECT_EQ(net.float_layers, plan.skip);
  EXPECT_EQ(net.quantized_layers.size() + 1, all.quantized_layers.size());
}

TEST(Quantizing, a_net_has_the_same_macs_and_about_the_same_weights_in_int8) {
  auto model = make_zoo_model({{"name", "lenet5"}}, {1, 28, 28}, 10, 1);
  Model int8{quantize_static(model.module, plan_here(), batches_of(grey_images(16))).module, model.info};
  int8.info.form = "int8";
  EXPECT_EQ(count_macs(model, grey_images(1)).total, count_macs(int8, grey_images(1)).total);
  EXPECT_EQ(count_weights(model).params, count_weights(int8).params);
}

TEST(Quantizing, dead_channels_neither_divide_by_zero_nor_disturb_their_neighbours) {
  for (const bool per_channel : {true, false}) {
    Layer layer;
    layer.is_convolution = true;
    layer.weight = torch::randn({4, 3, 3, 3});
    layer.weight[2].zero_();
    const auto quantized = quantize_weight(layer.weight, per_channel, {});
    EXPECT_TRUE(quantized.dequantize().isfinite().all().item<bool>());
    EXPECT_EQ(quantized[2].int_repr().abs().max().item<int>(), 0);
    EXPECT_LT((quantized.dequantize() - layer.weight).abs().max().item<double>(), 0.05);
  }
  EXPECT_TRUE(quantize_weight(torch::zeros({4, 3}), true, {}).dequantize().isfinite().all().item<bool>());
}

TEST(Quantizing, a_layer_of_dead_channels_still_gives_its_bias) {
  torch::jit::Module module("dead");
  module.register_parameter("weight", torch::zeros({4, 1, 3, 3}), false);
  module.register_parameter("bias", torch::tensor({1.0F, -2.0F, 0.5F, 0.0F}), false);
  module.define("def forward(self, x):\n  return torch.conv2d(x, self.weight, self.bias, [1, 1], [1, 1])\n");
  const auto input = grey_images(4);
  const auto net = quantize_static(module, plan_here(), batches_of(input));
  EXPECT_LT((forward(module, input) - forward(net.module, input)).abs().max().item<double>(), 0.05);
}

// Concatenation, a clamped activation, a sum, shapes read at run time, an operator without int8 kernel.
TEST(Quantizing, any_scripted_graph_keeps_its_outputs) {
  torch::jit::Module module("mixed");
  torch::manual_seed(3);
  module.register_parameter("w1", torch::randn({8, 1, 3, 3}), false);
  module.register_parameter("w2", torch::randn({8, 8, 3, 3}) * 0.2, false);
  module.register_parameter("w3", torch::randn({5, 16}), false);
  module.define(R"(
def forward(self, x):
  a = torch.relu_(torch.conv2d(x, self.w1, None, [1, 1], [1, 1]))
  b = torch.hardtanh(torch.conv2d(a, self.w2, None, [1, 1], [1, 1]), 0., 6.)
  c = torch.cat([a, b + a], 1)
  d = torch.silu(torch.max_pool2d(c, [2, 2]))
  e = torch.adaptive_avg_pool2d(d, [1, 1]).view(x.size(0), -1)
  return torch.matmul(e, self.w3.t())
)");
  const auto input = grey_images(16);
  const auto net = quantize_static(module, plan_here(), batches_of(input));
  EXPECT_EQ(net.quantized_layers, (std::vector<std::string>{"w1", "w2", "w3"}));
  const auto ran = operators_of(net.module, input);
  EXPECT_TRUE(ran.contains("quantized::cat"));
  EXPECT_TRUE(ran.contains("quantized::add"));
  EXPECT_GT(fidelity(forward(module, input), forward(net.module, input)), 20);
}

TEST(Quantizing, residual_sums_stay_int8) {
  const auto model = settled_model("resnet8");
  const auto net = quantize_static(model.module, plan_here(), batches_of(grey_images(32)));
  const auto ran = operators_of(net.module, grey_images(4));
  EXPECT_TRUE(ran.contains("quantized::add_relu"));
  EXPECT_FALSE(ran.contains("aten::add"));
}

TEST(Quantizing, a_bias_that_is_computed_keeps_its_layer_float) {
  torch::jit::Module module("computed");
  module.register_parameter("weight", torch::randn({4, 1, 3, 3}), false);
  module.define("def forward(self, x):\n  return torch.conv2d(x, self.weight, x.flatten()[:4])\n");
  const auto input = grey_images(4);
  const auto net = quantize_static(module, plan_here(), batches_of(input));
  EXPECT_TRUE(net.quantized_layers.empty());
  EXPECT_TRUE(torch::allclose(forward(module, input), forward(net.module, input)));
}

TEST(Quantizing, a_range_always_holds_zero_exactly) {
  for (const double shift : {-5.0, 0.0, 5.0}) {
    for (const auto observer : {Observer::minmax, Observer::histogram, Observer::percentile}) {
      ObservedRange range;
      const auto values = torch::randn({5000}) + shift;
      range.see_range(values);
      range.see_distribution(values);
      ActivationQuantization how;
      how.observer = observer;
      const auto parameters = parameters_for(range, how);
      EXPECT_GT(parameters.scale, 0);
      EXPECT_GE(parameters.zero_point, 0);
      EXPECT_LE(parameters.zero_point, 255);
    }
  }
}

TEST(Quantizing, histogram_and_percentile_cut_off_a_single_outlier) {
  ObservedRange range;
  auto values = torch::rand({100000});
  values[0] = 100;
  range.see_range(values);
  range.see_distribution(values);
  const auto scale = [&](Observer observer) {
    ActivationQuantization how;
    how.observer = observer;
    return parameters_for(range, how).scale;
  };
  EXPECT_NEAR(scale(Observer::minmax), 100.0 / 255, 1e-3);
  EXPECT_LT(scale(Observer::percentile), 2.0 / 255);
  EXPECT_LT(scale(Observer::histogram), 100.0 / 255);
}

TEST(Quantizing, seven_bits_leave_the_upper_half_of_the_integers_free) {
  ObservedRange range;
  range.see_range(torch::tensor({0.0F, 1.27F}));
  ActivationQuantization how;
  how.bits = 7;
  EXPECT_NEAR(parameters_for(range, how).scale, 0.01, 1e-6);
}

TEST(Quantizing, values_that_are_not_finite_are_refused) {
  ObservedRange range;
  range.see_range(torch::tensor({0.0F, std::numeric_limits<float>::quiet_NaN()}));
  EXPECT_FALSE(range.finite());
}

}  // namespace
}  // namespace espalier::runner
