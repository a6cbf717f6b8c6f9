// Trainings that stop on the way and go on: after a loss, or as parts of their own.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <algorithm>
#include <filesystem>

#include "tests/unit/runner/stages.hpp"
#include "worker/runner/train/tensors_file.hpp"
#include "worker/runner/train/training.hpp"

namespace espalier::runner {
namespace {

class Checkpoints : public Stages {
 protected:
  struct Trained {
    std::vector<torch::Tensor> tensors;
    std::vector<CurvePoint> points;
    std::vector<std::filesystem::path> checkpoints;
    std::vector<std::int64_t> steps;
  };
  // Every random part of training takes part: dropout, augmentation, shuffles, batch norm, optimizer.
  TaskContext a_task(const std::string& optimizer) {
    auto training =
        with_model(task("train", {{"optimizer", optimizer}}), R"({"name": "mobilenet_v2", "width": 0.1})");
    training.spec["data"].as_object()["augment"] = {"flip", "crop"};
    training.checkpoint_interval = std::chrono::duration<double>(0);
    return training;
  }
  Trained train(TaskContext training) {
    Trained result;
    points_.clear();
    training.checkpoint_saved = [&](const std::filesystem::path& file, std::int64_t step) {
      result.checkpoints.push_back(file);
      result.steps.push_back(step);
    };
    const auto model = load_model(output(run_task(training), "model"));
    for (const auto& parameter : model.module.parameters()) result.tensors.push_back(parameter.clone());
    for (const auto& buffer : model.module.buffers()) result.tensors.push_back(buffer.clone());
    result.points = points_;
    return result;
  }
  static void expect_same(const Trained& a, const Trained& b) {
    ASSERT_EQ(a.tensors.size(), b.tensors.size());
    for (std::size_t i = 0; i < a.tensors.size(); ++i) EXPECT_TRUE(a.tensors[i].equal(b.tensors[i])) << i;
    ASSERT_EQ(a.points.size(), b.points.size());
    for (std::size_t i = 0; i < a.points.size(); ++i) EXPECT_EQ(a.points[i].value, b.points[i].value) << i;
  }
};

TEST_F(Checkpoints, ATrainingThatGoesOnEndsWithTheSameBitsAsOneThatWasNeverInterrupted) {
  for (const auto* optimizer : {"sgd", "adam", "adamw"}) {
    const auto whole = train(a_task(optimizer));
    ASSERT_EQ(whole.steps.front(), 1);
    ASSERT_EQ(whole.steps.size(), 23U) << "8 steps an epoch, and none at the end";
    for (const std::size_t at : {7U, 14U}) {  // after an epoch's last step, in the next one
      auto resumed = a_task(optimizer);
      resumed.inputs["checkpoint"] = whole.checkpoints.at(at);
      torch::rand({100});  // the process has done other things since
      const auto rest = train(std::move(resumed));
      EXPECT_EQ(rest.steps.front(), whole.steps.at(at) + 1) << "only the rest is computed";
      expect_same(whole, rest);
    }
  }
}

TEST_F(Checkpoints, ThatAreGoneOnWithRememberTheBestEpoch) {
  const auto patient = [&] {
    auto training = a_task("sgd");
    training.spec["settings"].as_object()["learning_rate"] = 0.5;
    training.spec["settings"].as_object()["schedule"] = "constant";
    training.spec["settings"].as_object()["epochs"] = 20;
    training.spec["settings"].as_object()["patience"] = 2;
    return training;
  };
  const auto whole = train(patient());
  ASSERT_LT(whole.points.size(), 60U);
  auto resumed = patient();
  resumed.inputs["checkpoint"] = whole.checkpoints.back();
  expect_same(whole, train(std::move(resumed)));
}

TEST_F(Checkpoints, OneThatCannotBeReadOrIsAnotherTasksIsIgnored) {
  const auto whole = train(a_task("adamw"));
  std::filesystem::resize_file(whole.checkpoints.at(5), 1000);
  auto broken = a_task("adamw");
  broken.inputs["checkpoint"] = whole.checkpoints.at(5);
  const auto again = train(std::move(broken));
  EXPECT_EQ(again.steps.front(), 1);
  expect_same(whole, again);
  auto another = a_task("adamw");
  another.spec["seed"] = 2;
  another.inputs["checkpoint"] = whole.checkpoints.at(6);
  EXPECT_EQ(train(std::move(another)).steps.front(), 1);
}

TEST_F(Checkpoints, AreMadeAtMostOnceInTheirInterval) {
  auto training = a_task("sgd");
  training.checkpoint_interval = std::chrono::duration<double>(3600);
  EXPECT_TRUE(train(std::move(training)).checkpoints.empty());
}

// A training of four epochs in parts that end after these epochs.
class Parts : public Checkpoints {
 protected:
  TaskContext whole(const std::string& optimizer) {
    auto training = a_task(optimizer);
    auto& settings = training.spec["settings"].as_object();
    settings["epochs"] = 4;
    settings["schedule"] = "cosine";
    settings["warmup_epochs"] = 2;
    return training;
  }
  // As the planner describes one: a key of its own, and an input where it goes on.
  TaskContext part(const std::string& optimizer, std::int64_t until,
                   const std::filesystem::path& state = {}) {
    auto training = whole(optimizer);
    training.spec["settings"].as_object()["until_epoch"] = until;
    training.spec["inputs"] = json::object{};
    if (state.empty()) return training;
    training.spec["inputs"].as_object()["state"] = json::object{{"task", state.string()}};
    training.inputs["state"] = state;
    return training;
  }
  std::filesystem::path state_after(const std::string& optimizer, std::int64_t until) {
    auto training = part(optimizer, until);
    return output(run_task(training), "state");
  }
};

TEST_F(Parts, EndWithTheSameBitsAsATrainingThatWasNotDivided) {
  for (const auto* optimizer : {"sgd", "adam", "adamw"}) {
    const auto undivided = train(whole(optimizer));
    points_.clear();
    std::filesystem::path state;
    TaskOutcome outcome;
    for (const std::int64_t until : {1, 3, 4}) {
      torch::rand({100});  // another process, which has done other things before
      fractions_.clear();
      auto training = part(optimizer, until, state);
      outcome = run_task(training);
      state = output(outcome, "state");
      EXPECT_EQ(state.empty(), until == 4) << "the last one hands nothing over";
      EXPECT_DOUBLE_EQ(fractions_.back(), 1.0);
      const auto halves = std::count(fractions_.begin(), fractions_.end(), 0.5);
      EXPECT_TRUE(halves > 0 || until != 3) << "the only part of two epochs";
    }
    Trained divided;
    const auto model = load_model(output(outcome, "model"));
    for (const auto& parameter : model.module.parameters()) divided.tensors.push_back(parameter.clone());
    for (const auto& buffer : model.module.buffers()) divided.tensors.push_back(buffer.clone());
    divided.points = points_;
    expect_same(undivided, divided);
    EXPECT_EQ(points_.back().step, 4) << "one curve";
  }
}

TEST_F(Parts, LeaveAModelThatIsEvaluatedAsItsCurveSays) {
  auto training = part("adamw", 2);
  const auto outcome = run_task(training);
  auto evaluation = task("evaluate", {});
  evaluation.spec["data"] = training.spec["data"];
  evaluation.inputs["model"] = output(outcome, "model");
  EXPECT_NEAR(*metric(run_task(evaluation), "loss").value, points_.at(points_.size() - 2).value, 1e-6);
}

TEST_F(Parts, GoOnFromTheirOwnCheckpointWhenTheirWorkerWasLost) {
  const auto state = state_after("adam", 1);
  const auto uninterrupted = train(part("adam", 3, state));
  ASSERT_EQ(uninterrupted.steps.front(), 9) << "8 steps an epoch";
  ASSERT_EQ(uninterrupted.steps.back(), 23) << "and none at the end";
  for (const std::size_t at : {5U, 7U, 10U}) {
    auto resumed = part("adam", 3, state);
    resumed.inputs["checkpoint"] = uninterrupted.checkpoints.at(at);
    fractions_.clear();
    const auto rest = train(std::move(resumed));
    EXPECT_EQ(rest.steps.front(), uninterrupted.steps.at(at) + 1);
    expect_same(uninterrupted, rest);
    EXPECT_DOUBLE_EQ(fractions_.back(), 1.0);
  }
  auto broken = part("adam", 3, state);
  std::filesystem::resize_file(uninterrupted.checkpoints.at(6), 1000);
  broken.inputs["checkpoint"] = uninterrupted.checkpoints.at(6);
  const auto again = train(std::move(broken));
  EXPECT_EQ(again.steps.front(), 9) << "without it they begin with the state";
  expect_same(uninterrupted, again);
}

TEST_F(Parts, RefuseAStateThatIsNotTheirs) {
  const auto refused = [&](TaskContext training) {
    try {
      run_task(training);
      return std::string("it ran");
    } catch (const ErrorException& error) {
      return error.error().message;
    }
  };
  const auto state = state_after("adam", 2);
  auto of_another_seed = part("adam", 4, state);
  of_another_seed.spec["seed"] = 2;
  EXPECT_NE(refused(std::move(of_another_seed)).find("another training's"), std::string::npos);
  auto of_another_rate = part("adam", 4, state);
  of_another_rate.spec["settings"].as_object()["learning_rate"] = 0.5;
  EXPECT_NE(refused(std::move(of_another_rate)).find("another training's"), std::string::npos);
  EXPECT_NE(refused(part("adam", 2, state)).find("later epoch"), std::string::npos);
  EXPECT_NE(refused(part("adam", 5)).find("until_epoch"), std::string::npos);
  auto patient = part("adam", 2);
  patient.spec["settings"].as_object()["patience"] = 1;
  EXPECT_NE(refused(std::move(patient)).find("patience"), std::string::npos);
  std::filesystem::resize_file(state, 1000);
  EXPECT_NE(refused(part("adam", 4, state)).find("is not used"), std::string::npos);
}

}  // namespace
}  // namespace espalier::runner
