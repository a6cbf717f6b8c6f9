#include <gtest/gtest.h>
#include <torch/torch.h>

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <set>

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
  torch::NoGradGuard no_grad;
  const auto x = images(2);
  auto first = model();
  torch::rand({100});
  auto again = model();
  auto other = make_zoo_model(parsed(GetParam().spec), GetParam().shape, 10, 8);
  EXPECT_TRUE(first.module.forward({x}).toTensor().equal(again.module.forward({x}).toTensor()));
  EXPECT_FALSE(first.module.forward({x}).toTensor().equal(other.module.forward({x}).toTensor()));
}

INSTANTIATE_TEST_SUITE_P(Zoo, EveryKindOfNet,
                         testing::Values(ZooCase{R"({"name": "lenet5"})", {1, 28, 28}},
                                         ZooCase{R"({"name": "lenet5", "width": 0.5})", {3, 16, 20}},
                                         ZooCase{R"({"name": "mlp", "depth": 3, "width": 0.25})", {1, 9, 9}},
                                         ZooCase{R"({"name": "resnet8", "width": 0.3})", {3, 15, 15}},
                                         ZooCase{R"({"name": "mobilenet_v2", "width": 0.25})", {1, 28, 28}},
                                         ZooCase{R"({"name": "mobilenet_v2", "width": 0.25})", {3, 64, 64}},
                                         ZooCase{R"({"name": "vit", "dim": 32, "depth": 2, "patch": 4})",
                                                 {3, 16, 8}}));

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

}  // namespace
}  // namespace espalier::runner
