#include "worker/runner/train/training.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "worker/runner/train/evaluation.hpp"

namespace espalier::runner {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kBetweenReports = std::chrono::milliseconds(400);

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// One training: the state that its steps share.
class Loop {
 public:
  Loop(Model& model, const Dataset& dataset, const Training& training)
      : model_(model), dataset_(dataset), training_(training), settings_(training.settings) {
    std::vector<torch::Tensor> parameters;
    for (const auto& parameter : model.module.parameters()) {
      parameter.set_requires_grad(true);
      parameters.push_back(parameter);
    }
    optimizer_ = make_optimizer(settings_, std::move(parameters));
    const auto batches = (dataset.train.size() + settings_.batch_size - 1) / settings_.batch_size;
    steps_per_epoch_ = batches;
    // A batch norm can't learn from one sample: a last batch of one is left out.
    if (batches > 1 && dataset.train.size() % settings_.batch_size == 1) --steps_per_epoch_;
    schedule_ = {settings_.schedule, settings_.learning_rate, settings_.epochs * steps_per_epoch_,
                 settings_.warmup_epochs * steps_per_epoch_};
  }

  TrainingResult run() {
    TrainingResult result;
    for (std::int64_t epoch = 1; epoch <= settings_.epochs; ++epoch) {
      const auto start = Clock::now();
      result.train_loss = run_epoch(epoch);
      training_seconds_ += seconds_since(start);
      validate(epoch, result.train_loss);
    }
    result.images_per_s = static_cast<double>(images_) / training_seconds_;
    return result;
  }

 private:
  double run_epoch(std::int64_t epoch) {
    model_.module.train();
    const auto order = shuffled_indices(dataset_.train.size(), training_.seed, epoch);
    double sum = 0;
    std::int64_t seen = 0;
    for (std::int64_t batch = 0; batch < steps_per_epoch_; ++batch) {
      const auto first = batch * settings_.batch_size;
      const auto indices = order.slice(0, first, std::min(first + settings_.batch_size, order.size(0)));
      sum += run_step(epoch, indices) * static_cast<double>(indices.size(0));
      seen += indices.size(0);
      report_sometimes(epoch);
    }
    images_ += seen;
    return sum / static_cast<double>(seen);
  }

  double run_step(std::int64_t epoch, const torch::Tensor& indices) {
    const auto rate = learning_rate_at(schedule_, step_);
    for (auto& group : optimizer_->param_groups()) group.options().set_lr(rate);
    auto images = dataset_.augment.empty() ? batch_images(dataset_, dataset_.train, indices)
                                           : augmented_batch(dataset_, indices, training_.seed, epoch);
    const auto labels = dataset_.train.labels.index_select(0, indices);
    optimizer_->zero_grad();
    auto loss = training_.loss(model_.module.forward({images}).toTensor(), labels, indices);
    const auto value = loss.item<double>();
    if (!std::isfinite(value))
      throw ErrorException(Error{ErrorKind::failed,
                                 "diverged at epoch " + std::to_string(epoch) + ", step " +
                                     std::to_string(step_ % steps_per_epoch_ + 1) +
                                     ": the loss is not a number",
                                 "set a lower learning rate"});
    loss.backward();
    optimizer_->step();
    if (training_.after_step) training_.after_step();
    ++step_;
    return value;
  }

  void report_sometimes(std::int64_t epoch) {
    if (Clock::now() - reported_ < kBetweenReports) return;
    reported_ = Clock::now();
    training_.progress(fraction(), note(epoch), {});
  }

  void validate(std::int64_t epoch, double train_loss) {
    model_.module.eval();
    std::vector<CurvePoint> points = {{"train_loss", static_cast<double>(epoch), train_loss}};
    if (dataset_.validation.size() > 0) {
      const auto evaluation = evaluate_model(model_, dataset_, {});
      points.push_back({"val_loss", static_cast<double>(epoch), evaluation.loss});
      points.push_back({"val_accuracy", static_cast<double>(epoch), evaluation.accuracy()});
    }
    reported_ = Clock::now();
    training_.progress(fraction(), note(epoch), std::move(points));
  }

  [[nodiscard]] double fraction() const {
    return static_cast<double>(step_) / static_cast<double>(schedule_.steps);
  }
  [[nodiscard]] std::string note(std::int64_t epoch) const {
    return "epoch " + std::to_string(epoch) + " of " + std::to_string(settings_.epochs);
  }

  Model& model_;
  const Dataset& dataset_;
  const Training& training_;
  const TrainSettings& settings_;
  std::unique_ptr<torch::optim::Optimizer> optimizer_;
  Schedule schedule_;
  std::int64_t steps_per_epoch_ = 0, step_ = 0, images_ = 0;
  double training_seconds_ = 0;
  Clock::time_point reported_ = Clock::now();
};

}  // namespace

TrainingResult train_model(Model& model, const Dataset& dataset, const Training& training) {
  check_fits(model, dataset);
  if (model.info.form != "fp32")
    throw ErrorException(Error{ErrorKind::invalid_job, "an int8 model can't be trained further",
                               "put quantize after the stages that train"});
  UnoptimisedGraphs as_written;
  torch::manual_seed(static_cast<std::uint64_t>(training.seed));  // dropout draws from it
  return Loop(model, dataset, training).run();
}

}  // namespace espalier::runner
