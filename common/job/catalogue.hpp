// The names a job file may use for models and datasets, with the parameters each takes. No LibTorch here:
// counts of a built net (`espalier models`) come from the runner.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string_view>

namespace espalier::job {

struct ModelParameter {
  std::string_view name;  // "width", "depth", "patch", "dim", "heads"
  bool integer = false;
  double fallback = 1.0;  // value if the job file says nothing
  double low = 0.0;       // allowed range, both ends included
  double high = 0.0;
  std::string_view meaning;
};

// The images that a net was published for: its counts are given for these.
struct ReferenceInput {
  std::int64_t channels = 3, side = 224, classes = 1000;
};

struct ModelEntry {
  std::string_view name;    // "resnet20"
  std::string_view family;  // "lenet", "resnet", "wide_resnet", "mobilenet", "efficientnet", "vit", "mlp" …
  std::span<const ModelParameter> parameters;
  std::int64_t smallest_side = 1;  // of the input image, in pixels
  ReferenceInput reference;
  std::int64_t side_multiple = 1;  // the image's sides have to be multiples of it
};

struct DatasetEntry {
  std::string_view name;     // "fashion-mnist"
  std::string_view format;   // "idx"
  std::string_view package;  // the Debian package that brings it
  std::string_view folder;   // where that package puts it
  std::int64_t channels = 1, height = 0, width = 0, classes = 0, train_samples = 0, val_samples = 0;
  std::string_view description;
};

std::span<const ModelEntry> models();
std::span<const DatasetEntry> datasets();
const ModelEntry* find_model(std::string_view name);      // nullptr if there is none
const DatasetEntry* find_dataset(std::string_view name);  // nullptr if there is none

// The folder a catalogue dataset is read from: $ESPALIER_DATASETS/<name> if that is set, else the package's.
std::filesystem::path folder_of(const DatasetEntry& dataset);

}  // namespace espalier::job
