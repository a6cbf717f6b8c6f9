#include "worker/runner/train/training.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>

#include "worker/runner/train/evaluation.hpp"
#include "worker/runner/train/inner_channels.hpp"
#include "worker/runner/train/quick_convolutions.hpp"

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
      : model_(model),
        dataset_(dataset),
        training_(training),
        settings_(training.settings),
        parameters_(trainable_parameters_of(model.module)),
        layout_(model, batch_images(dataset, dataset.train, torch::arange(1))) {
    for (const auto& parameter : parameters_) parameter.set_requires_grad(true);
    optimizer_ = make_optimizer(settings_, parameters_);
    if (!goes_on() && training.relay.from) take_over();
    const auto batches = (dataset.train.size() + settings_.batch_size - 1) / settings_.batch_size;
    steps_per_epoch_ = batches;
    // A batch norm can't learn from one sample: a last batch of one is left out.
    if (batches > 1 && dataset.train.size() % settings_.batch_size == 1) --steps_per_epoch_;
    schedule_ = {settings_.schedule, settings_.learning_rate, settings_.epochs * steps_per_epoch_,
                 settings_.warmup_epochs * steps_per_epoch_};
    last_epoch_ = settings_.until_epoch.value_or(settings_.epochs);
    last_step_ = last_epoch_ * steps_per_epoch_;
  }

  TrainingResult run() {
    TrainingResult result;
    // Another attempt's curves are its own: this one's begin with what that one had reported.
    if (at_.step > at_.first_step) training_.progress(fraction(), note(at_.epoch), at_.points);
    for (; at_.epoch <= last_epoch_; ++at_.epoch) {
      result.train_loss = run_epoch(at_.epoch);
      validate(at_.epoch, result.train_loss);
      if (has_lost_patience()) break;
      at_.batch = at_.seen = 0;
      at_.loss_sum = 0;
    }
    if (at_.best_epoch > 0) {
      result.best_epoch = at_.best_epoch;
      go_back_to_best();
    }
    result.images_per_s = static_cast<double>(at_.images) / at_.training_seconds;
    result.data_wait = at_.waiting_seconds / at_.training_seconds;
    if (training_.relay.to) hand_over(*training_.relay.to);
    return result;
  }

 private:
  double run_epoch(std::int64_t epoch) {
    model_.module.train();
    const auto order = shuffled_indices(dataset_.train.size(), training_.seed, epoch);
    for (; at_.batch < steps_per_epoch_;) {
      const auto start = Clock::now();
      const auto first = at_.batch * settings_.batch_size;
      const auto indices = order.slice(0, first, std::min(first + settings_.batch_size, order.size(0)));
      at_.loss_sum += run_step(epoch, indices) * static_cast<double>(indices.size(0));
      at_.seen += indices.size(0);
      at_.images += indices.size(0);
      ++at_.batch;
      at_.training_seconds += seconds_since(start);
      report_sometimes(epoch);
      save_sometimes();
    }
    return at_.loss_sum / static_cast<double>(at_.seen);
  }

  bool goes_on() {
    const auto& plan = training_.checkpoints;
    if (!plan.go_on_from) return false;
    auto position = load_checkpoint(*plan.go_on_from, plan.identity, model_, *optimizer_);
    if (position) {
      at_ = std::move(*position);
      std::fprintf(stderr, "espalier-runner: goes on after step %lld, epoch %lld\n",
                   static_cast<long long>(at_.step), static_cast<long long>(at_.epoch));
      return true;
    }
    std::fprintf(stderr, "espalier-runner: the checkpoint %s; training starts anew\n",
                 position.error().message.c_str());
    optimizer_ = make_optimizer(settings_, parameters_);
    return false;
  }

  void take_over() {
    const auto& relay = training_.relay;
    auto position = load_checkpoint(*relay.from, relay.identity, model_, *optimizer_);
    if (!position)
      throw ErrorException(Error{ErrorKind::failed, "the state " + position.error().message, ""});
    at_ = std::move(*position);
    if (at_.epoch > settings_.until_epoch.value_or(settings_.epochs))
      throw ErrorException(
          Error{ErrorKind::failed, "the state is of a later epoch than this part ends with", ""});
  }

  // The next part has curves and rates of its own.
  void hand_over(const std::filesystem::path& file) const {
    TrainingPosition next;
    next.epoch = at_.epoch;
    next.step = next.first_step = at_.step;
    save_checkpoint(file, training_.relay.identity, model_, *optimizer_, next);
  }

  // Saving takes its time too: no more than a twentieth of it.
  void save_sometimes() {
    const auto& plan = training_.checkpoints;
    const auto now = Clock::now();
    if (!plan.saved || now - saved_ < std::max<std::chrono::duration<double>>(plan.interval, 20 * saving_))
      return;
    if (at_.step == last_step_) return;  // the result is as good as there
    const auto file = plan.folder / ("checkpoint-" + std::to_string(at_.step) + ".pt");
    save_checkpoint(file, plan.identity, model_, *optimizer_, at_);
    saved_ = Clock::now();
    if (plan.interval.count() > 0) saving_ = saved_ - now;
    plan.saved(file, at_.step);
  }

  double run_step(std::int64_t epoch, const torch::Tensor& indices) {
    const auto rate = learning_rate_at(schedule_, at_.step);
    for (auto& group : optimizer_->param_groups()) group.options().set_lr(rate);
    const auto before_data = Clock::now();
    auto images = dataset_.augment.empty() ? batch_images(dataset_, dataset_.train, indices)
                                           : augmented_batch(dataset_, indices, training_.seed, epoch);
    const auto labels = dataset_.train.labels.index_select(0, indices);
    at_.waiting_seconds += seconds_since(before_data);
    optimizer_->zero_grad();
    const auto loss = loss_of(images, labels, indices);
    const auto value = loss.item<double>();
    if (!std::isfinite(value)) diverged(at_.batch + 1, "the loss is not a number");
    loss.backward();
    if (settings_.clip_norm &&
        !std::isfinite(torch::nn::utils::clip_grad_norm_(parameters_, *settings_.clip_norm)))
      diverged(at_.batch + 1, "the gradients are not numbers");
    optimizer_->step();
    if (training_.after_step) training_.after_step();
    ++at_.step;
    return value;
  }

  torch::Tensor loss_of(const torch::Tensor& images, const torch::Tensor& labels,
                        const torch::Tensor& indices) {
    const Arithmetic arithmetic(settings_.precision);
    const auto scores = model_.module.forward({layout_.laid_out(images)}).toTensor();
    return training_.loss(scores.to(torch::kFloat), labels, indices);
  }

  [[noreturn]] void diverged(std::int64_t step, const char* how) const {
    throw ErrorException(Error{
        ErrorKind::failed,
        "diverged at epoch " + std::to_string(at_.epoch) + ", step " + std::to_string(step) + ": " + how,
        "set a lower learning rate, or train.clip_norm"});
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
      if (!std::isfinite(evaluation.loss)) diverged(at_.batch, "the loss is not a number after it");
      points.push_back({"val_loss", static_cast<double>(epoch), evaluation.loss});
      points.push_back({"val_accuracy", static_cast<double>(epoch), evaluation.accuracy()});
      if (settings_.patience) keep_if_best(epoch, evaluation.loss);
    }
    reported_ = Clock::now();
    at_.points.insert(at_.points.end(), points.begin(), points.end());
    training_.progress(fraction(), note(epoch), std::move(points));
  }

  void keep_if_best(std::int64_t epoch, double loss) {
    if (at_.best_epoch > 0 && loss >= at_.best_loss) return;
    at_.best_epoch = epoch;
    at_.best_loss = loss;
    at_.best_tensors.clear();
    for (const auto& tensor : tensors_of(model_)) at_.best_tensors.push_back(tensor.data().clone());
  }

  [[nodiscard]] bool has_lost_patience() const {
    return settings_.patience && at_.epoch - at_.best_epoch >= *settings_.patience;
  }

  void go_back_to_best() {
    const torch::NoGradGuard no_grad;
    const auto tensors = tensors_of(model_);
    for (std::size_t i = 0; i < tensors.size(); ++i) tensors[i].copy_(at_.best_tensors[i]);
  }

  [[nodiscard]] double fraction() const {
    return static_cast<double>(at_.step - at_.first_step) / static_cast<double>(last_step_ - at_.first_step);
  }
  [[nodiscard]] std::string note(std::int64_t epoch) const {
    return "epoch " + std::to_string(epoch) + " of " + std::to_string(settings_.epochs);
  }

  Model& model_;
  const Dataset& dataset_;
  const Training& training_;
  const TrainSettings& settings_;
  std::vector<torch::Tensor> parameters_;
  InnerChannels layout_;
  std::unique_ptr<torch::optim::Optimizer> optimizer_;
  Schedule schedule_;
  TrainingPosition at_;
  std::int64_t steps_per_epoch_ = 0;
  std::int64_t last_epoch_ = 0;  // of this task
  std::int64_t last_step_ = 0;
  Clock::time_point reported_ = Clock::now();
  Clock::time_point saved_ = Clock::now();
  std::chrono::duration<double> saving_{0};  // what the last one took
};

}  // namespace

TrainingResult train_model(Model& model, const Dataset& dataset, const Training& training) {
  check_fits(model, dataset);
  if (model.info.form != "fp32")
    throw ErrorException(Error{ErrorKind::invalid_job, "an int8 model can't be trained further",
                               "put quantize after the stages that train"});
  if (model.module.parameters().size() == 0)
    throw ErrorException(Error{ErrorKind::invalid_job, "the model has no parameters to train",
                               "torch.jit.freeze makes constants of them: save the net without it"});
  if (training.settings.patience && dataset.validation.size() == 0)
    throw ErrorException(Error{ErrorKind::invalid_job,
                               "patience needs validation samples, and there are none",
                               "leave train.patience out, or give the data a validation split"});
  const UnoptimisedGraphs as_written;
  const QuickConvolutions quick;
  torch::manual_seed(static_cast<std::uint64_t>(training.seed));  // dropout draws from it
  return Loop(model, dataset, training).run();
}

}  // namespace espalier::runner
