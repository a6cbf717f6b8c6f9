#include "worker/runner/train/loss.hpp"

#include "worker/runner/fields.hpp"

namespace espalier::runner {

DistillSettings distill_settings_from(const json::object& settings) {
  DistillSettings result;
  const auto loss = text_field(settings, "loss", "kl");
  if (loss == "kl") {
    result.loss = TeacherLoss::kl;
  } else if (loss == "ce") {
    result.loss = TeacherLoss::ce;
  } else if (loss == "mse") {
    result.loss = TeacherLoss::mse;
  } else {
    throw ErrorException(
        Error{ErrorKind::invalid_job, "unknown distill.loss \"" + loss + "\"", "choose kl, ce or mse"});
  }
  result.temperature = number_field(settings, "temperature", result.temperature);
  result.alpha = number_field(settings, "alpha", result.alpha);
  if (result.temperature <= 0 || result.alpha < 0 || result.alpha > 1)
    throw ErrorException(Error{ErrorKind::invalid_job, "distill.temperature or distill.alpha is out of range",
                               "temperature > 0, alpha from 0 to 1"});
  return result;
}

torch::Tensor label_loss(const torch::Tensor& scores, const torch::Tensor& labels, double smoothing) {
  return torch::cross_entropy_loss(scores, labels, {}, at::Reduction::Mean, -100, smoothing);
}

torch::Tensor teacher_loss(const torch::Tensor& student, const torch::Tensor& teacher,
                           const DistillSettings& settings) {
  const double t = settings.temperature;
  switch (settings.loss) {
    case TeacherLoss::kl:
      return torch::kl_div(torch::log_softmax(student / t, 1), torch::log_softmax(teacher / t, 1),
                           at::Reduction::Sum,
                           /*log_target=*/true) *
             (t * t / static_cast<double>(student.size(0)));
    case TeacherLoss::ce:
      return -(torch::softmax(teacher / t, 1) * torch::log_softmax(student / t, 1)).sum(1).mean() * (t * t);
    case TeacherLoss::mse:
      return torch::mse_loss(student, teacher);
  }
  return {};
}

}  // namespace espalier::runner
