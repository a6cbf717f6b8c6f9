#include "worker/runner/models/example_input.hpp"

namespace espalier::runner {

torch::Tensor example_input(const ModelInfo& info, std::int64_t batch, std::uint64_t seed) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  auto sizes = info.input_shape;
  sizes.insert(sizes.begin(), batch);
  if (info.vocabulary == 0) return at::randn(sizes, generator);
  return at::randint(info.vocabulary, sizes, generator, torch::kInt64);
}

}  // namespace espalier::runner
