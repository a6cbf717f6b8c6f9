#include "worker/runner/models/example_input.hpp"

#include <torch/csrc/jit/runtime/graph_executor.h>

#include <algorithm>

#include "common/base/result.hpp"

namespace espalier::runner {
namespace {

bool gives_finite_numbers(Model model, const torch::Tensor& input) {
  const c10::InferenceMode no_gradients;
  const torch::jit::GraphOptimizerEnabledGuard plain(false);  // its timed runs shan't find it half compiled
  model.module.eval();
  return model.module.forward({input}).toTensor().isfinite().all().item<bool>();
}

}  // namespace

torch::Tensor example_input(const ModelInfo& info, std::int64_t batch, std::uint64_t seed) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  auto sizes = info.input_shape;
  sizes.insert(sizes.begin(), batch);
  if (info.vocabulary == 0) return at::randn(sizes, generator);
  return at::randint(info.vocabulary, sizes, generator, torch::kInt64);
}

torch::Tensor finite_example(const std::vector<Model>& models, std::int64_t batch, std::uint64_t seed) {
  auto input = example_input(models.front().info, batch, seed);
  const auto will_do = [&] {
    return std::all_of(models.begin(), models.end(),
                       [&](const Model& model) { return gives_finite_numbers(model, input); });
  };
  if (will_do()) return input;
  if (input.is_floating_point()) {
    input.uniform_(0, 1, at::make_generator<at::CPUGeneratorImpl>(seed));
    if (will_do()) return input;
  }
  throw ErrorException(
      {ErrorKind::failed, "the model's output is not finite for random inputs",
       "look for NaN in its weights; floats are drawn from a normal distribution, then between 0 and 1"});
}

}  // namespace espalier::runner
