#include "worker/runner/data/dataset.hpp"

#include <array>
#include <cmath>
#include <optional>

#include "common/base/hash.hpp"
#include "worker/runner/data/random.hpp"
#include "worker/runner/data/source.hpp"
#include "worker/runner/data/subset.hpp"
#include "worker/runner/fields.hpp"
#include "worker/runner/refuse.hpp"

namespace espalier::runner {
namespace {

constexpr std::int64_t kMostNormalisedBytes = std::int64_t{1} << 30;

Split take(const RawSplit& raw, std::int64_t cap, std::int64_t seed) {
  const std::span<const std::int64_t> labels(raw.labels.data_ptr<std::int64_t>(),
                                             static_cast<std::size_t>(raw.size()));
  const auto kept = stratified_subset(labels, cap, seed);
  return {raw.inputs(kept), raw.labels.index_select(0, torch::tensor(kept)), {}};
}

torch::Tensor resized(const torch::Tensor& images, std::int64_t side) {
  if (side == images.size(2) && side == images.size(3)) return images;
  const bool shrinks = side < images.size(2) || side < images.size(3);
  const auto options = torch::nn::functional::InterpolateFuncOptions()
                           .size(std::vector<std::int64_t>{side, side})
                           .mode(torch::kBilinear)
                           .align_corners(false)
                           .antialias(shrinks);
  std::vector<torch::Tensor> parts;
  for (const auto& part : images.split(1024))
    parts.push_back(torch::nn::functional::interpolate(part.to(torch::kFloat), options)
                        .round()
                        .clamp(0, 255)
                        .to(torch::kUInt8));
  return torch::cat(parts);
}

// From exact counts of the 256 values, so that the result doesn't depend on the order of additions.
void measure_channels(const torch::Tensor& images, torch::Tensor& mean, torch::Tensor& deviation) {
  const auto channels = images.size(1), area = images.size(2) * images.size(3);
  mean = torch::zeros({1, channels, 1, 1});
  deviation = torch::ones({1, channels, 1, 1});
  for (std::int64_t channel = 0; channel < channels; ++channel) {
    std::array<std::int64_t, 256> counts{};
    for (std::int64_t sample = 0; sample < images.size(0); ++sample) {
      const auto* pixels = images.data_ptr<std::uint8_t>() + (sample * channels + channel) * area;
      for (std::int64_t at = 0; at < area; ++at) ++counts[pixels[at]];
    }
    double sum = 0, squares = 0;
    for (std::size_t value = 0; value < counts.size(); ++value) {
      sum += static_cast<double>(counts[value]) * static_cast<double>(value);
      squares += static_cast<double>(counts[value]) * static_cast<double>(value * value);
    }
    const auto total = static_cast<double>(images.size(0) * area);
    const auto variance = squares / total - sum / total * (sum / total);
    mean.data_ptr<float>()[channel] = static_cast<float>(sum / total);
    // Constant images stay as they are.
    deviation.data_ptr<float>()[channel] = variance > 1e-6 ? static_cast<float>(std::sqrt(variance)) : 1.0F;
  }
}

// One number a channel, or one for all; in the job file white is 1, in `images` 255.
torch::Tensor in_units_of_bytes(const json::object& spec, std::string_view key, std::int64_t channels) {
  const auto numbers = numbers_field(spec, key);
  const auto count = static_cast<std::int64_t>(numbers.size());
  if (count != 1 && count != channels)
    refuse("data." + std::string(key) + " has " + std::to_string(count) + " numbers, and the images " +
               std::to_string(channels) + (channels == 1 ? " channel" : " channels"),
           "write one for each channel, or one for all");
  auto values = torch::empty({1, channels, 1, 1});
  for (std::int64_t channel = 0; channel < channels; ++channel)
    values.data_ptr<float>()[channel] =
        static_cast<float>(numbers[count == 1 ? 0 : static_cast<std::size_t>(channel)] * 255);
  return values;
}

void settle_normalisation(const json::object& spec, Dataset& dataset) {
  const bool is_written = has_field(spec, "mean") && has_field(spec, "std");
  if (dataset.kind != InputKind::images) {
    if (is_written)
      refuse("data.mean and data.std are for images, and these inputs are " +
                 std::string(dataset.kind == InputKind::ids ? "token ids" : "floats"),
             "leave them out, or save images as bytes (uint8)");
    return;
  }
  if (!is_written) return measure_channels(dataset.train.images, dataset.mean, dataset.deviation);
  dataset.mean = in_units_of_bytes(spec, "mean", dataset.input_shape[0]);
  dataset.deviation = in_units_of_bytes(spec, "std", dataset.input_shape[0]);
}

torch::Tensor normalised(const Dataset& dataset, const torch::Tensor& images) {
  return images.to(torch::kFloat).sub_(dataset.mean).div_(dataset.deviation);
}

void keep_normalised(const Dataset& dataset, Split& split) {
  if (dataset.kind == InputKind::images && split.images.numel() * 4 <= kMostNormalisedBytes)
    split.normalised = normalised(dataset, split.images);
}

std::string shape_in_words(const Dataset& dataset) {
  const auto& shape = dataset.input_shape;
  std::string words;
  // Images without their channels: results that are stored were made so.
  for (std::size_t at = dataset.kind == InputKind::images ? 1 : 0; at < shape.size(); ++at)
    words += (words.empty() ? "" : "x") + std::to_string(shape[at]);
  return words;
}

std::string fingerprint_of(const json::object& spec, const Dataset& dataset, std::int64_t seed) {
  const auto& train = dataset.train;
  Sha256 hash;
  hash.update(text_field(spec, "fingerprint", "") + "|" + std::to_string(train.size()) + "|" +
              shape_in_words(dataset) + "|" + std::to_string(seed) + "|");
  for (const auto* key : {"val_fraction", "shorter_side", "mean", "std"})
    if (has_field(spec, key)) hash.update(std::string(key) + "=" + canonical(spec.at(key)) + "|");
  hash.update(std::as_bytes(
      std::span(train.labels.data_ptr<std::int64_t>(), static_cast<std::size_t>(train.size()))));
  return hash.hex();
}

// Photographs that keep their own size may differ between the two folders.
void check_same_shape(const Dataset& dataset, const std::string& folder) {
  if (dataset.validation.images.sizes().slice(1).vec() == dataset.input_shape) return;
  refuse(folder + ": training and validation images differ in size",
         "set data.resize to bring them to one size");
}

void refuse_resize_of(InputKind kind) {
  if (kind == InputKind::images) return;
  refuse("data.resize is for images, and these inputs are " +
             std::string(kind == InputKind::ids ? "token ids" : "floats"),
         "leave it out; save images as bytes (uint8) to have them resized");
}

Dataset read_dataset(const json::object& spec, std::int64_t seed) {
  torch::NoGradGuard no_grad;
  auto raw = read_raw_data(spec, seed);
  Dataset dataset;
  dataset.classes = raw.classes;
  dataset.kind = raw.kind;
  dataset.train = take(raw.train, integer_field(spec, "train_samples", raw.train.size()), seed);
  dataset.validation = take(raw.validation, integer_field(spec, "val_samples", raw.validation.size()), seed);
  if (const auto side = integer_field(spec, "resize", 0); side > 0) {
    refuse_resize_of(dataset.kind);
    dataset.train.images = resized(dataset.train.images, side);
    dataset.validation.images = resized(dataset.validation.images, side);
  }
  dataset.input_shape = dataset.train.images.sizes().slice(1).vec();
  check_same_shape(dataset, text_field(spec, "path", ""));
  settle_normalisation(spec, dataset);
  keep_normalised(dataset, dataset.train);
  keep_normalised(dataset, dataset.validation);
  dataset.fingerprint = fingerprint_of(spec, dataset, seed);
  return dataset;
}

void check_augment(const Dataset& dataset) {
  if (dataset.augment.empty()) return;
  if (dataset.kind != InputKind::ids && dataset.input_shape.size() == 3) return;
  refuse("data.augment moves images, and these inputs are " +
             (dataset.kind == InputKind::ids
                  ? std::string("token ids")
                  : "of " + std::to_string(dataset.input_shape.size()) + " dimensions, not 3"),
         "leave data.augment out");
}

}  // namespace

DataShape data_shape(const json::object& data_spec) {
  auto shape = raw_shape(data_spec);
  if (const auto side = integer_field(data_spec, "resize", 0); side > 0) {
    refuse_resize_of(shape.kind);
    shape.input_shape = {shape.input_shape[0], side, side};
  }
  return shape;
}

const Dataset& load_dataset(const json::object& data_spec, std::int64_t seed) {
  static std::optional<std::pair<std::string, Dataset>> last;
  auto without_augment = data_spec;
  without_augment.erase("augment");
  auto key = canonical(without_augment) + "#" + std::to_string(seed);
  if (!last || last->first != key) {
    last.reset();  // two sets at once could be too much memory
    last.emplace(std::move(key), read_dataset(data_spec, seed));
  }
  last->second.augment = texts_field(data_spec, "augment");
  check_augment(last->second);
  return last->second;
}

torch::Tensor batch_images(const Dataset& dataset, const Split& split, const torch::Tensor& indices) {
  if (dataset.kind != InputKind::images) return split.images.index_select(0, indices);
  if (split.normalised.defined()) return split.normalised.index_select(0, indices);
  return normalised(dataset, split.images.index_select(0, indices));
}

torch::Tensor shuffled_indices(std::int64_t count, std::int64_t seed, std::int64_t stream) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(count));
  for (std::int64_t at = 0; at < count; ++at) order[static_cast<std::size_t>(at)] = at;
  std::mt19937_64 generator(
      mixed(static_cast<std::uint64_t>(seed), static_cast<std::uint64_t>(stream), 0x0dde7));
  shuffle(order, generator);
  return torch::tensor(order);
}

}  // namespace espalier::runner
