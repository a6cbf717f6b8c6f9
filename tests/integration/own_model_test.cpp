// Nets of a user's, as Python writes them, through every stage there is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "tests/integration/espalier_program.hpp"
#include "tests/integration/jobs.hpp"

namespace espalier::test {
namespace {

constexpr const char* kPython = R"(
import sys, torch

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.features = torch.nn.Sequential(
            torch.nn.Conv2d(1, 8, 3, padding=1), torch.nn.BatchNorm2d(8), torch.nn.ReLU(inplace=True), torch.nn.MaxPool2d(2),
            torch.nn.Conv2d(8, 16, 3, padding=1), torch.nn.BatchNorm2d(16), torch.nn.SiLU(), torch.nn.AdaptiveAvgPool2d(7))
        self.drop = torch.nn.Dropout(0.2, inplace=True)
        self.head = torch.nn.Linear(16 * 49, 10)

    def forward(self, x):
        x = self.features(x)
        if x.size(0) > 1000000:  # what a trace can't keep
            x = x * 2
        return self.head(self.drop(torch.flatten(x, 1)))

torch.manual_seed(1)
net = Net()
torch.jit.script(net).save(sys.argv[1] + "/scripted.pt")
torch.jit.trace(net.eval(), torch.zeros(2, 1, 28, 28)).save(sys.argv[1] + "/traced.pt")
)";

std::string group(const std::string& name, const std::string& model, const std::string& rest) {
  return "[[group]]\nname = \"" + name + "\"\nmodel = " + model + "\n" + rest;
}

std::string all_stages(const std::string& file) {
  const std::string net = "{ file = \"" + file + ".pt\", input_shape = [1, 28, 28] }";
  const std::string anew = "{ file = \"" + file + ".pt\", input_shape = [1, 28, 28], init = \"random\" }";
  const std::string lenet = "{ name = \"lenet5\" }";
  return group(file + "-as-it-is", net, "pipeline = []\n") +
         group(file + "-trained-on", net, "pipeline = [\"train\"]\n") +
         group(file + "-from-scratch", anew, "pipeline = [\"train\"]\n") +
         group(file + "-pruned", net,
               "pipeline = [\"train\", \"prune\", \"finetune\"]\nfinetune = { epochs = 1 }\n"
               "prune = { method = \"l1_unstructured\", scope = \"global\", amount = 0.5 }\n") +
         group(file + "-int8", net,
               "pipeline = [\"train\", \"quantize\"]\nsweep = { \"quantize.method\" = [\"dynamic\", "
               "\"static\"] }\n") +
         group(file + "-as-student", net,
               "pipeline = [\"distill\"]\nteacher = { model = " + lenet + ", train = { epochs = 1 } }\n") +
         group(file + "-as-teacher", lenet,
               "pipeline = [\"distill\"]\nteacher = { model = " + net + ", train = { epochs = 1 } }\n");
}

TEST(OwnModel, OfPythonPassesThroughEveryStageAndIsComparedWithItself) {
  const Sandbox sandbox;
  const auto script = sandbox.write("make.py", kPython);
  ASSERT_EQ(std::system(("/usr/bin/python3 " + script.string() + " " + sandbox.folder().string()).c_str()), 0)
      << "apt-get install python3-torchvision";
  const auto job = sandbox.write(
      "job.toml", "[job]\nname = \"own\"\n" + little_work() + all_stages("scripted") + all_stages("traced"));
  const auto ran = sandbox.run({"run", job, "--json"});
  ASSERT_EQ(ran.exit.code, 0) << ran.errors;
  const auto document = ran.document();
  const auto& trials = document.at("trials").as_array();
  ASSERT_EQ(trials.size(), 16U);
  for (const auto& trial : trials) {
    EXPECT_EQ(trial.at("state").as_string(), "succeeded") << trial;
    const auto& metrics = trial.at("metrics").as_object();
    EXPECT_TRUE(metrics.at("latency_p50_ms").is_number()) << trial;
    const auto name = std::string(trial.at("group").as_string());
    if (!name.ends_with("as-it-is")) {
      EXPECT_GT(metrics.at("accuracy").to_number<double>(), 0.3) << "ten classes: chance is 0.1; " << trial;
    }
    if (name.ends_with("pruned")) {
      EXPECT_NEAR(metrics.at("sparsity").to_number<double>(), 0.5, 0.02) << trial;
    }
  }

  const auto compared = sandbox.run({"compare", "1", "1", "--json"});
  ASSERT_EQ(compared.exit.code, 0) << compared.errors;
  const auto verdicts = compared.document();
  const auto& comparison = verdicts.at("comparisons").as_array().at(0).as_object();
  const auto ratio = comparison.at("ratio").to_number<double>();
  EXPECT_TRUE(ratio > 0.5 && ratio < 2) << comparison;
  EXPECT_LE(comparison.at("ratio_ci").as_array().at(0).to_number<double>(), ratio);
  EXPECT_GE(comparison.at("ratio_ci").as_array().at(1).to_number<double>(), ratio);
}

}  // namespace
}  // namespace espalier::test
