// Jobs that take what earlier trials ended with.
#include "common/job/comparison.hpp"

#include "common/job/trial_model.hpp"
#include "tests/unit/job/plans.hpp"

namespace espalier::job {
namespace {

using ::testing::HasSubstr;

PastTask past(std::string stage, std::string state, const std::string& spec, std::string model = {}) {
  PastTask task;
  task.stage = std::move(stage);
  task.state = std::move(state);
  task.spec = parse_json(spec).value().as_object();
  task.model = std::move(model);
  return task;
}

const std::string kTrained = R"({"model": {"name": "lenet5"}, "data": {"dataset": "fashion-mnist"}})";
const std::string kMeasured =
    R"({"settings": {"batch_sizes": [1, 8], "threads": [1], "precision": "fp32", "min_seconds": 0.5},)"
    R"( "device_class": "cpu|fast"})";

std::vector<PastTask> trained_trial(const std::string& hash = sha256_hex("trained")) {
  auto benchmark = past("benchmark", "failed", kMeasured);
  benchmark.target.require = R"(device_class == "cpu|fast")";
  return {past("train", "succeeded", kTrained, sha256_hex("before")),
          past("quantize", "succeeded", "{}", hash), past("evaluate", "succeeded", "{}"), benchmark};
}

// Trials 12 and 34 are trained nets for 28x28 images, 40 is one for 32x32, 50 a net of the zoo as given, 60
// has no model yet.
Surroundings with_trials() {
  auto surroundings = made_up_surroundings();
  surroundings.trial = [](TrialId trial) -> Result<TrialModel> {
    auto tasks = trained_trial(sha256_hex("trial " + std::to_string(trial.value)));
    if (trial.value == 40) tasks[0].spec["data"] = json::object{{"format", "cifar10"}};
    if (trial.value == 60) tasks[1].state = "running";
    if (trial.value == 50) {
      tasks = {
          past("benchmark", "succeeded",
               R"({"model": {"name": "lenet5", "width": 2.0, "weights": "w"}, "seed": 7, "settings": {},)"
               R"( "data": {"dataset": "fashion-mnist", "fingerprint": "f"}, "device_class": "cpu|fast"})")};
      tasks[0].files = {{"weights", sha256_hex("w")}};
    }
    if (trial.value > 60) return Error{ErrorKind::not_found, "there is no such trial", ""};
    return trial_model(trial, tasks);
  };
  return surroundings;
}

Plan plan_with_trials(const std::string& text) {
  auto result = plan_job(text, with_trials());
  EXPECT_TRUE(result.plan.has_value()) << render(result.errors, "job.toml", text);
  return result.plan.value_or(Plan{});
}

std::vector<Diagnostic> errors_with_trials(const std::string& text) {
  return plan_job(text, with_trials()).errors;
}

std::string comparison(std::int64_t trial, std::int64_t against) {
  const auto first = with_trials().trial(TrialId{trial});
  return comparison_job({TrialId{trial}, TrialId{against}}, *first);
}

const TaskInput& input(const Task& task, const std::string& role) {
  for (const auto& each : task.inputs)
    if (each.role == role) return each;
  ADD_FAILURE() << "no input " << role;
  static const TaskInput none;
  return none;
}

TEST(TrialModels, AreWhatTheLastStageOfThePipelineMade) {
  const auto model = trial_model(TrialId{12}, trained_trial());
  ASSERT_TRUE(model.has_value());
  EXPECT_EQ(model->file->role, "model");
  EXPECT_EQ(model->file->file.value, sha256_hex("trained"));
  EXPECT_FALSE(model->is_described());
  EXPECT_EQ(model->input_shape, (std::vector<std::int64_t>{1, 28, 28}));
  EXPECT_EQ(model->measured->device_class, "cpu|fast");
}

TEST(TrialModels, ThatAreNotMadeYetOrNeverWillBeAreErrorsThatSaySo) {
  auto tasks = trained_trial();
  tasks[1].state = "running";
  auto refused = trial_model(TrialId{12}, tasks).error();
  EXPECT_EQ(refused.kind, ErrorKind::busy);
  EXPECT_EQ(refused.message, "trial 12 has no model yet: its quantize is running");
  tasks[1].state = "failed";
  tasks[1].reason = "no such engine";
  refused = trial_model(TrialId{12}, tasks).error();
  EXPECT_EQ(refused.kind, ErrorKind::failed);
  EXPECT_EQ(refused.message, "trial 12 has no model: its quantize failed: no such engine");
  EXPECT_EQ(trial_model(TrialId{12}, {}).error().kind, ErrorKind::not_found);
}

TEST(TrialModels, TakenAsTheyWereGivenKeepTheirDescriptionAndSeed) {
  const auto model = with_trials().trial(TrialId{50});
  ASSERT_TRUE(model.has_value());
  EXPECT_EQ(canonical(model->spec), R"({"name":"lenet5","seed":7,"weights":"w","width":2})");
  EXPECT_EQ(canonical(model->data), R"({"dataset":"fashion-mnist","fingerprint":"f"})");
  EXPECT_EQ(model->file->role, "weights");
}

TEST(Comparisons, AreOneBenchmarkOfBothModelsByTheirContents) {
  const auto plan = plan_with_trials(comparison(12, 34));
  ASSERT_EQ(plan.trials.size(), 1U);
  EXPECT_EQ(canonical(plan.trials[0].params), R"({"benchmark.against":34,"model.trial":12})");
  ASSERT_EQ(plan.tasks.size(), 1U);
  const auto& task = plan.tasks[0];
  EXPECT_EQ(task.stage, Stage::benchmark);
  EXPECT_TRUE(task.exclusive);
  EXPECT_EQ(input(task, "model").file.value, sha256_hex("trial 12"));
  EXPECT_EQ(input(task, "baseline").file.value, sha256_hex("trial 34"));
  EXPECT_FALSE(task.spec.contains("model"));
  EXPECT_FALSE(task.spec.contains("data"));
  EXPECT_EQ(canonical(task.spec.at("settings").at("batch_sizes")), "[1,8]");
  EXPECT_EQ(task.spec.at("settings").at("min_seconds"), 0.5);
  EXPECT_FALSE(task.spec.at("settings").as_object().contains("against"));
}

TEST(Comparisons, AreMeasuredWhereTheFirstTrialWasUnlessTheUserSaysOtherwise) {
  auto surroundings = with_trials();
  std::vector<std::string> asked;
  surroundings.device_classes = [&](const Target& target) -> std::vector<std::string> {
    asked.push_back(target.require);
    return {"cpu|fast"};
  };
  auto text = comparison(12, 34);
  EXPECT_EQ(plan_job(text, surroundings).plan->tasks[0].spec.at("device_class"), "cpu|fast");
  EXPECT_THAT(asked.back(), HasSubstr(R"(device_class == "cpu|fast")"));
  text = comparison_job({TrialId{12}, TrialId{34}, R"(host == "lab-3")", {4}, {2}},
                        *surroundings.trial(TrialId{12}));
  const auto elsewhere = plan_job(text, surroundings);
  ASSERT_TRUE(elsewhere.plan.has_value()) << render(elsewhere.errors, "job.toml", text);
  EXPECT_EQ(asked.back(), R"(host == "lab-3")");
  EXPECT_EQ(canonical(elsewhere.plan->tasks[0].spec.at("settings").at("threads")), "[2]");
  EXPECT_EQ(canonical(elsewhere.plan->tasks[0].spec.at("settings").at("batch_sizes")), "[4]");
}

TEST(Comparisons, AskedForTwiceAreOneTaskAndAnotherSeedMakesAnother) {
  const auto first = plan_with_trials(comparison(12, 34));
  EXPECT_EQ(keys_of(first), keys_of(plan_with_trials(comparison(12, 34))));
  EXPECT_NE(keys_of(first), keys_of(plan_with_trials(comparison(34, 12))));
  const auto again =
      comparison_job({TrialId{12}, TrialId{34}, "", {}, {}, 99}, *with_trials().trial(TrialId{12}));
  EXPECT_NE(keys_of(first), keys_of(plan_with_trials(again)));
}

TEST(Comparisons, OfATrialWithItselfArePossible) {
  const auto task = plan_with_trials(comparison(12, 12)).tasks.at(0);
  EXPECT_EQ(input(task, "model").file.value, input(task, "baseline").file.value);
}

TEST(Comparisons, OfANetAsItWasGivenDrawItFromItsOwnSeed) {
  const auto task = plan_with_trials(comparison(12, 50)).tasks.at(0);
  EXPECT_EQ(task.spec.at("baseline").at("seed"), 7);
  EXPECT_EQ(task.spec.at("data").at("fingerprint"), "f") << "they say how many classes it has";
  EXPECT_EQ(input(task, "baseline_weights").file.value, sha256_hex("w"));
  const auto itself = plan_with_trials(comparison(50, 50)).tasks.at(0);
  EXPECT_EQ(input(itself, "weights").file.value, sha256_hex("w"));
  EXPECT_EQ(canonical(itself.spec.at("model")), canonical(itself.spec.at("baseline")));
}

TEST(Comparisons, OfWhatCannotBeComparedAreErrorsAtTheTrial) {
  const auto text = comparison(12, 40);
  auto errors = errors_with_trials(text);
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(errors[0].code, "E022");
  EXPECT_EQ(errors[0].message, "this model takes inputs [1,28,28], but that of trial 40 takes [3,32,32]");
  EXPECT_EQ(underlined(text, errors[0]), "40");
  for (const std::int64_t trial : {60, 61}) {
    errors = errors_with_trials(comparison(12, trial));
    ASSERT_EQ(errors.size(), 1U) << trial;
    EXPECT_EQ(errors[0].code, "E023") << trial;
  }
}

TEST(Comparisons, ArePlannedWithoutACoordinatorAsIfEveryTrialHadAModel) {
  EXPECT_EQ(plan_of(comparison(12, 34)).tasks.size(), 1U);
}

TEST(TrialModels, CanBeTakenOnByAnotherPipeline) {
  const auto plan =
      plan_with_trials("pipeline = [\"prune\", \"finetune\"]\n" + kJob + kData + "[model]\ntrial = 12\n");
  const auto prunes = tasks_of(plan, Stage::prune);
  ASSERT_EQ(prunes.size(), 1U);
  EXPECT_EQ(input(*prunes[0], "model").file.value, sha256_hex("trial 12"));
  EXPECT_EQ(tasks_of(plan, Stage::evaluate).size(), 1U);
  EXPECT_EQ(input(*tasks_of(plan, Stage::benchmark).at(0), "baseline").file.value, sha256_hex("trial 12"));
}

TEST(TrialModels, AreRefusedBesideWhatContradictsThem) {
  const auto message = [](const std::string& text) {
    const auto errors = errors_with_trials(text);
    return errors.empty() ? std::string() : errors[0].message;
  };
  EXPECT_THAT(message("pipeline = []\n" + kJob + "[model]\ntrial = 12\nname = \"lenet5\"\n"),
              HasSubstr("`model.name` is of no use beside `trial`"));
  EXPECT_THAT(message("pipeline = [\"prune\"]\n" + kJob + "[model]\ntrial = 12\n"),
              HasSubstr("there is no [data]"));
  EXPECT_THAT(message("pipeline = [\"prune\"]\n" + kJob + kData + "[model]\ntrial = 50\n"),
              HasSubstr("took a model as it is"));
  EXPECT_THAT(message("pipeline = [\"prune\"]\n" + kJob + kData + "[model]\ntrial = 40\n"),
              HasSubstr("takes inputs [3,32,32], but the data gives [1,28,28]"));
}

}  // namespace
}  // namespace espalier::job
