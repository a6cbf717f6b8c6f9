// What training minimises.
#pragma once

#include <torch/torch.h>

#include <string>

#include "common/base/json.hpp"

namespace espalier::runner {

enum class TeacherLoss { kl, ce, mse };

struct DistillSettings {
  TeacherLoss loss = TeacherLoss::kl;
  double temperature = 4.0;
  double alpha = 0.9;  // weight of the teacher's term; the labels' cross entropy has 1 - alpha
};

DistillSettings distill_settings_from(const json::object& settings);

// Mean cross entropy of scores [n, classes] against labels [n].
torch::Tensor label_loss(const torch::Tensor& scores, const torch::Tensor& labels, double smoothing);

// The teacher's term alone, mean over samples. kl: T^2 * KL(softmax(teacher/T) || softmax(student/T)) (Hinton
// et al. 2015); ce: cross entropy against softmax(teacher/T), also times T^2; mse: mean squared difference of
// the logits.
torch::Tensor teacher_loss(const torch::Tensor& student, const torch::Tensor& teacher,
                           const DistillSettings& settings);

}  // namespace espalier::runner
