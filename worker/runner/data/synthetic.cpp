#include "worker/runner/data/random.hpp"
#include "worker/runner/data/source.hpp"
#include "worker/runner/fields.hpp"

namespace espalier::runner {
namespace {

void fill_random(torch::Tensor& bytes, std::mt19937_64& generator) {
  auto* out = bytes.data_ptr<std::uint8_t>();
  const auto count = bytes.numel();
  for (std::int64_t at = 0; at < count;) {
    auto draw = generator();
    for (int byte = 0; byte < 8 && at < count; ++byte, draw >>= 8)
      out[at++] = static_cast<std::uint8_t>(draw);
  }
}

RawSplit make_split(const torch::Tensor& patterns, std::int64_t samples, std::mt19937_64& generator) {
  auto sizes = patterns.sizes().vec();
  sizes[0] = samples;
  auto images = torch::empty(sizes, torch::kUInt8);
  fill_random(images, generator);
  auto* pixels = images.data_ptr<std::uint8_t>();
  const auto* pattern = patterns.data_ptr<std::uint8_t>();
  const auto each = patterns[0].numel();
  for (std::int64_t sample = 0; sample < samples; ++sample) {
    const auto* base = pattern + (sample % patterns.size(0)) * each;
    for (std::int64_t at = 0; at < each; ++at, ++pixels)
      *pixels = static_cast<std::uint8_t>((*pixels + base[at]) / 2);
  }
  return in_memory(images, torch::arange(samples).remainder(patterns.size(0)));
}

}  // namespace

RawData synthetic_data(const json::object& data_spec, std::int64_t seed) {
  const auto shape = raw_shape(data_spec);
  std::mt19937_64 generator(mixed(static_cast<std::uint64_t>(seed), 0x5e7));
  auto patterns = torch::empty(
      {shape.classes, shape.input_shape[0], shape.input_shape[1], shape.input_shape[2]}, torch::kUInt8);
  fill_random(patterns, generator);
  RawData data;
  data.classes = shape.classes;
  data.train = make_split(patterns, integer_field(data_spec, "train_samples", 1024), generator);
  data.validation = make_split(patterns, integer_field(data_spec, "val_samples", 256), generator);
  return data;
}

}  // namespace espalier::runner
