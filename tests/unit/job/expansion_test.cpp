#include "tests/unit/job/plans.hpp"

namespace espalier::job {
namespace {

using testing::ElementsAre;

std::vector<std::string> roles_and_stages(const Plan& plan, const Trial& trial) {
  std::vector<std::string> all;
  for (const auto& used : trial.tasks) {
    all.push_back(std::string(to_string(used.role)) + " " +
                  std::string(to_string(plan.tasks[used.task].stage)));
  }
  return all;
}

std::vector<std::string> params_of(const Plan& plan) {
  std::vector<std::string> all;
  for (const auto& trial : plan.trials) all.push_back(canonical(trial.params));
  return all;
}

const Task& last_of(const Plan& plan, Stage stage) {
  return *tasks_of(plan, stage).back();
}

const std::string kFourKinds = kBasics + R"(
[[group]]
name = "baseline"
pipeline = ["train"]
[[group]]
name = "int8"
pipeline = ["train", "quantize"]
sweep = { "quantize.method" = ["dynamic", "static"] }
[[group]]
name = "pruned"
pipeline = ["train", "prune", "finetune"]
prune = { method = "l1_unstructured", scope = "global" }
finetune = { epochs = 1, learning_rate = 1e-4 }
sweep = { "prune.amount" = [0.2, 0.5, 0.8] }
[[group]]
name = "distilled"
pipeline = ["distill"]
model = { name = "lenet5", width = 0.5 }
teacher = { model = { name = "resnet20" }, train = { epochs = 3 } }
distill = { loss = "kl", temperature = 4.0, alpha = 0.9 }
sweep = { "distill.temperature" = [2.0, 4.0, 8.0] }
)";

TEST(Expansion, GroupsShareTheirTrainingAndTemperaturesOneTeacherPass) {
  const auto plan = plan_of(kFourKinds);
  EXPECT_EQ(plan.trials.size(), 1U + 2U + 3U + 3U);
  EXPECT_EQ(tasks_of(plan, Stage::train).size(), 3U);  // lenet5, the teacher, the student's twin
  EXPECT_EQ(tasks_of(plan, Stage::teacher_logits).size(), 1U);
  EXPECT_EQ(tasks_of(plan, Stage::distill).size(), 3U);
  EXPECT_EQ(tasks_of(plan, Stage::prune).size(), 3U);
  EXPECT_EQ(tasks_of(plan, Stage::quantize).size(), 2U);
  EXPECT_THAT(plan.groups, ElementsAre("baseline", "int8", "pruned", "distilled"));
}

TEST(Expansion, InputsComeBeforeTheirUsers) {
  const auto plan = plan_of(kFourKinds);
  std::set<std::string> known;
  for (const auto& task : plan.tasks) {
    for (const auto& input : task.inputs) EXPECT_TRUE(known.contains(input.task.value)) << input.role;
    EXPECT_TRUE(known.insert(task.key.value).second);
    EXPECT_EQ(task.key.value, sha256_hex(canonical(task.spec)));
  }
}

TEST(Expansion, ATrialHoldsItsPipelineItsMeasurementsItsTeacherAndItsTwin) {
  const auto plan = plan_of(kFourKinds);
  EXPECT_THAT(roles_and_stages(plan, plan.trials[0]),
              ElementsAre("own train", "own evaluate", "own benchmark"));
  EXPECT_THAT(roles_and_stages(plan, plan.trials[3]),
              ElementsAre("own train", "own prune", "own finetune", "own evaluate", "own benchmark"));
  EXPECT_THAT(roles_and_stages(plan, plan.trials[6]),
              ElementsAre("teacher train", "teacher evaluate", "teacher teacher-logits", "own distill",
                          "own evaluate", "own benchmark", "twin train", "twin evaluate"));
}

TEST(Expansion, TheBaselineIsTheModelBeforeItsFirstCompressingStage) {
  const auto plan = plan_of("pipeline = [\"train\", \"prune\", \"finetune\", \"quantize\"]\n" + kBasics);
  const auto& benchmark = last_of(plan, Stage::benchmark);
  ASSERT_EQ(benchmark.inputs.size(), 2U);
  EXPECT_EQ(benchmark.inputs[0].role, "model");
  EXPECT_EQ(benchmark.inputs[0].task, last_of(plan, Stage::quantize).key);
  EXPECT_EQ(benchmark.inputs[1].role, "baseline");
  EXPECT_EQ(benchmark.inputs[1].task, last_of(plan, Stage::train).key);
  EXPECT_TRUE(benchmark.exclusive);
  EXPECT_EQ(benchmark.spec.at("device_class"), "cpu");
  const auto& finetune = last_of(plan, Stage::finetune);
  EXPECT_EQ(finetune.inputs[1].role, "masks");
  EXPECT_EQ(finetune.inputs[1].task, last_of(plan, Stage::prune).key);
}

TEST(Expansion, ADistilledStudentHasNoBaselineUntilItIsCompressed) {
  const std::string rest = kBasics + "[teacher]\nmodel = { name = \"resnet8\" }\n";
  EXPECT_EQ(last_of(plan_of("pipeline = [\"distill\"]\n" + rest), Stage::benchmark).inputs.size(), 1U);
  const auto plan = plan_of("pipeline = [\"distill\", \"prune\", \"finetune\"]\n" + rest);
  EXPECT_EQ(last_of(plan, Stage::benchmark).inputs[1].task, last_of(plan, Stage::distill).key);
  EXPECT_EQ(tasks_of(plan, Stage::prune).size(), 2U);  // the student's and its twin's
}

TEST(Expansion, AnEmptyPipelineMeasuresTheModelAsItIs) {
  const auto plan = plan_of("pipeline = []\n" + kBasics);
  ASSERT_EQ(plan.tasks.size(), 2U);
  EXPECT_EQ(plan.tasks[0].spec.at("model").at("name"), "lenet5");
  EXPECT_TRUE(plan.tasks[0].inputs.empty());
}

TEST(Expansion, SyntheticDataHasNoAccuracy) {
  const auto plan = plan_of("pipeline = [\"train\"]\n" + kJob + kModel + "[data]\nformat = \"synthetic\"\n");
  EXPECT_TRUE(tasks_of(plan, Stage::evaluate).empty());
  EXPECT_EQ(tasks_of(plan, Stage::benchmark).size(), 1U);
}

TEST(Expansion, MeasurementsCanBeSwitchedOff) {
  const auto plan = plan_of("pipeline = [\"train\"]\n" + kBasics +
                            "[evaluate]\nenabled = false\n[benchmark]\nenabled = false\n");
  EXPECT_EQ(plan.tasks.size(), 1U);
}

TEST(Expansion, TheLastAxisIsTheFastest) {
  const auto plan = plan_of("pipeline = [\"train\"]\n" + kBasics +
                            "[sweep]\n\"train.epochs\" = [1, 2]\n\"model.width\" = [0.5, 1.0]\n");
  EXPECT_THAT(
      params_of(plan),
      ElementsAre(R"({"model.width":5E-1,"train.epochs":1})", R"({"model.width":1,"train.epochs":1})",
                  R"({"model.width":5E-1,"train.epochs":2})", R"({"model.width":1,"train.epochs":2})"));
}

TEST(Expansion, ZippedAxesMoveTogether) {
  const auto plan = plan_of(
      "zip = [[\"train.epochs\", \"model.width\"]]\npipeline = [\"train\"]\n" + kBasics +
      "[sweep]\n\"train.epochs\" = [1, 2]\n\"model.width\" = [1.0, 2.0]\n\"train.batch_size\" = [8, 16]\n");
  EXPECT_EQ(plan.trials.size(), 4U);
  EXPECT_EQ(params_of(plan)[3], R"({"model.width":2,"train.batch_size":16,"train.epochs":2})");
}

TEST(Expansion, EachPointOfAGridComesOnce) {
  EXPECT_EQ(
      plan_of("pipeline = [\"train\"]\n" + kBasics + "[sweep]\n\"train.epochs\" = [1, 2, 1]\n").trials.size(),
      2U);
}

TEST(Expansion, RangesAreExactDecimals) {
  const auto plan = plan_of("pipeline = [\"prune\"]\n" + kBasics +
                            "[sweep]\n\"prune.amount\" = { from = 0.1, to = 0.9, step = 0.2 }\n");
  std::vector<double> amounts;
  for (const auto& trial : plan.trials) amounts.push_back(trial.params.at("prune.amount").as_double());
  EXPECT_THAT(amounts, ElementsAre(0.1, 0.3, 0.5, 0.7, 0.9));
}

TEST(Expansion, UnquotedDottedKeysMeanTheSame) {
  const std::string head = "pipeline = [\"prune\"]\n" + kBasics + "[sweep]\n";
  EXPECT_EQ(keys_of(plan_of(head + "prune.amount = [0.1, 0.2]\n")),
            keys_of(plan_of(head + "\"prune.amount\" = [0.1, 0.2]\n")));
}

TEST(Expansion, RepeatsRunEveryTrialWithItsOwnSeed) {
  const auto plan =
      plan_of("pipeline = [\"train\"]\n[job]\nname = \"t\"\nseed = 5\nrepeats = 3\n" + kData + kModel);
  EXPECT_THAT(params_of(plan), ElementsAre(R"({"job.seed":5})", R"({"job.seed":6})", R"({"job.seed":7})"));
  EXPECT_EQ(tasks_of(plan, Stage::train).size(), 3U);
}

TEST(Expansion, FinetuneTakesWhatItDoesNotSayFromTrain) {
  const auto plan = plan_of("pipeline = [\"train\", \"prune\", \"finetune\"]\n" + kBasics +
                            "[train]\nepochs = 7\nbatch_size = 32\n[finetune]\nepochs = 1\n");
  const auto& settings = last_of(plan, Stage::finetune).spec.at("settings").as_object();
  EXPECT_EQ(settings.at("epochs"), 1);
  EXPECT_EQ(settings.at("batch_size"), 32);
}

TEST(Expansion, AGroupThatNamesAnotherModelLeavesTheParametersOfTheOldOne) {
  const auto plan = plan_of(
      kJob + kData + "[model]\nname = \"lenet5\"\nwidth = 0.5\n[[group]]\nname = \"g\"\npipeline = []\n" +
      "model = { name = \"vit\" }\n");
  EXPECT_FALSE(plan.tasks[0].spec.at("model").as_object().contains("width"));
}

TEST(Expansion, DepthIsAFactorOrANumberOfBlocksAsTheFamilyHasIt) {
  const auto depth_of = [](const std::string& model) {
    const auto plan = plan_of("pipeline = []\n" + kJob + kData + "[model]\n" + model);
    return plan.tasks.front().spec.at("model").at("depth");
  };
  EXPECT_EQ(depth_of("name = \"resnet20\"\ndepth = 0.5\n"), json::value(0.5));
  EXPECT_EQ(depth_of("name = \"mlp\"\ndepth = 3\n"), json::value(3));
}

TEST(Expansion, AUsersFileIsAnInputByItsHash) {
  const auto plan = plan_of("pipeline = [\"finetune\"]\n" + kJob + kData +
                            "[model]\nfile = \"a.pt\"\ninput_shape = [1, 28, 28]\n");
  const auto& finetune = last_of(plan, Stage::finetune);
  ASSERT_EQ(finetune.inputs.size(), 1U);
  EXPECT_EQ(finetune.inputs[0].role, "model");
  EXPECT_EQ(finetune.inputs[0].file.value, sha256_hex("a.pt"));
  EXPECT_EQ(finetune.spec.at("model").at("file").as_string(), sha256_hex("a.pt"));
}

TEST(Expansion, ATeachersFileIsNotTrained) {
  const auto plan = plan_of("pipeline = [\"distill\"]\n" + kBasics + "[teacher]\nfile = \"t.pt\"\n");
  const auto& logits = last_of(plan, Stage::teacher_logits);
  EXPECT_EQ(logits.inputs[0].file.value, sha256_hex("t.pt"));
  EXPECT_EQ(tasks_of(plan, Stage::train).size(), 1U);  // the twin's
}

TEST(Expansion, AStateDictIsTheInputWeights) {
  const auto plan = plan_of("pipeline = []\n" + kJob + kData + kModel + "weights = \"w.pth\"\n");
  EXPECT_EQ(plan.tasks[0].inputs[0].role, "weights");
}

TEST(Expansion, LimitsObjectivesAndConstraintsAreRead) {
  const auto plan = plan_of(
      "pipeline = []\n" + kBasics +
      "[limits]\ntimeout = \"30m\"\nmemory = \"4GiB\"\nretries = 0\n[objectives]\naccuracy = \"max\"\n"
      "loss = \"min\"\n[constraints]\naccuracy = \">= 0.85\"\n");
  EXPECT_EQ(plan.timeout_s, 1800);
  EXPECT_EQ(plan.memory_bytes, 4LL * 1024 * 1024 * 1024);
  EXPECT_EQ(plan.retries, 0);
  ASSERT_EQ(plan.objectives.size(), 2U);
  EXPECT_TRUE(plan.objectives[0].maximize);
  EXPECT_EQ(plan.constraints[0].comparison, ">=");
  EXPECT_EQ(plan.constraints[0].bound, 0.85);
}

}  // namespace
}  // namespace espalier::job
