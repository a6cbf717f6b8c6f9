// How good a model is on the validation split.
#pragma once

#include <cstdint>
#include <functional>

#include "worker/runner/data/dataset.hpp"
#include "worker/runner/interval.hpp"
#include "worker/runner/models/model.hpp"

namespace espalier::runner {

// The 95 % score interval of a proportion (Wilson 1927); trials > 0.
Interval wilson_interval(std::int64_t successes, std::int64_t trials);

struct Evaluation {
  std::int64_t correct = 0, samples = 0;
  double loss = 0;  // mean cross entropy
  [[nodiscard]] double accuracy() const {
    return static_cast<double>(correct) / static_cast<double>(samples);
  }
};

// Scores of `split`'s samples in order, float [N, classes]. `model` has to be in evaluation mode;
// `after_batch` hears the share that is done.
torch::Tensor scores_of(Model& model, const Dataset& dataset, const Split& split,
                        const std::function<void(double)>& after_batch);

Evaluation evaluate_model(Model& model, const Dataset& dataset,
                          const std::function<void(double)>& after_batch);

// Throws ErrorException if the model's input or classes are not the data's.
void check_fits(const Model& model, const Dataset& dataset);

}  // namespace espalier::runner
