#include "worker/runner/train/evaluation.hpp"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>

namespace espalier::runner {
namespace {

constexpr std::int64_t kBatch = 256;

std::string in_words(const std::vector<std::int64_t>& shape) {
  std::string words;
  for (const auto size : shape) words += (words.empty() ? "" : "x") + std::to_string(size);
  return words;
}

}  // namespace

Interval wilson_interval(std::int64_t successes, std::int64_t trials) {
  constexpr double z = 1.959963984540054;
  const auto n = static_cast<double>(trials);
  const double share = static_cast<double>(successes) / n;
  const double centre = (share + z * z / (2 * n)) / (1 + z * z / n);
  const double half = z / (1 + z * z / n) * std::sqrt(share * (1 - share) / n + z * z / (4 * n * n));
  return {std::max(0.0, centre - half), std::min(1.0, centre + half)};
}

void check_fits(const Model& model, const Dataset& dataset) {
  if (model.info.input_shape != dataset.input_shape)
    throw ErrorException(Error{ErrorKind::invalid_job,
                               "the model takes inputs of " + in_words(model.info.input_shape) +
                                   ", the data's are " + in_words(dataset.input_shape) +
                                   " (of images: channels x height x width)",
                               "set data.resize, or choose another model"});
  if ((model.info.vocabulary > 0) != (dataset.kind == InputKind::ids))
    throw ErrorException(Error{
        ErrorKind::invalid_job,
        std::string("the model takes ") +
            (model.info.vocabulary > 0 ? "token ids, the data are floats" : "floats, the data are token ids"),
        "save the data's inputs as the model takes them"});
  if (model.info.classes != dataset.classes)
    throw ErrorException(Error{ErrorKind::invalid_job,
                               "the model tells " + std::to_string(model.info.classes) +
                                   " classes apart, the data have " + std::to_string(dataset.classes),
                               "choose data with the model's classes"});
}

torch::Tensor scores_of(Model& model, const Dataset& dataset, const Split& split,
                        const std::function<void(double)>& after_batch) {
  torch::NoGradGuard no_grad;
  auto scores = torch::empty({split.size(), model.info.classes});
  for (std::int64_t first = 0; first < split.size(); first += kBatch) {
    const auto last = std::min(split.size(), first + kBatch);
    auto images = batch_images(dataset, split, torch::arange(first, last));
    scores.slice(0, first, last).copy_(model.module.forward({images}).toTensor());
    if (after_batch) after_batch(static_cast<double>(last) / static_cast<double>(split.size()));
  }
  return scores;
}

Evaluation evaluate_model(Model& model, const Dataset& dataset,
                          const std::function<void(double)>& after_batch) {
  const auto& split = dataset.validation;
  const auto scores = scores_of(model, dataset, split, after_batch);
  Evaluation result;
  result.samples = split.size();
  result.correct = scores.argmax(1).eq(split.labels).sum().item<std::int64_t>();
  result.loss = torch::cross_entropy_loss(scores, split.labels).item<double>();
  return result;
}

}  // namespace espalier::runner
