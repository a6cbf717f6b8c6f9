#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <filesystem>

#include "tests/unit/runner/stages.hpp"
#include "worker/runner/task.hpp"
#include "worker/runner/train/evaluation.hpp"
#include "worker/runner/train/inner_channels.hpp"
#include "worker/runner/train/loss.hpp"
#include "worker/runner/train/schedule.hpp"
#include "worker/runner/train/tensors_file.hpp"
#include "worker/runner/train/training.hpp"

namespace espalier::runner {
namespace {

TEST(TheLearningRate, RisesInWarmUpAndFallsAsTheScheduleSays) {
  const Schedule cosine{ScheduleKind::cosine, 0.1, 110, 10};
  EXPECT_DOUBLE_EQ(learning_rate_at(cosine, 0), 0.01);
  EXPECT_DOUBLE_EQ(learning_rate_at(cosine, 9), 0.1);
  EXPECT_DOUBLE_EQ(learning_rate_at(cosine, 10), 0.1);
  EXPECT_NEAR(learning_rate_at(cosine, 60), 0.05, 1e-12);
  EXPECT_NEAR(learning_rate_at(cosine, 110), 0.0, 1e-12);
  const Schedule steps{ScheduleKind::step, 0.1, 100, 0};
  EXPECT_DOUBLE_EQ(learning_rate_at(steps, 49), 0.1);
  EXPECT_DOUBLE_EQ(learning_rate_at(steps, 50), 0.01);
  EXPECT_DOUBLE_EQ(learning_rate_at(steps, 75), 0.001);
  EXPECT_DOUBLE_EQ(learning_rate_at({ScheduleKind::constant, 0.1, 100, 0}, 99), 0.1);
}

TEST(WilsonsInterval, HasThePublishedValues) {
  // Newcombe 1998, Statistics in Medicine 17, table I, method 3.
  const auto check = [](std::int64_t successes, std::int64_t trials, double low, double high) {
    const auto interval = wilson_interval(successes, trials);
    EXPECT_NEAR(interval.low, low, 5e-5);
    EXPECT_NEAR(interval.high, high, 5e-5);
  };
  check(81, 263, 0.2553, 0.3662);
  check(15, 148, 0.0624, 0.1605);
  check(0, 20, 0.0, 0.1611);
  check(1, 29, 0.0061, 0.1718);
}

TEST(TheTeachersLoss, IsHintonsFormula) {
  const auto student = torch::tensor({{1.0, 2.0, 0.5}, {0.0, -1.0, 3.0}});
  const auto teacher = torch::tensor({{2.0, 1.0, 0.0}, {1.0, 1.0, 1.0}});
  const double t = 4.0;
  double kl = 0, ce = 0;
  for (int row = 0; row < 2; ++row) {
    double student_sum = 0, teacher_sum = 0;
    for (int k = 0; k < 3; ++k) {
      student_sum += std::exp(student[row][k].item<double>() / t);
      teacher_sum += std::exp(teacher[row][k].item<double>() / t);
    }
    for (int k = 0; k < 3; ++k) {
      const double p = std::exp(teacher[row][k].item<double>() / t) / teacher_sum;
      const double q = std::exp(student[row][k].item<double>() / t) / student_sum;
      kl += p * std::log(p / q) * t * t / 2;
      ce -= p * std::log(q) * t * t / 2;
    }
  }
  EXPECT_NEAR(teacher_loss(student, teacher, {TeacherLoss::kl, t, 0.9}).item<double>(), kl, 1e-5);
  EXPECT_NEAR(teacher_loss(student, teacher, {TeacherLoss::ce, t, 0.9}).item<double>(), ce, 1e-4);
  EXPECT_NEAR(teacher_loss(student, teacher, {TeacherLoss::mse, t, 0.9}).item<double>(),
              (student - teacher).square().mean().item<double>(), 1e-5);
  EXPECT_NEAR(teacher_loss(teacher, teacher, {TeacherLoss::kl, t, 0.9}).item<double>(), 0, 1e-6);
}

TEST_F(Stages, TrainLearnsAndReportsACurvePointOfEachKindAnEpoch) {
  auto training = with_model(task("train", {}));
  const auto outcome = run_task(training);
  ASSERT_EQ(points_.size(), 9U);
  EXPECT_EQ(points_[0].name, "train_loss");
  EXPECT_EQ(points_[1].name, "val_loss");
  EXPECT_EQ(points_[2].name, "val_accuracy");
  EXPECT_EQ(points_[8].step, 3);
  EXPECT_LT(points_[6].value, 0.75 * points_[0].value);
  EXPECT_DOUBLE_EQ(fractions_.back(), 1.0);
  EXPECT_DOUBLE_EQ(*metric(outcome, "train_loss").value, points_[6].value);

  auto evaluation = task("evaluate", {});
  evaluation.inputs["model"] = output(outcome, "model");
  const auto evaluated = run_task(evaluation);
  const auto accuracy = metric(evaluated, "accuracy");
  EXPECT_DOUBLE_EQ(*accuracy.value, points_[8].value);
  EXPECT_EQ(accuracy.samples, 32);
  EXPECT_LE(*accuracy.ci_low, *accuracy.value);
  EXPECT_GE(*accuracy.ci_high, *accuracy.value);
  EXPECT_NEAR(*metric(evaluated, "loss").value, points_[7].value, 1e-6);
}

TEST_F(Stages, AStateDictIsEvaluatedAsItIsAndTrainedOn) {
  auto training = with_model(task("train", {}));
  const auto trained = run_task(training);
  const auto fresh_loss = points_[0].value;
  NamedTensors state;
  const auto module = load_model(output(trained, "model")).module;
  for (const auto& item : module.named_parameters()) state.emplace(item.name, item.value);
  for (const auto& item : module.named_buffers()) state.emplace(item.name, item.value);
  save_tensors(state, root_ / "weights.pth");
  const auto given = [&](TaskContext context) {
    context.inputs["weights"] = root_ / "weights.pth";
    return with_model(std::move(context), R"({"name": "resnet8", "width": 0.25, "weights": "a hash"})");
  };

  auto of_model = task("evaluate", {}), of_weights = given(task("evaluate", {}));
  of_model.inputs["model"] = output(trained, "model");
  EXPECT_EQ(metric(run_task(of_weights), "loss").value, metric(run_task(of_model), "loss").value);

  points_.clear();
  auto further = given(task("train", {}));
  run_task(further);
  EXPECT_LT(points_[0].value, 0.8 * fresh_loss);
}

TEST_F(Stages, TrainGivesTheSameWeightsTwice) {
  const auto weights = [&](std::int64_t seed) {
    auto training = with_model(task("train", {{"optimizer", "sgd"}, {"epochs", 1}}),
                               R"({"name": "mobilenet_v2", "width": 0.1})");
    training.spec["seed"] = seed;
    training.spec["data"].as_object()["augment"] = {"flip", "crop"};
    auto model = load_model(output(run_task(training), "model"));
    std::vector<torch::Tensor> all;
    for (const auto& parameter : model.module.parameters()) all.push_back(parameter.flatten());
    return torch::cat(all);
  };
  const auto first = weights(1);
  EXPECT_TRUE(first.equal(weights(1)));
  EXPECT_FALSE(first.equal(weights(2)));
}

// Scores of a net while images lie with their channels innermost, if it takes such.
torch::Tensor seen_while_inner(const std::string& forward, const torch::Tensor& images, bool& lies_inner) {
  Model model{torch::jit::Module("net"), {}};
  torch::manual_seed(2);
  model.module.register_parameter("filter", torch::randn({4, 3, 3, 3}), false);
  model.module.define("def forward(self, x):\n  y = torch.conv2d(x, self.filter)\n" + forward);
  const auto before = model.module.attr("filter").toTensor();
  torch::Tensor scores;
  {
    const InnerChannels layout(model, images);
    lies_inner = layout.laid_out(images).is_contiguous(at::MemoryFormat::ChannelsLast);
    EXPECT_EQ(before.is_contiguous(at::MemoryFormat::ChannelsLast), lies_inner) << "the same object";
    scores = model.module.forward({layout.laid_out(images)}).toTensor().clone();
  }
  EXPECT_TRUE(before.is_contiguous()) << "it is saved as it always was";
  return scores;
}

TEST(InnerChannels, ArePutIfTheNetTakesThemAndTakenBackAfterwards) {
  const auto images = torch::randn({2, 3, 8, 8});
  bool inner = false, with_view = true;
  const auto one = seen_while_inner("  return y.flatten(1)\n", images, inner);
  const auto other = seen_while_inner("  return y.view([2, 144])\n", images, with_view);
  EXPECT_TRUE(inner);
  EXPECT_FALSE(with_view) << "a view of another layout would have thrown";
  EXPECT_LE((one - other).abs().max().item<double>(), 1e-5);
}

TEST_F(Stages, TrainThatDivergesSaysWhereAndWhatToDo) {
  auto training = with_model(task("train", {{"optimizer", "sgd"}, {"learning_rate", 1e30}}));
  try {
    run_task(training);
    FAIL() << "it ended";
  } catch (const ErrorException& error) {
    EXPECT_EQ(error.error().message.rfind("diverged at epoch 1, step ", 0), 0U) << error.error().message;
    EXPECT_NE(error.error().help.find("lower learning rate"), std::string::npos);
  }
}

TEST_F(Stages, TrainInBf16LearnsWithWeightsThatStayFp32) {
  auto exact = with_model(task("train", {}));
  run_task(exact);
  const auto in_fp32 = points_;
  points_.clear();
  auto training = with_model(task("train", {{"precision", "bf16"}}));
  const auto model = load_model(output(run_task(training), "model"));
  for (const auto& parameter : model.module.parameters()) EXPECT_EQ(parameter.dtype(), torch::kFloat);
  ASSERT_EQ(points_.size(), 9U);
  EXPECT_LT(points_[6].value, 0.75 * points_[0].value);
  EXPECT_NE(points_[0].value, in_fp32[0].value) << "nothing was computed in bf16";
  EXPECT_NEAR(points_[0].value, in_fp32[0].value, 0.1 * in_fp32[0].value);
}

TEST_F(Stages, TrainShortensGradientsThatAreLongerThanClipNorm) {
  // With plain SGD a step is as long as the gradient times the rate.
  const auto moved = [&](json::object settings) {
    settings.emplace("optimizer", "sgd");
    settings.emplace("momentum", 0.0);
    settings.emplace("schedule", "constant");
    settings.emplace("epochs", 1);
    settings.emplace("batch_size", 129);
    settings.emplace("learning_rate", 1.0);
    auto training = with_model(task("train", std::move(settings)), R"({"name": "mlp"})");
    const auto before = model_of(training);
    const auto after = load_model(output(run_task(training), "model"));
    double squares = 0;
    auto other = after.module.parameters().begin();
    for (const auto& parameter : before.module.parameters())
      squares += (*other - parameter).square().sum().item<double>(), ++other;
    return std::sqrt(squares);
  };
  const auto freely = moved({});
  EXPECT_GT(freely, 0.02);
  EXPECT_NEAR(moved({{"clip_norm", 0.01}}), 0.01, 1e-4);
  EXPECT_NEAR(moved({{"clip_norm", 1e6}}), freely, 1e-6);
}

TEST_F(Stages, TrainWithPatienceStopsAndKeepsTheBestEpochsWeights) {
  // A rate that grows nothing but worse after a while.
  auto training = with_model(task("train", {{"optimizer", "sgd"},
                                            {"schedule", "constant"},
                                            {"learning_rate", 0.5},
                                            {"epochs", 40},
                                            {"patience", 2}}));
  const auto outcome = run_task(training);
  std::vector<double> losses;
  for (const auto& point : points_)
    if (point.name == "val_loss") losses.push_back(point.value);
  ASSERT_LT(losses.size(), 40U);
  const auto best = std::min_element(losses.begin(), losses.end()) - losses.begin();
  EXPECT_EQ(static_cast<std::size_t>(best) + 3, losses.size());
  EXPECT_EQ(*metric(outcome, "best_epoch").value, best + 1);
  auto evaluation = task("evaluate", {});
  evaluation.inputs["model"] = output(outcome, "model");
  EXPECT_NEAR(*metric(run_task(evaluation), "loss").value, losses[static_cast<std::size_t>(best)], 1e-6);
}

TEST_F(Stages, TrainSaysWhatShareOfItsTimeItWaitedForData) {
  auto training = with_model(task("train", {}));
  const auto wait = *metric(run_task(training), "train_data_wait").value;
  EXPECT_GT(wait, 0.0);
  EXPECT_LT(wait, 0.5);
}

TEST_F(Stages, FinetuneKeepsMaskedWeightsAtZeroAndPassesTheMasksOn) {
  auto training = with_model(task("train", {{"epochs", 1}}));
  const auto trained = run_task(training);
  const auto shape = load_model(output(trained, "model"))
                         .module.attr("fc")
                         .toModule()
                         .attr("weight")
                         .toTensor()
                         .sizes()
                         .vec();
  torch::manual_seed(1);
  const auto mask = torch::rand(shape) > 0.5;
  const auto masks = root_ / "masks.pt";
  save_tensors({{"fc.weight", mask}}, masks);
  auto finetuning = task("finetune", {{"weight_decay", 0.01}});
  finetuning.inputs = {{"model", output(trained, "model")}, {"masks", masks}};
  const auto outcome = run_task(finetuning);
  auto model = load_model(output(outcome, "model"));
  const auto weight = model.module.attr("fc").toModule().attr("weight").toTensor();
  EXPECT_EQ(weight.masked_select(mask.logical_not()).abs().max().item<float>(), 0.0F);
  EXPECT_GT(weight.masked_select(mask).abs().min().item<float>(), 0.0F);
  EXPECT_TRUE(load_tensors(output(outcome, "masks")).at("fc.weight").equal(mask));
}

TEST_F(Stages, FinetuneRefusesMasksOfAnotherNet) {
  auto training = with_model(task("train", {{"epochs", 1}}));
  const auto trained = run_task(training);
  auto finetuning = task("finetune", {});
  finetuning.inputs = {{"model", output(trained, "model")}, {"masks", root_ / "masks.pt"}};
  save_tensors({{"fc.weight", torch::ones({1, 1}, torch::kBool)}}, root_ / "masks.pt");
  EXPECT_THROW(run_task(finetuning), ErrorException);
  save_tensors({{"nothing.weight", torch::ones({1, 1}, torch::kBool)}}, root_ / "masks.pt");
  EXPECT_THROW(run_task(finetuning), ErrorException);
}

TEST_F(Stages, AnUnfitTeacherIsSaidToBeTheTeacher) {
  auto training = with_model(task("train", {}));
  const auto trained = run_task(training);
  auto logits = task("teacher-logits", {});
  logits.spec["model"] = json::object{};
  logits.spec.at("data").at("classes") = 3;
  logits.inputs["model"] = output(trained, "model");
  try {
    run_task(logits);
    FAIL() << "it gives four scores for three classes";
  } catch (const ErrorException& failure) {
    EXPECT_EQ(failure.error().message.rfind("the teacher: ", 0), 0U) << failure.error().message;
  }
}

TEST_F(Stages, DistillFollowsTheTeachersLogits) {
  auto training = with_model(task("train", {}));
  const auto teacher = run_task(training);
  auto caching = task("teacher-logits", {});
  caching.inputs["model"] = output(teacher, "model");
  const auto cached = run_task(caching);
  const auto logits = load_tensors(output(cached, "logits")).at("logits");
  EXPECT_EQ(logits.sizes(), (std::vector<std::int64_t>{129, 4}));

  // With mse and nothing of the labels, a student that learns has logits near the teacher's.
  auto distilling =
      with_model(task("distill", {{"loss", "mse"}, {"alpha", 1.0}, {"epochs", 12}}), R"({"name": "mlp"})");
  distilling.inputs["logits"] = output(cached, "logits");
  points_.clear();
  run_task(distilling);
  EXPECT_LT(points_[points_.size() - 3].value, points_[0].value / 4);

  distilling.spec["seed"] = 2;  // other training samples
  try {
    run_task(distilling);
    FAIL() << "it took logits of other samples";
  } catch (const ErrorException& error) {
    EXPECT_NE(error.error().message.find("other training samples"), std::string::npos);
  }
}

TEST_F(Stages, RefuseDataThatDoNotFitTheModel) {
  auto training = with_model(task("train", {{"epochs", 1}}));
  const auto trained = run_task(training);
  auto evaluation = task("evaluate", {});
  evaluation.inputs["model"] = output(trained, "model");
  evaluation.spec["data"].as_object()["resize"] = 8;
  EXPECT_THROW(run_task(evaluation), ErrorException);
}

TEST_F(Stages, NameAMissingInputAndAnUnknownStage) {
  auto evaluation = task("evaluate", {});
  EXPECT_THROW(run_task(evaluation), ErrorException);
  auto unknown = task("polish", {});
  EXPECT_THROW(run_task(unknown), ErrorException);
}

}  // namespace
}  // namespace espalier::runner
