#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

#include "tests/unit/job/plans.hpp"

namespace espalier::job {
namespace {

// A job as tables of lines, so that a property can write it in many ways.
using Tables = std::map<std::string, std::map<std::string, std::string>>;

Tables full_job() {
  return {{"job", {{"name", "\"t\""}}},
          {"data", {{"dataset", "\"fashion-mnist\""}, {"train_samples", "2000"}, {"val_samples", "500"}}},
          {"model", {{"name", "\"lenet5\""}}},
          {"train", {{"optimizer", "\"sgd\""}, {"epochs", "3"}}},
          {"prune", {{"amount", "0.5"}}},
          {"finetune", {{"epochs", "1"}}},
          {"quantize", {{"method", "\"static\""}}}};
}

const std::string kPipeline = "pipeline = [\"train\", \"prune\", \"finetune\", \"quantize\"]\n";

std::string written(const Tables& tables, const std::string& pipeline = kPipeline) {
  std::string text = pipeline;
  for (const auto& [table, keys] : tables) {
    text += "[" + table + "]\n";
    for (const auto& [key, value] : keys) text += key + " = " + value + "\n";
  }
  return text;
}

template <class T>
std::vector<T> shuffled(std::vector<T> items) {
  for (std::size_t i = items.size(); i > 1; --i)
    std::swap(items[i - 1], items[*rc::gen::inRange<std::size_t>(0, i)]);
  return items;
}

std::string any_white_space() {
  return *rc::gen::element<std::string>("", " ", "\t", "   ");
}

// The same job with tables and keys in another order, other white space, and comments.
std::string rewritten(const Tables& tables) {
  std::string text = kPipeline;
  std::vector<std::string> names;
  for (const auto& [name, keys] : tables) names.push_back(name);
  for (const auto& name : shuffled(names)) {
    text +=
        any_white_space() + "[" + name + "] # " + *rc::gen::element<std::string>("a", "[b]", "c = 1") + "\n";
    std::vector<std::pair<std::string, std::string>> keys(tables.at(name).begin(), tables.at(name).end());
    for (const auto& [key, value] : shuffled(keys)) {
      text += any_white_space() + key + any_white_space() + "=" + any_white_space() + value +
              any_white_space() + "\n";
      if (*rc::gen::arbitrary<bool>()) text += "\n";
    }
  }
  return text;
}

// Defaults, and what a stage doesn't read or a key doesn't cover: none of it may change a key.
const std::vector<std::tuple<std::string, std::string, std::string>> kMeaningless = {
    {"train", "batch_size", "128"},
    {"train", "momentum", "0.9"},
    {"train", "schedule", "\"cosine\""},
    {"train", "label_smoothing", "0"},
    {"train", "learning_rate", "0.001"},
    {"train", "precision", "\"fp32\""},
    {"model", "width", "1"},
    {"prune", "scope", "\"global\""},
    {"prune", "rules", "[]"},
    {"prune", "round_to", "8"},
    {"quantize", "skip", "[]"},
    {"quantize", "bits", "8"},
    {"quantize", "engine", "\"auto\""},
    {"job", "description", "\"x\""},
    {"job", "priority", "7"},
    {"job", "seed", "1"},
    {"limits", "timeout", "\"5m\""},
    {"objectives", "accuracy", "\"max\""},
    {"distill", "temperature", "9.0"},
    {"data", "augment", "[]"},
    {"benchmark", "batch_sizes", "[32, 1, 1]"},
    {"search", "strategy", "\"grid\""},
    {"finetune", "optimizer", "\"sgd\""}};

RC_GTEST_PROP(Keys, EqualInputsGiveEqualKeys, ()) {
  auto tables = full_job();
  const auto expected = keys_of(plan_of(written(tables)));
  for (const auto& [table, key, value] : kMeaningless) {
    if (*rc::gen::arbitrary<bool>()) tables[table][key] = value;
  }
  if (*rc::gen::arbitrary<bool>()) tables["job"]["name"] = "\"another\"";
  RC_ASSERT(keys_of(plan_of(rewritten(tables))) == expected);
}

struct Change {
  std::string table, key, value;
  std::set<std::string> kept;  // stages whose keys must stay; all others must change
};

const std::vector<Change> kChanges = {
    {"job", "seed", "2", {}},
    {"data", "train_samples", "2001", {}},
    {"data", "augment", "[\"flip\"]", {}},
    {"data", "resize", "32", {}},
    {"data", "mean", "[0.25]\nstd = [0.5]", {}},
    {"model", "width", "0.5", {}},
    {"train", "epochs", "4", {}},
    {"train", "momentum", "0.8", {}},
    {"train", "learning_rate", "0.0011", {}},
    {"prune", "amount", "0.51", {"train"}},
    {"prune", "parameters", "[\"weight\", \"bias\"]", {"train"}},
    {"prune", "rules", "[{ match = \"fc*\", amount = 0.1 }]", {"train"}},
    {"finetune", "epochs", "2", {"train", "prune"}},
    {"finetune", "weight_decay", "0.1", {"train", "prune"}},
    {"quantize", "calibration_samples", "100", {"train", "prune", "finetune"}},
    {"quantize", "skip", "[\"fc\"]", {"train", "prune", "finetune"}},
    {"benchmark", "min_seconds", "0.5", {"train", "prune", "finetune", "quantize", "evaluate"}},
    {"benchmark", "precision", "\"bf16\"", {"train", "prune", "finetune", "quantize", "evaluate"}}};

RC_GTEST_PROP(Keys, AChangedInputChangesTheStagesThatReadItAndAllThatFollow, ()) {
  auto tables = full_job();
  const auto before = plan_of(written(tables));
  const auto change = *rc::gen::elementOf(kChanges);
  tables[change.table][change.key] = change.value;
  const auto after = keys_of(plan_of(rewritten(tables)));
  for (const auto& task : before.tasks) {
    RC_ASSERT(after.contains(task.key.value) == change.kept.contains(std::string(to_string(task.stage))));
  }
}

RC_GTEST_PROP(Keys, AnyTwoDifferentNumbersGiveDifferentKeys, ()) {
  const auto a = *rc::gen::inRange(1, 1000000);
  const auto b = *rc::gen::inRange(1, 1000000);
  const auto with_rate = [](int millionths) {
    auto tables = full_job();
    tables["train"]["learning_rate"] = std::to_string(millionths) + "e-6";
    return plan_of(written(tables, "pipeline = [\"train\"]\n")).tasks.front().key;
  };
  RC_ASSERT((with_rate(a) == with_rate(b)) == (a == b));
}

TEST(Keys, ChangingOnePruningAmountChangesOnlyThatBranch) {
  const auto job = [](const std::string& amounts) {
    return plan_of("pipeline = [\"train\", \"prune\", \"finetune\"]\n" + kBasics +
                   "[sweep]\n\"prune.amount\" = " + amounts + "\n");
  };
  const auto before = job("[0.3, 0.6, 0.9]");
  const auto after = job("[0.3, 0.65, 0.9]");
  for (const auto index : {0U, 2U}) {
    for (std::size_t i = 0; i < before.trials[index].tasks.size(); ++i) {
      EXPECT_EQ(before.tasks[before.trials[index].tasks[i].task].key,
                after.tasks[after.trials[index].tasks[i].task].key);
    }
  }
  std::vector<std::string> changed;
  const auto known = keys_of(before);
  for (const auto& task : after.tasks) {
    if (!known.contains(task.key.value)) changed.emplace_back(to_string(task.stage));
  }
  EXPECT_THAT(changed, testing::ElementsAre("prune", "finetune", "evaluate", "benchmark"));
}

TEST(Keys, TheTeachersLogitsDoNotDependOnTheTemperatureOrTheStudent) {
  const auto logits = [](const std::string& more) {
    const auto plan = plan_of("pipeline = [\"distill\"]\n" + kBasics +
                              "[teacher]\nmodel = { name = \"resnet8\" }\n" + more);
    return tasks_of(plan, Stage::teacher_logits).front()->key;
  };
  EXPECT_EQ(logits(""), logits("[distill]\ntemperature = 9.0\nepochs = 9\n"));
  EXPECT_NE(logits(""), logits("[train]\nepochs = 9\n"));
}

TEST(Keys, TheDataAndTheDeviceAreInTheKey) {
  const std::string text = "pipeline = [\"train\"]\n" + kBasics;
  auto other_data = made_up_surroundings();
  other_data.data = [](const std::string&) -> Result<std::string> { return std::string("other"); };
  auto other_device = made_up_surroundings();
  other_device.device_classes = [](const Target&) { return std::vector<std::string>{"other"}; };
  const auto base = plan_of(text);
  const auto data = *plan_job(text, other_data).plan;
  const auto device = *plan_job(text, other_device).plan;
  for (const auto& key : keys_of(base)) EXPECT_FALSE(keys_of(data).contains(key));
  EXPECT_EQ(base.tasks[0].key, device.tasks[0].key);
  EXPECT_EQ(base.tasks[1].key, device.tasks[1].key);
  EXPECT_NE(base.tasks[2].key, device.tasks[2].key);
}

}  // namespace
}  // namespace espalier::job
