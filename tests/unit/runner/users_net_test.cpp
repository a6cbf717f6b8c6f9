// Nets that users bring as TorchScript: what becomes of them in the stages.
#include <caffe2/serialize/inline_container.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/script.h>

#include <cmath>
#include <map>

#include "tests/unit/runner/stages.hpp"
#include "worker/runner/complaint.hpp"
#include "worker/runner/measure/macs.hpp"
#include "worker/runner/serve.hpp"
#include "worker/runner/train/tensors_file.hpp"

namespace espalier::runner {
namespace {

using testing::HasSubstr;
using torch::jit::Module;

class AUsersNet : public Stages {
 protected:
  void SetUp() override {
    Stages::SetUp();
    std::filesystem::create_directories(root_);
    torch::manual_seed(1);
  }
  // Of images [1, 16, 16], four classes; `forward` has `x` [N, 256] and `scores` [N, 4].
  static Module linear_net(const std::string& forward) {
    Module net("net");
    net.register_attribute("training", c10::BoolType::get(), true);
    net.register_parameter("weight", torch::randn({4, 256}) * 0.05, false);
    net.define(
        "def forward(self, images):\n  x = images.flatten(1)\n"
        "  scores = torch.matmul(x, self.weight.t())\n" +
        forward);
    return net;
  }
  TaskContext given(TaskContext context, const Module& net, const char* init = "weights") {
    const auto file = root_ / "net.pt";
    net.save(file.string());
    context.inputs["model"] = file;
    context.spec["model"] = {{"file", "a hash"}, {"init", init}, {"input_shape", {1, 16, 16}}};
    return context;
  }
  static std::map<std::string, torch::Tensor> weights_of(const Module& net) {
    std::map<std::string, torch::Tensor> weights;
    for (const auto& item : net.named_parameters()) weights.emplace(item.name, item.value.data().clone());
    return weights;
  }
  std::map<std::string, torch::Tensor> trained(TaskContext context) {
    return weights_of(load_model(output(run_task(context), "model")).module);
  }
  static std::string refusal(TaskContext context) {
    const auto ended = finished_by(context);
    EXPECT_EQ(ended.at("outcome").as_string(), "failed");
    if (ended.at("outcome") != "failed") return "";
    EXPECT_FALSE(ended.at("retryable").as_bool());
    return std::string(ended.at("reason").as_string());
  }
};

TEST_F(AUsersNet, WhoseValidationLossIsNoNumberHasDiverged) {
  const auto net = linear_net("  if self.training:\n    return scores\n  return scores / 0\n");
  EXPECT_THAT(refusal(given(task("train", {}), net)),
              HasSubstr("diverged at epoch 1, step 8: the loss is not a number"));
}

// As a machine with a GPU would have written it.
void move_tensors_to_gpu(const std::filesystem::path& from, const std::filesystem::path& to) {
  caffe2::serialize::PyTorchStreamReader reader(from.string());
  caffe2::serialize::PyTorchStreamWriter writer(to.string());
  const std::string cpu("X\3\0\0\0cpu", 8), gpu("X\6\0\0\0cuda:0", 11);
  for (const auto& name : reader.getAllRecords()) {
    if (name == "version" || name.ends_with(".debug_pkl")) continue;
    const auto [data, size] = reader.getRecord(name);
    std::string bytes(static_cast<const char*>(data.get()), size);
    if (const auto at = bytes.find(cpu); at != std::string::npos) bytes.replace(at, cpu.size(), gpu);
    writer.writeRecord(name, bytes.data(), bytes.size());
  }
  writer.writeEndOfFile();
}

TEST_F(AUsersNet, SavedOnAGpuIsTakenToTheCpu) {
  auto evaluation = given(task("evaluate", {}), linear_net("  return scores\n"));
  move_tensors_to_gpu(evaluation.inputs["model"], root_ / "gpu.pt");
  evaluation.inputs["model"] = root_ / "gpu.pt";
  EXPECT_TRUE(model_of(evaluation).module.attr("weight").toTensor().is_cpu());
}

TEST_F(AUsersNet, WithOneWeightInTwoPlacesHasItOnce) {
  const auto net = [](const std::string& second) {
    Module module("net");
    torch::manual_seed(3);
    module.register_parameter("weight", torch::randn({4, 256}) * 0.05, false);
    if (second == "other") module.register_parameter("other", module.attr("weight").toTensor(), false);
    module.define(
        "def forward(self, images):\n  x = images.flatten(1)\n"
        "  return torch.matmul(x, self.weight.t()) + torch.matmul(x, self." +
        second + ".t()).relu()\n");
    return module;
  };
  const auto training = [&](const std::string& second) {
    return given(task("train", {{"optimizer", "sgd"}, {"epochs", 1}}), net(second));
  };
  const auto model = model_of(training("other"));
  EXPECT_EQ(count_parameters(model), 4 * 256);
  EXPECT_EQ(count_weights(model).params, 4 * 256);
  EXPECT_EQ(count_weights(model).weights, 4 * 256);
  const auto tied = trained(training("other"));
  // But for the order of sums.
  const auto difference = tied.at("weight") - trained(training("weight")).at("weight");
  EXPECT_LE(difference.abs().max().item<double>(), 1e-5) << "one step at a time";
  EXPECT_TRUE(tied.at("weight").equal(tied.at("other")));
}

TEST_F(AUsersNet, KeepsWhatItsFileFrozeAndLearnsTheRest) {
  const auto moved = [this](bool weight_learns, bool bias_learns, const char* init) {
    Module net("net");
    net.register_parameter("weight", torch::randn({4, 256}).set_requires_grad(weight_learns), false);
    net.register_parameter("bias", torch::zeros({4}).set_requires_grad(bias_learns), false);
    net.define(
        "def forward(self, images):\n  return torch.linear(images.flatten(1), self.weight, self.bias)\n");
    auto training = given(task("train", {{"epochs", 1}}), net, init);
    const auto before = weights_of(model_of(training).module);
    const auto after = trained(training);
    return std::pair(!after.at("weight").equal(before.at("weight")),
                     !after.at("bias").equal(before.at("bias")));
  };
  EXPECT_EQ(moved(false, true, "weights"), std::pair(false, true));
  EXPECT_EQ(moved(true, true, "weights"), std::pair(true, true));
  EXPECT_EQ(moved(false, false, "weights"), std::pair(true, true)) << "as exports are";
  EXPECT_EQ(moved(false, true, "random"), std::pair(true, true)) << "nothing of it is worth keeping";
}

TEST_F(Stages, TrainEveryParameterOfAZooNetBeforeAndAfterItIsPruned) {
  auto training = with_model(task("train", {{"epochs", 1}}));
  std::map<std::string, torch::Tensor> before;
  const auto expect_all_moved = [&before](const std::filesystem::path& file, const char* stage) {
    for (const auto& item : load_model(file).module.named_parameters()) {
      EXPECT_FALSE(item.value.equal(before.at(item.name))) << item.name << stage;
      before.insert_or_assign(item.name, item.value.data().clone());
    }
  };
  for (const auto& item : model_of(training).module.named_parameters())
    before.emplace(item.name, item.value.data().clone());
  const auto net = output(run_task(training), "model");
  expect_all_moved(net, " in train");
  auto pruning = task("prune", {{"amount", 0.5}});
  pruning.inputs["model"] = net;
  const auto pruned = run_task(pruning);
  auto finetuning = task("finetune", {{"epochs", 1}});
  finetuning.inputs = {{"model", output(pruned, "model")}, {"masks", output(pruned, "masks")}};
  expect_all_moved(output(run_task(finetuning), "model"), " in finetune");
}

TEST_F(AUsersNet, ThatThrowsWhileItIsTrainedFailsAtOnceInOneSentence) {
  const auto net = linear_net("  if self.training:\n    return scores.view([3, 5])\n  return scores\n");
  const auto reason = refusal(given(task("train", {}), net));
  EXPECT_THAT(reason, HasSubstr("shape '[3, 5]' is invalid for input of size 64; "));
  EXPECT_THAT(reason, HasSubstr("forward"));
  EXPECT_EQ(reason.find('\n'), std::string::npos);
}

TEST_F(AUsersNet, ThatLacksMemoryMayBeTriedAgain) {
  const auto net = linear_net(
      "  if self.training:\n    return scores + torch.zeros([1000000, 1000000]).sum()\n  return scores\n");
  auto training = given(task("train", {}), net);
  const auto ended = finished_by(training);
  EXPECT_EQ(ended.at("outcome").as_string(), "out_of_memory");
  EXPECT_TRUE(
      is_out_of_memory(std::runtime_error("Traceback of TorchScript …\nRuntimeError: std::bad_alloc")));
}

TEST_F(AUsersNet, WithASizeOfBatchesInItsTraceIsRefusedWithThatSize) {
  for (const std::string batch : {"1", "2", "3", "16"}) {
    const auto net = linear_net("  return scores.view([" + batch + ", 4])\n");
    const auto reason = refusal(given(task("evaluate", {}), net));
    EXPECT_THAT(reason, HasSubstr("the model file works with batches of " + batch + " only"));
    EXPECT_THAT(reason, HasSubstr("torch.jit.script"));
  }
}

TEST_F(AUsersNet, ThatCannotBeWrittenIsNoFaultOfIts) {
  auto evaluation = given(task("evaluate", {}), linear_net("  return scores\n"));
  const auto model = model_of(evaluation);
  const auto absent = root_ / "absent" / "net.pt";
  EXPECT_THROW(save_model(model, absent), std::runtime_error);
  try {
    save_tensors({}, absent);
    ADD_FAILURE() << "there is no such folder";
  } catch (const ErrorException& error) {
    ADD_FAILURE() << "taken for the task's own: " << error.what();
  } catch (const std::runtime_error&) {
  }
}

TEST_F(AUsersNet, IsRedrawnAsLayersBegin) {
  const auto unit = std::make_shared<torch::jit::CompilationUnit>();
  Module slopes(c10::QualifiedName("__torch__.torch.nn.modules.activation.PReLU"), unit, true);
  Module net(c10::QualifiedName("__torch__.Net"), unit, true);
  slopes.register_parameter("weight", torch::full({4}, 7.0), false);
  slopes.define("def forward(self, x):\n  return torch.prelu(x, self.weight)\n");
  for (const char* name : {"weight", "bias", "gamma", "g", "scale", "beta", "bias_ih_l0", "in_proj_bias"})
    net.register_parameter(name, torch::full({4}, 7.0), false);
  net.register_parameter("matrix", torch::full({4, 256}, 7.0), false);
  net.register_parameter("temperature", torch::tensor(7.0), false);
  net.register_module("act", slopes);
  net.define(
      "def forward(self, images):\n  return self.act.forward(torch.matmul(images.flatten(1), "
      "self.matrix.t())) * self.scale\n");
  const auto weights = weights_of(model_of(given(task("train", {}), net, "random")).module);
  for (const char* name : {"weight", "gamma", "g", "scale", "temperature"})
    EXPECT_TRUE(weights.at(name).eq(1).all().item<bool>()) << name;
  for (const char* name : {"bias", "beta", "bias_ih_l0", "in_proj_bias"})
    EXPECT_TRUE(weights.at(name).eq(0).all().item<bool>()) << name;
  EXPECT_TRUE(weights.at("act.weight").eq(0.25).all().item<bool>());
  EXPECT_GT(weights.at("matrix").std().item<double>(), 0.01);
}

TEST_F(AUsersNet, OfPositiveNumbersIsMeasuredWithSuch) {
  const auto benchmark = [this](const std::string& scores) {
    return given(task("benchmark", {{"min_seconds", 0.01}, {"target_ci", 1.0}}),
                 linear_net("  return " + scores + "\n"));
  };
  auto of_roots = benchmark("torch.matmul(torch.sqrt(x), self.weight.t())");
  EXPECT_FALSE(run_task(of_roots).metrics.empty());
  EXPECT_THAT(refusal(benchmark("torch.matmul(torch.sqrt(-1 - x.abs()), self.weight.t())")),
              HasSubstr("is not finite for random inputs"));
}

}  // namespace
}  // namespace espalier::runner
