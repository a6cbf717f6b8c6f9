#include "common/job/catalogue.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace espalier::job {
namespace {

constexpr ModelParameter kWidth{"width", false, 1.0, 0.05, 8.0, "multiplies the channels of every layer"};

constexpr std::array kWidthOnly = {kWidth};
constexpr std::array kScale = {
    kWidth,
    ModelParameter{"depth", false, 1.0, 0.1, 8.0, "multiplies the blocks of every stage"},
};
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

constexpr ReferenceInput kGrey{1, 28, 10};
constexpr ReferenceInput kCifar{3, 32, 10};
constexpr ReferenceInput photographs(std::int64_t side) {
  return {3, side, 1000};
}

constexpr std::array kModels = {
    ModelEntry{"lenet5", "lenet", kWidthOnly, 16, kGrey},
    ModelEntry{"mlp", "mlp", kMlp, 1, kGrey},
    ModelEntry{"vit", "vit", kVit, 1, kGrey},
    ModelEntry{"resnet8", "resnet", kScale, 8, kCifar},
    ModelEntry{"resnet20", "resnet", kScale, 8, kCifar},
    ModelEntry{"resnet32", "resnet", kScale, 8, kCifar},
    ModelEntry{"resnet44", "resnet", kScale, 8, kCifar},
    ModelEntry{"resnet56", "resnet", kScale, 8, kCifar},
    ModelEntry{"resnet110", "resnet", kScale, 8, kCifar},
    ModelEntry{"wrn_16_4", "wide_resnet", kScale, 8, kCifar},
    ModelEntry{"wrn_28_10", "wide_resnet", kScale, 8, kCifar},
    ModelEntry{"wrn_40_2", "wide_resnet", kScale, 8, kCifar},
    ModelEntry{"resnet18", "resnet", kScale, 8, photographs(224)},
    ModelEntry{"resnet34", "resnet", kScale, 8, photographs(224)},
    ModelEntry{"resnet50", "resnet", kScale, 8, photographs(224)},
    ModelEntry{"resnet101", "resnet", kScale, 8, photographs(224)},
    ModelEntry{"wide_resnet50_2", "wide_resnet", kScale, 8, photographs(224)},
    ModelEntry{"vgg11_bn", "vgg", kScale, 32, photographs(224)},
    ModelEntry{"mobilenet_v2", "mobilenet", kScale, 8, photographs(224)},
    ModelEntry{"mobilenet_v3_small", "mobilenet", kScale, 8, photographs(224)},
    ModelEntry{"mobilenet_v3_large", "mobilenet", kScale, 8, photographs(224)},
    ModelEntry{"efficientnet_b0", "efficientnet", kScale, 8, photographs(224)},
    ModelEntry{"efficientnet_b1", "efficientnet", kScale, 8, photographs(240)},
    ModelEntry{"efficientnet_b2", "efficientnet", kScale, 8, photographs(288)},
    ModelEntry{"efficientnet_b3", "efficientnet", kScale, 8, photographs(300)},
    ModelEntry{"efficientnet_b4", "efficientnet", kScale, 8, photographs(380)},
    ModelEntry{"efficientnet_b5", "efficientnet", kScale, 8, photographs(456)},
    ModelEntry{"convnext_tiny", "convnext", kScale, 32, photographs(224)},
    ModelEntry{"swin_t", "swin", kScale, 8, photographs(224)},
    ModelEntry{"vit_b_16", "vit", kScale, 16, photographs(224), 16},
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
