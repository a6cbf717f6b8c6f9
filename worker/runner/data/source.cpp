#include "worker/runner/data/source.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "common/job/catalogue.hpp"
#include "worker/runner/data/cifar.hpp"
#include "worker/runner/data/idx.hpp"
#include "worker/runner/data/image.hpp"
#include "worker/runner/data/image_folder.hpp"
#include "worker/runner/data/tensor_folder.hpp"
#include "worker/runner/fields.hpp"
#include "worker/runner/refuse.hpp"

namespace espalier::runner {
namespace {

struct Source {
  std::string format;
  std::filesystem::path folder;
  const job::DatasetEntry* entry = nullptr;  // set for a data set of the catalogue
};

Source source_of(const json::object& spec) {
  if (!has_field(spec, "dataset"))
    return {text_field(spec, "format", ""), text_field(spec, "path", ""), nullptr};
  const auto name = text_field(spec, "dataset", "");
  const auto* entry = job::find_dataset(name);
  if (entry == nullptr)
    refuse("unknown data set \"" + name + "\"", "`espalier datasets` lists those there are");
  const auto folder = job::folder_of(*entry);
  if (!std::filesystem::is_directory(folder))
    throw ErrorException(
        Error{ErrorKind::missing_dependency,
              "the data set " + name + " is not installed (" + folder.string() + " is missing)",
              "apt-get install " + std::string(entry->package)});
  return {std::string(entry->format), folder, entry};
}

std::optional<double> validation_fraction(const json::object& spec) {
  if (!has_field(spec, "val_fraction")) return std::nullopt;
  const auto fraction = number_field(spec, "val_fraction", 0);
  if (!(fraction > 0 && fraction < 1)) refuse("data.val_fraction is not between 0 and 1", "write 0.2");
  return fraction;
}

RawSplit from_idx(const IdxSplit& idx) {
  const auto& sizes = idx.images.dimensions;
  auto images = torch::empty({sizes[0], 1, sizes[1], sizes[2]}, torch::kUInt8);
  std::copy(idx.images.bytes.begin(), idx.images.bytes.end(), images.data_ptr<std::uint8_t>());
  auto labels = torch::empty({sizes[0]}, torch::kInt64);
  std::copy(idx.labels.bytes.begin(), idx.labels.bytes.end(), labels.data_ptr<std::int64_t>());
  return in_memory(images, labels);
}

RawData idx_data(const Source& source) {
  const auto train = read_idx_split(source.folder, "train");
  const auto validation = read_idx_split(source.folder, "t10k");
  const auto side = [](const IdxSplit& split) {
    return std::pair(split.images.dimensions[1], split.images.dimensions[2]);
  };
  if (side(train) != side(validation))
    throw ErrorException(Error{ErrorKind::failed,
                               source.folder.string() + ": training and validation images differ in size",
                               "fetch the files again"});
  RawData data;
  data.train = from_idx(train);
  data.validation = from_idx(validation);
  const auto highest = std::max(data.train.labels.max().item<std::int64_t>(),
                                data.validation.labels.max().item<std::int64_t>());
  data.classes = source.entry != nullptr ? source.entry->classes : highest + 1;
  if (highest >= data.classes)
    throw ErrorException(Error{ErrorKind::failed,
                               source.folder.string() + " has a label " + std::to_string(highest) + ", but " +
                                   std::to_string(data.classes) + " classes",
                               "fetch the files again"});
  return data;
}

RawData cifar_data(const Source& source, CifarKind kind) {
  auto cifar = read_cifar(source.folder, kind);
  return {in_memory(std::move(cifar.train.images), std::move(cifar.train.labels)),
          in_memory(std::move(cifar.validation.images), std::move(cifar.validation.labels)),
          cifar_classes(kind), InputKind::images};
}

ImageSides sides_of(const json::object& spec) {
  return {integer_field(spec, "resize", 0), integer_field(spec, "shorter_side", 0)};
}

RawSplit photographs(std::vector<FolderImage> images, ImageSides sides) {
  auto labels = torch::empty({static_cast<std::int64_t>(images.size())}, torch::kInt64);
  std::transform(images.begin(), images.end(), labels.data_ptr<std::int64_t>(),
                 [](const FolderImage& image) { return image.label; });
  return {std::move(labels), [images = std::move(images), sides](const std::vector<std::int64_t>& kept) {
            return load_images(images, kept, sides);
          }};
}

RawData folder_data(const json::object& spec, const Source& source, std::int64_t seed) {
  auto folder = list_image_folder(source.folder, validation_fraction(spec), seed);
  return {photographs(std::move(folder.train), sides_of(spec)),
          photographs(std::move(folder.validation), sides_of(spec)),
          static_cast<std::int64_t>(folder.classes.size()), InputKind::images};
}

DataShape folder_shape(const json::object& spec, const Source& source) {
  const auto folder = list_image_folder(source.folder, std::nullopt, 1);
  const auto side = sides_of(spec).side;
  const auto size = side > 0 ? ImageSize{side, side} : image_size(folder.train.front().file);
  return {
      {3, size.height, size.width}, static_cast<std::int64_t>(folder.classes.size()), InputKind::images, 0};
}

DataShape idx_shape(const Source& source) {
  if (source.entry != nullptr)
    return {{source.entry->channels, source.entry->height, source.entry->width},
            source.entry->classes,
            InputKind::images,
            0};
  const auto sizes = read_idx_header(source.folder / "train-images-idx3-ubyte", 3);
  std::int64_t classes = 0;
  for (const auto* file : {"train-labels-idx1-ubyte", "t10k-labels-idx1-ubyte"}) {
    const auto labels = read_idx(source.folder / file, 1);
    classes =
        std::max<std::int64_t>(classes, *std::max_element(labels.bytes.begin(), labels.bytes.end()) + 1);
  }
  return {{1, sizes[1], sizes[2]}, classes, InputKind::images, 0};
}

DataShape synthetic_shape(const json::object& spec) {
  auto shape = integers_field(spec, "input_shape");
  if (shape.empty()) shape = {3, 32, 32};
  const auto classes = integer_field(spec, "classes", 10);
  if (shape.size() != 3 || *std::min_element(shape.begin(), shape.end()) < 1 || classes < 2)
    refuse("synthetic data need three positive sizes and two classes at least",
           "write input_shape = [1, 28, 28] and classes = 10");
  return {shape, classes, InputKind::images, 0};
}

[[noreturn]] void unknown_format(const std::string& format) {
  refuse("this runner doesn't read data of the format \"" + format + "\"",
         "it reads idx, cifar10, cifar100, image-folder, tensors and synthetic");
}

}  // namespace

RawSplit in_memory(torch::Tensor inputs, torch::Tensor labels) {
  return {std::move(labels), [inputs = std::move(inputs)](const std::vector<std::int64_t>& kept) {
            const bool are_all = static_cast<std::int64_t>(kept.size()) == inputs.size(0);
            return are_all ? inputs : inputs.index_select(0, torch::tensor(kept));
          }};
}

RawData read_raw_data(const json::object& data_spec, std::int64_t seed) {
  const auto source = source_of(data_spec);
  const auto& format = source.format;
  if (format == "idx") return idx_data(source);
  if (format == "synthetic") return synthetic_data(data_spec, seed);
  if (format == "cifar10") return cifar_data(source, CifarKind::ten);
  if (format == "cifar100") return cifar_data(source, CifarKind::hundred);
  if (format == "image-folder") return folder_data(data_spec, source, seed);
  if (format == "tensors") return read_tensor_folder(source.folder, validation_fraction(data_spec), seed);
  unknown_format(format);
}

DataShape raw_shape(const json::object& data_spec) {
  const auto source = source_of(data_spec);
  const auto& format = source.format;
  if (format == "idx") return idx_shape(source);
  if (format == "synthetic") return synthetic_shape(data_spec);
  if (format == "cifar10" || format == "cifar100")
    return {{3, kCifarSide, kCifarSide},
            cifar_classes(format == "cifar10" ? CifarKind::ten : CifarKind::hundred),
            InputKind::images,
            0};
  if (format == "image-folder") return folder_shape(data_spec, source);
  if (format == "tensors") return tensor_folder_shape(source.folder);
  unknown_format(format);
}

}  // namespace espalier::runner
