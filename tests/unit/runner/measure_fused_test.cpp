#include <gtest/gtest.h>
#include <torch/torch.h>

#include <string>

#include "worker/runner/measure/onednn_form.hpp"
#include "worker/runner/measure/product_shape.hpp"

namespace espalier::runner {
namespace {

using torch::jit::Module;

// Convolutions 8 to 8 channels, 3x3 (`a`, `b`), 1x1 (`p`), depthwise (`d`), and a linear layer 8 to 8 (`l`).
Module net_of(const std::string& forward) {
  at::manual_seed(3);
  Module module("net");
  const auto add = [&](const std::string& name, at::IntArrayRef sizes) {
    module.register_parameter(name, at::randn(sizes) * 0.2, false);
  };
  for (const char* name : {"a", "b"}) add(name, {8, 8, 3, 3});
  add("p", {8, 8, 1, 1});
  add("d", {8, 1, 3, 3});
  add("l", {8, 8});
  add("bias", {8});
  module.define("def forward(self, x):\n" + forward);
  module.eval();
  return module;
}

std::size_t count_of(const Module& module, const std::string& operator_name) {
  std::size_t count = 0;
  for (const auto* node : module.get_method("forward").graph()->nodes())
    count += node->kind().toQualString() == operator_name ? 1 : 0;
  return count;
}

// All ways of laying out values, twice each: a form that overwrites what it still needs gives other numbers
// the second time at the latest.
void expect_same_numbers(Module module, const at::Tensor& x) {
  const c10::InferenceMode no_gradients;
  const auto kept = x.clone();
  const auto expected = module.forward({x}).toTensor();
  for (const auto layout : {LayerLayout::channels_last, LayerLayout::fastest_alone, LayerLayout::onednn}) {
    auto form = fused_form(module, x, layout);
    for (int run = 0; run < 2; ++run) {
      const auto given = form.forward({x}).toTensor();
      ASSERT_EQ(given.sizes(), expected.sizes());
      EXPECT_LE((given - expected).abs().max().item<double>(), 1e-4) << "run " << run;
      EXPECT_TRUE(x.equal(kept)) << "the input was overwritten";
    }
  }
}

at::Tensor images() {
  return at::randn({2, 8, 10, 10});
}

class FusedActivations : public testing::TestWithParam<const char*> {};

TEST_P(FusedActivations, happen_inside_the_convolution_before_them) {
  const auto module = net_of("  y = torch.conv2d(x, self.a, self.bias, [1, 1], [1, 1])\n  return " +
                             std::string(GetParam()) + "\n");
  expect_same_numbers(module, images() * 4);
  const auto form = fused_form(module, images(), LayerLayout::channels_last);
  EXPECT_EQ(count_of(form, "espalier::run_layer"), 1U);
  for (const char* name : {"aten::relu", "aten::silu", "aten::gelu", "aten::hardtanh", "aten::hardswish"})
    EXPECT_EQ(count_of(form, name), 0U) << name;
}

INSTANTIATE_TEST_SUITE_P(Kinds, FusedActivations,
                         testing::Values("torch.relu(y)", "torch.sigmoid(y)", "torch.silu(y)",
                                         "torch.hardtanh(y, 0., 6.)", "torch.hardswish(y)", "torch.gelu(y)"));

TEST(FusedForm, a_residual_that_nobody_else_reads_becomes_the_sum) {
  const auto module = net_of(
      "  r = torch.conv2d(x, self.p)\n"
      "  y = torch.relu(torch.conv2d(r, self.a, None, [1, 1], [1, 1]))\n"
      "  return torch.relu(torch.conv2d(y, self.b, None, [1, 1], [1, 1]) + r)\n");
  expect_same_numbers(module, images());
  const auto form = fused_form(module, images(), LayerLayout::fastest_alone);
  EXPECT_EQ(count_of(form, "espalier::run_layer_add_"), 1U);
  EXPECT_EQ(count_of(form, "aten::add"), 0U);
}

TEST(FusedForm, a_residual_that_is_read_again_keeps_its_numbers) {
  const auto module = net_of(
      "  r = torch.conv2d(x, self.p)\n"
      "  y = torch.conv2d(r, self.b, None, [1, 1], [1, 1]) + r\n"
      "  return torch.cat([torch.relu(y), r], 1)\n");
  expect_same_numbers(module, images());
  EXPECT_EQ(count_of(fused_form(module, images(), LayerLayout::fastest_alone), "espalier::run_layer_add_"),
            0U);
}

TEST(FusedForm, a_view_of_a_residual_that_is_read_later_keeps_its_numbers) {
  expect_same_numbers(net_of("  r = torch.conv2d(x, self.p)\n"
                             "  v = r.permute([0, 2, 3, 1])\n"
                             "  y = torch.relu(torch.conv2d(x, self.b, None, [1, 1], [1, 1]) + r)\n"
                             "  return y + v.permute([0, 3, 1, 2])\n"),
                      images());
}

TEST(FusedForm, the_net_s_own_input_is_never_overwritten) {
  expect_same_numbers(net_of("  return torch.relu(torch.conv2d(x, self.b, None, [1, 1], [1, 1]) + x)\n"),
                      images().contiguous(at::MemoryFormat::ChannelsLast));
}

TEST(FusedForm, an_addition_of_another_shape_stays_an_addition) {
  const auto module = net_of(
      "  return torch.conv2d(x, self.p) + torch.conv2d(x, self.a, None, [1, 1], [1, 1]).mean([2, 3], "
      "True)\n");
  expect_same_numbers(module, images());
  EXPECT_EQ(count_of(fused_form(module, images(), LayerLayout::channels_last), "aten::add"), 1U);
}

TEST(FusedForm, two_layers_that_are_added_are_two_operators) {
  const auto module = net_of(
      "  return torch.relu(torch.conv2d(x, self.p) + torch.conv2d(x, self.a, None, [1, 1], [1, 1]))\n");
  expect_same_numbers(module, images());
  const auto form = fused_form(module, images(), LayerLayout::channels_last);
  EXPECT_EQ(count_of(form, "aten::add"), 0U);
  EXPECT_EQ(count_of(form, "aten::relu"), 0U);
}

TEST(FusedForm, strides_dilations_and_groups_between_convolutions_give_the_same_numbers) {
  expect_same_numbers(net_of("  y = torch.conv2d(x, self.d, self.bias, [2, 2], [1, 1], [1, 1], 8)\n"
                             "  y = torch.relu(torch.conv2d(y, self.a, None, [1, 1], [2, 2], [2, 2]))\n"
                             "  return torch.conv2d(y, self.p, self.bias).flatten(1)\n"),
                      images());
}

TEST(FusedForm, linear_layers_of_many_rows_take_gelu_and_residual_along) {
  const auto module = net_of(
      "  y = x.flatten(2).transpose(1, 2)\n"
      "  z = torch.gelu(torch.linear(y, self.l, self.bias))\n"
      "  return torch.linear(z, self.l) + y\n");
  expect_same_numbers(module, images());
  const auto form = fused_form(module, images(), LayerLayout::channels_last);
  EXPECT_EQ(count_of(form, "aten::gelu"), 0U);
  EXPECT_EQ(count_of(form, "aten::add"), 0U);
}

TEST(FusedForm, convolutions_by_winograds_filtering_add_and_clip_alike) {
  at::manual_seed(5);
  Module module("net");
  for (const char* name : {"a", "b"}) module.register_parameter(name, at::randn({64, 64, 3, 3}) / 24, false);
  module.define(
      "def forward(self, x):\n"
      "  y = torch.relu(torch.conv2d(x, self.a, None, [1, 1], [1, 1]))\n"
      "  return torch.relu(torch.conv2d(y, self.b, None, [1, 1], [1, 1]) + x)\n");
  module.eval();
  expect_same_numbers(module, at::randn({2, 64, 15, 18}));
}

TEST(FusedForm, products_with_a_bias_added_are_linear_layers) {
  const auto module = net_of(
      "  y = x.permute(0, 2, 3, 1)\n"
      "  z = torch.gelu(torch.matmul(y, self.l.t()) + self.bias)\n"
      "  return self.bias + torch.matmul(z, self.l.t())\n");
  expect_same_numbers(module, images());
  const auto form = fused_form(module, images(), LayerLayout::channels_last);
  EXPECT_EQ(count_of(form, "espalier::run_layer"), 2U);
  EXPECT_EQ(count_of(form, "aten::gelu"), 0U);
  EXPECT_EQ(count_of(form, "aten::add"), 0U);
}

TEST(FusedForm, a_bias_of_another_type_stays_an_addition_that_converts) {
  const auto module = net_of("  return torch.matmul(x.permute(0, 2, 3, 1), self.l.t()) + self.bias.to(7)\n");
  expect_same_numbers(module, images());
  EXPECT_EQ(count_of(fused_form(module, images(), LayerLayout::channels_last), "aten::add"), 1U);
}

TEST(FusedForm, inputs_of_another_shape_are_refused) {
  auto form = fused_form(net_of("  return torch.conv2d(x, self.p)\n"), images(), LayerLayout::channels_last);
  EXPECT_THROW(form.forward({at::randn({3, 8, 10, 10})}), std::exception);
}

TEST(ProductShape, a_grouped_convolution_splits_its_weights_by_group) {
  Layer layer;
  layer.is_convolution = true;
  layer.weight = at::zeros({12, 2, 3, 3});
  layer.stride = {2, 2};
  layer.padding = {1, 1};
  layer.dilation = {1, 1};
  layer.groups = 4;
  const auto shape = product_shapes_of(layer, {1, 8, 9, 11}).at(0);
  EXPECT_EQ(shape.weights, (std::vector<std::int64_t>{4, 3, 2, 3, 3}));
  EXPECT_EQ(shape.result, (std::vector<std::int64_t>{1, 12, 5, 6}));
  EXPECT_EQ(shape.dilation, (std::vector<std::int64_t>{0, 0}));
}

}  // namespace
}  // namespace espalier::runner
