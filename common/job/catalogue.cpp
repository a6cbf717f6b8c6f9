#include "common/job/catalogue.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace espalier::job {
namespace {

constexpr ModelParameter kWidth{"width", false, 1.0, 0.05, 8.0, "multiplies the channels of every layer"};

constexpr std::array kWidthOnly = {kWidth};
constexpr std::array kMlp = {
    kWidth,
    ModelParameter{"depth", true, 2, 1, 64, "hidden layers"},
};
constexpr std::array kVit = {
    ModelParameter{"dim", true, 64, 8, 2048, "width of the token vectors; a multiple of heads"},
    ModelParameter{"depth", true, 4, 1, 48, "encoder blocks"},
    ModelParameter{"heads", true, 4, 1, 32, "attention heads"},
    ModelParameter{"patch", true, 7, 1, 64, "side of a square patch in pixels; divides the image's side"},
};

constexpr std::array kModels = {
    ModelEntry{"lenet5", "lenet", kWidthOnly, 16},          ModelEntry{"mlp", "mlp", kMlp, 1},
    ModelEntry{"mobilenet_v2", "mobilenet", kWidthOnly, 8}, ModelEntry{"resnet8", "resnet", kWidthOnly, 8},
    ModelEntry{"resnet20", "resnet", kWidthOnly, 8},        ModelEntry{"resnet32", "resnet", kWidthOnly, 8},
    ModelEntry{"resnet44", "resnet", kWidthOnly, 8},        ModelEntry{"resnet56", "resnet", kWidthOnly, 8},
    ModelEntry{"resnet110", "resnet", kWidthOnly, 8},       ModelEntry{"vit", "vit", kVit, 1},
};

constexpr std::array kDatasets = {
    DatasetEntry{"fashion-mnist", "idx", "dataset-fashion-mnist", "/usr/share/datasets/fashion-mnist", 1, 28,
                 28, 10, 60000, 10000, "grey 28x28 images of ten kinds of clothes"},
};

template <class Range>
auto find(const Range& range, std::string_view name) -> decltype(&*range.begin()) {
  const auto found =
      std::find_if(range.begin(), range.end(), [&](const auto& entry) { return entry.name == name; });
  return found == range.end() ? nullptr : &*found;
}

}  // namespace

std::span<const ModelEntry> models() {
  return kModels;
}
std::span<const DatasetEntry> datasets() {
  return kDatasets;
}
const ModelEntry* find_model(std::string_view name) {
  return find(kModels, name);
}
const DatasetEntry* find_dataset(std::string_view name) {
  return find(kDatasets, name);
}

std::filesystem::path folder_of(const DatasetEntry& dataset) {
  if (const char* root = std::getenv("ESPALIER_DATASETS"); root != nullptr)
    return std::filesystem::path(root) / dataset.name;
  return dataset.folder;
}

}  // namespace espalier::job
