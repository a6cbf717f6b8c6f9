#include <gtest/gtest.h>
#include <torch/torch.h>

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <set>

#include "common/job/catalogue.hpp"
#include "worker/runner/models/model.hpp"
#include "worker/runner/models/net.hpp"
#include "worker/runner/models/trace.hpp"
#include "worker/runner/train/training.hpp"

namespace espalier::runner {
namespace {

struct ZooCase {
  const char* spec;
  std::vector<std::int64_t> shape;
};

json::object parsed(const char* text) {
  return json::parse(text).as_object();
}

std::filesystem::path temporary(const std::string& name) {
  const auto* info = testing::UnitTest::GetInstance()->current_test_info();
  auto folder = std::filesystem::path(testing::TempDir()) / ("espalier_models_" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  std::string name_of_test = info->name();
  std::replace(name_of_test.begin(), name_of_test.end(), '/', '_');
  return folder / (name_of_test + name);
}

class EveryKindOfNet : public testing::TestWithParam<ZooCase> {
 protected:
  [[nodiscard]] torch::Tensor images(std::int64_t count) const {
    torch::manual_seed(99);
    const auto& shape = GetParam().shape;
    return torch::randn({count, shape[0], shape[1], shape[2]});
  }
  [[nodiscard]] std::shared_ptr<Net> net() const {
    const auto& shape = GetParam().shape;
    return make_net(parsed(GetParam().spec), {shape[0], shape[1], shape[2], 10}, 7);
  }
  [[nodiscard]] Model model() const {
    return make_zoo_model(parsed(GetParam().spec), GetParam().shape, 10, 7);
  }
};

TEST_P(EveryKindOfNet, GivesBitForBitWhatItsTorchNnModuleGives) {
  UnoptimisedGraphs as_written;  // the optimised executor splits linear layers into products and sums
  torch::NoGradGuard no_grad;
  auto reference = net();
  reference->eval();
  auto traced = model();
  const auto x = images(5);
  EXPECT_TRUE(traced.module.forward({x}).toTensor().equal(reference->forward(x)));
  EXPECT_EQ(traced.module.forward({x}).toTensor().sizes(), (std::vector<std::int64_t>{5, 10}));
}

TEST_P(EveryKindOfNet, IsTheSameAfterSavingAndLoading) {
  torch::NoGradGuard no_grad;
  auto before = model();
  const auto file = temporary(".pt");
  save_model(before, file);
  auto after = load_model(file);
  const auto x = images(3);
  EXPECT_TRUE(after.module.forward({x}).toTensor().equal(before.module.forward({x}).toTensor()));
  EXPECT_EQ(to_json(after.info), to_json(before.info));
}

TEST_P(EveryKindOfNet, LearnsBitForBitAsItsTorchNnModuleDoesAlsoAfterLoading) {
  UnoptimisedGraphs as_written;
  auto reference = net();
  reference->train();
  const auto file = temporary(".pt");
  save_model(model(), file);
  auto traced = load_model(file);
  traced.module.train();
  std::vector<torch::Tensor> parameters;
  for (const auto& parameter : traced.module.parameters()) {
    parameter.set_requires_grad(true);
    parameters.push_back(parameter);
  }
  torch::optim::SGD first(reference->parameters(), torch::optim::SGDOptions(0.01).momentum(0.9));
  torch::optim::SGD second(parameters, torch::optim::SGDOptions(0.01).momentum(0.9));
  const auto x = images(8);
  const auto labels = torch::arange(8);
  for (int step = 0; step < 2; ++step) {
    torch::manual_seed(static_cast<std::uint64_t>(step));  // the same dropout for both
    first.zero_grad();
    torch::cross_entropy_loss(reference->forward(x), labels).backward();
    first.step();
    torch::manual_seed(static_cast<std::uint64_t>(step));
    second.zero_grad();
    torch::cross_entropy_loss(traced.module.forward({x}).toTensor(), labels).backward();
    second.step();
  }
  const auto expected = reference->named_parameters();
  for (const auto& item : traced.module.named_parameters()) {
    ASSERT_NE(expected.find(item.name), nullptr) << item.name;
    EXPECT_TRUE(item.value.equal(expected[item.name])) << item.name;
  }
  for (const auto& item : traced.module.named_buffers()) {
    if (item.name.ends_with("num_batches_tracked")) continue;
    EXPECT_TRUE(item.value.equal(reference->named_buffers()[item.name])) << item.name;
  }
}

TEST_P(EveryKindOfNet, IsDrawnFromTheSeedAlone) {
  const auto first = model().module;
  torch::rand({100});
  const auto again = model().module;
  const auto other = make_zoo_model(parsed(GetParam().spec), GetParam().shape, 10, 8).module;
  const auto have_equal_parameters = [](const torch::jit::Module& one, const torch::jit::Module& two) {
    std::map<std::string, torch::Tensor> of_two;
    for (const auto& item : two.named_parameters()) of_two.emplace(item.name, item.value);
    bool all_equal = true;
    for (const auto& item : one.named_parameters())
      all_equal = all_equal && item.value.equal(of_two.at(item.name));
    return all_equal;
  };
  EXPECT_TRUE(have_equal_parameters(first, again));
  EXPECT_FALSE(have_equal_parameters(first, other));
}

INSTANTIATE_TEST_SUITE_P(
    Zoo, EveryKindOfNet,
    testing::Values(ZooCase{R"({"name": "resnet18", "width": 0.1})", {3, 40, 32}},
                    ZooCase{R"({"name": "resnet50", "width": 0.1, "depth": 0.3})", {3, 64, 64}},
                    ZooCase{R"({"name": "wrn_16_4", "width": 0.1})", {3, 16, 16}},
                    ZooCase{R"({"name": "vgg11_bn", "width": 0.05})", {3, 32, 32}},
                    ZooCase{R"({"name": "mobilenet_v3_small", "width": 0.3})", {1, 64, 80}},
                    ZooCase{R"({"name": "mobilenet_v3_large", "width": 0.3, "depth": 0.5})", {3, 28, 28}},
                    ZooCase{R"({"name": "efficientnet_b1", "width": 0.2})", {3, 64, 64}},
                    ZooCase{R"({"name": "efficientnet_b5", "width": 0.1, "depth": 0.2})", {1, 28, 28}},
                    ZooCase{R"({"name": "convnext_tiny", "width": 0.1})", {3, 33, 64}},
                    ZooCase{R"({"name": "swin_t", "width": 0.3})", {3, 60, 44}},
                    ZooCase{R"({"name": "swin_t", "width": 0.3, "depth": 0.5})", {1, 28, 28}},
                    ZooCase{R"({"name": "vit_b_16", "width": 0.1, "depth": 0.2})", {3, 32, 48}},
                    ZooCase{R"({"name": "lenet5"})", {1, 28, 28}},
                    ZooCase{R"({"name": "lenet5", "width": 0.5})", {3, 16, 20}},
                    ZooCase{R"({"name": "mlp", "depth": 3, "width": 0.25})", {1, 9, 9}},
                    ZooCase{R"({"name": "resnet8", "width": 0.3})", {3, 15, 15}},
                    ZooCase{R"({"name": "mobilenet_v2", "width": 0.25})", {1, 28, 28}},
                    ZooCase{R"({"name": "mobilenet_v2", "width": 0.25})", {3, 64, 64}},
                    ZooCase{R"({"name": "vit", "dim": 32, "depth": 2, "patch": 4})", {3, 16, 8}}));

TEST(Zoo, HasTheParameterCountsOfThePapers) {
  const auto count = [](const char* spec, std::vector<std::int64_t> shape, std::int64_t classes) {
    return count_parameters(make_zoo_model(parsed(spec), shape, classes, 1));
  };
  EXPECT_EQ(count(R"({"name": "lenet5"})", {1, 28, 28}, 10), 61706);
  EXPECT_EQ(count(R"({"name": "lenet5"})", {1, 32, 32}, 10), 61706);
  EXPECT_EQ(count(R"({"name": "resnet20"})", {3, 32, 32}, 10), 269722);
  EXPECT_EQ(count(R"({"name": "resnet32"})", {3, 32, 32}, 10), 464154);
  EXPECT_EQ(count(R"({"name": "resnet56"})", {3, 32, 32}, 10), 853018);
  EXPECT_EQ(count(R"({"name": "resnet110"})", {3, 32, 32}, 10), 1727962);
  EXPECT_EQ(count(R"({"name": "mobilenet_v2"})", {3, 224, 224}, 1000), 3504872);
  EXPECT_EQ(count(R"({"name": "wrn_16_4"})", {3, 32, 32}, 10), 2748890);
  EXPECT_EQ(count(R"({"name": "wrn_40_2"})", {3, 32, 32}, 10), 2243546);
}

TEST(Zoo, HasTorchvisionsParameterCounts) {
  const auto count = [](const char* name) {
    std::int64_t total = 0;
    for (const auto& parameter : make_net({{"name", name}}, {3, 224, 224, 1000}, 1)->parameters())
      total += parameter.numel();
    return total;
  };
  EXPECT_EQ(count("resnet18"), 11689512);
  EXPECT_EQ(count("resnet50"), 25557032);
  EXPECT_EQ(count("mobilenet_v3_small"), 2542856);
  EXPECT_EQ(count("mobilenet_v3_large"), 5483032);
  EXPECT_EQ(count("efficientnet_b0"), 5288548);
  EXPECT_EQ(count("efficientnet_b1"), 7794184);
  EXPECT_EQ(count("convnext_tiny"), 28589128);
  EXPECT_EQ(count("swin_t"), 28288354);
}

TEST(Zoo, BuildsEveryModelOfTheCatalogueForGreyImagesOfAnyClasses) {
  torch::NoGradGuard no_grad;
  for (const auto& entry : job::models()) {
    json::object spec{{"name", entry.name}};
    for (const auto& parameter : entry.parameters)
      if (parameter.name == "width") spec["width"] = 0.1;
    const auto side = entry.name == "vit" ? 28 : 32;
    auto model = make_zoo_model(spec, {1, side, side}, 3, 1);
    EXPECT_EQ(model.module.forward({torch::zeros({4, 1, side, side})}).toTensor().sizes(),
              (std::vector<std::int64_t>{4, 3}))
        << entry.name;
  }
}

TEST(Zoo, ScalesTheBlocksOfEveryStageByDepth) {
  const auto names = [](const char* spec) {
    std::set<std::string> found;
    for (const auto& item : make_net(parsed(spec), {3, 32, 32, 10}, 1)->named_parameters())
      found.insert(item.key());
    return found;
  };
  const auto deep = names(R"({"name": "resnet18", "width": 0.1, "depth": 1.5})");
  EXPECT_TRUE(deep.contains("layer4.2.conv2.weight"));
  EXPECT_FALSE(deep.contains("layer4.3.conv2.weight"));
  const auto shallow = names(R"({"name": "resnet20", "depth": 0.34})");
  EXPECT_TRUE(shallow.contains("layer3.0.conv2.weight"));
  EXPECT_FALSE(shallow.contains("layer3.1.conv2.weight"));
  EXPECT_TRUE(names(R"({"name": "vit_b_16", "width": 0.1, "depth": 2})")
                  .contains("encoder.layers.encoder_layer_23.mlp.3.weight"));
}

TEST(Zoo, NamesMobileNetsTensorsAsTorchvisionDoes) {
  auto model = make_zoo_model(parsed(R"({"name": "mobilenet_v2", "width": 0.25})"), {3, 64, 64}, 10, 1);
  std::set<std::string> names;
  for (const auto& item : model.module.named_parameters()) names.insert(item.name);
  for (const auto& item : model.module.named_buffers()) names.insert(item.name);
  EXPECT_EQ(names.size(), 314U);  // of torchvision's state dict
  for (const char* name : {"features.0.0.weight", "features.0.1.running_var", "features.1.conv.0.0.weight",
                           "features.1.conv.1.weight", "features.1.conv.2.num_batches_tracked",
                           "features.17.conv.2.weight", "features.18.1.bias", "classifier.1.weight"})
    EXPECT_TRUE(names.contains(name)) << name;
}

TEST(Zoo, RefusesWhatCannotBeBuiltAndSaysWhy) {
  const auto message = [](const char* spec, std::vector<std::int64_t> shape) -> std::string {
    try {
      make_zoo_model(parsed(spec), shape, 10, 1);
    } catch (const ErrorException& error) {
      return error.error().message;
    }
    return "built";
  };
  EXPECT_NE(message(R"({"name": "lenet6"})", {1, 28, 28}).find("lenet6"), std::string::npos);
  EXPECT_NE(message(R"({"name": "lenet5"})", {1, 8, 28}).find("at least 16 pixels"), std::string::npos);
  EXPECT_NE(message(R"({"name": "vit", "patch": 5})", {1, 28, 28}).find("28x28"), std::string::npos);
  EXPECT_NE(message(R"({"name": "vit", "dim": 30})", {1, 28, 28}).find("heads = 4"), std::string::npos);
  EXPECT_NE(message(R"({"name": "vit_b_16"})", {3, 40, 32}).find("40x32"), std::string::npos);
  EXPECT_NE(message(R"({"name": "resnet18", "depth": 100})", {3, 32, 32}).find("depth"), std::string::npos);
  EXPECT_NE(message(R"({"name": "lenet5", "width": -1})", {1, 28, 28}).find("width"), std::string::npos);
}

TEST(AModel, NormalisesByTheBatchOnlyWhileItTrains) {
  auto model = make_zoo_model(parsed(R"({"name": "resnet8", "width": 0.25})"), {1, 16, 16}, 10, 1);
  const auto mean = [&] {
    return model.module.attr("bn1").toModule().attr("running_mean").toTensor().clone();
  };
  const auto x = torch::randn({4, 1, 16, 16});
  const auto at_first = mean();
  model.module.eval();
  model.module.forward({x});
  EXPECT_TRUE(mean().equal(at_first));
  model.module.train();
  model.module.forward({x});
  EXPECT_FALSE(mean().equal(at_first));
}

TEST(AUsersFile, TellsItsClassesAndRefusesAnotherInputShape) {
  auto zoo = make_zoo_model(parsed(R"({"name": "lenet5"})"), {1, 28, 28}, 7, 1);
  const auto file = temporary(".pt");
  zoo.module.save(file.string());
  auto model = open_user_model(file, parsed(R"({"file": "x", "input_shape": [1, 28, 28]})"), 1);
  EXPECT_EQ(model.info.classes, 7);
  EXPECT_EQ(model.info.origin, "file");
  EXPECT_THROW(open_user_model(file, parsed(R"({"file": "x", "input_shape": [3, 28, 28]})"), 1),
               ErrorException);
  EXPECT_THROW(open_user_model(file, parsed(R"({"file": "x", "input_shape": [28, 28]})"), 1), ErrorException);
  EXPECT_THROW(load_model(file), ErrorException);  // no stage of ours wrote it
}

TEST(AUsersFile, IsRedrawnFromTheSeedIfAsked) {
  torch::NoGradGuard no_grad;
  auto zoo = make_zoo_model(parsed(R"({"name": "lenet5"})"), {1, 28, 28}, 10, 1);
  const auto file = temporary(".pt");
  zoo.module.save(file.string());
  const auto x = torch::randn({2, 1, 28, 28});
  const auto output = [&](const char* spec, std::int64_t seed) {
    return open_user_model(file, parsed(spec), seed).module.forward({x}).toTensor();
  };
  const char* random = R"({"file": "x", "init": "random", "input_shape": [1, 28, 28]})";
  EXPECT_TRUE(
      output(R"({"file": "x", "input_shape": [1, 28, 28]})", 5).equal(zoo.module.forward({x}).toTensor()));
  EXPECT_FALSE(output(random, 5).equal(zoo.module.forward({x}).toTensor()));
  EXPECT_TRUE(output(random, 5).equal(output(random, 5)));
  EXPECT_FALSE(output(random, 5).equal(output(random, 6)));
}

TEST(AFileThatIsNoModel, IsNamedInTheError) {
  const auto file = temporary(".pt");
  std::FILE* out = std::fopen(file.c_str(), "w");
  std::fputs("not a model", out);
  std::fclose(out);
  try {
    load_model(file);
    FAIL() << "loaded";
  } catch (const ErrorException& error) {
    EXPECT_NE(error.error().message.find(file.string()), std::string::npos);
  }
}

TEST(AUsersFile, DropsOutWhileItIsTrainedHoweverItsTraceDroppedOut) {
  const auto x = torch::ones({8, 16, 2, 2});
  for (const std::string name :
       {"dropout", "dropout_", "feature_dropout", "feature_dropout_", "alpha_dropout", "alpha_dropout_",
        "feature_alpha_dropout", "feature_alpha_dropout_"}) {
    for (const char* traced : {"True", "False"}) {
      torch::jit::Module net("net");
      net.define("def forward(self, x):\n  return torch." + name + "(x.clone(), 0.5, " + traced + ")\n");
      follow_training_attribute(net);
      net.train();
      EXPECT_FALSE(net.forward({x}).toTensor().equal(x)) << name << traced;
      net.eval();
      EXPECT_TRUE(net.forward({x}).toTensor().equal(x)) << name << traced;
    }
  }
}

}  // namespace
}  // namespace espalier::runner
