// A stage as the runner executes it, on few synthetic images.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "worker/runner/task.hpp"

namespace espalier::runner {

class Stages : public testing::Test {
 protected:
  void SetUp() override {
    root_ = std::filesystem::path(testing::TempDir()) / ("espalier_stages_" + std::to_string(getpid()));
    std::filesystem::remove_all(root_);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  TaskContext task(const std::string& stage, json::object settings) {
    settings.emplace("epochs", 3);
    settings.emplace("batch_size", 16);
    settings.emplace("learning_rate", 0.01);
    TaskContext context;
    context.spec = {{"stage", stage},
                    {"seed", 1},
                    {"data", json::parse(R"({"format": "synthetic", "input_shape": [1, 16, 16], "classes": 4,
                                             "train_samples": 129, "val_samples": 32})")},
                    {"settings", std::move(settings)}};
    context.folder = root_ / std::to_string(++tasks_);
    std::filesystem::create_directories(context.folder);
    context.progress = [this](double fraction, const std::string&, const std::vector<CurvePoint>& points) {
      fractions_.push_back(fraction);
      points_.insert(points_.end(), points.begin(), points.end());
    };
    return context;
  }
  TaskContext with_model(TaskContext context, const char* model = R"({"name": "resnet8", "width": 0.25})") {
    context.spec["model"] = json::parse(model);
    return context;
  }
  [[nodiscard]] static std::filesystem::path output(const TaskOutcome& outcome, const std::string& name) {
    for (const auto& file : outcome.outputs)
      if (file.name == name) return file.path;
    return {};
  }
  [[nodiscard]] static Metric metric(const TaskOutcome& outcome, const std::string& name) {
    for (const auto& each : outcome.metrics)
      if (each.name == name) return each;
    return {};
  }

  std::filesystem::path root_;
  int tasks_ = 0;
  std::vector<double> fractions_;
  std::vector<CurvePoint> points_;
};

}  // namespace espalier::runner
