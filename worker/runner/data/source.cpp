#include "worker/runner/data/source.hpp"

#include <algorithm>
#include <filesystem>
#include <string>

#include "common/job/catalogue.hpp"
#include "worker/runner/data/idx.hpp"
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

void check_readable(const Source& source) {
  if (source.format != "idx" && source.format != "synthetic")
    refuse("this runner doesn't read data of the format \"" + source.format + "\"",
           "it reads idx and synthetic");
}

RawSplit from_idx(const IdxSplit& idx) {
  const auto& sizes = idx.images.dimensions;
  RawSplit split;
  split.images = torch::empty({sizes[0], 1, sizes[1], sizes[2]}, torch::kUInt8);
  std::copy(idx.images.bytes.begin(), idx.images.bytes.end(), split.images.data_ptr<std::uint8_t>());
  split.labels = torch::empty({sizes[0]}, torch::kInt64);
  std::copy(idx.labels.bytes.begin(), idx.labels.bytes.end(), split.labels.data_ptr<std::int64_t>());
  return split;
}

}  // namespace

RawData read_raw_data(const json::object& data_spec, std::int64_t seed) {
  const auto source = source_of(data_spec);
  check_readable(source);
  if (source.format == "synthetic") return synthetic_data(data_spec, seed);
  RawData data;
  data.train = from_idx(read_idx_split(source.folder, "train"));
  data.validation = from_idx(read_idx_split(source.folder, "t10k"));
  const auto highest = std::max(data.train.labels.max().item<std::int64_t>(),
                                data.validation.labels.max().item<std::int64_t>());
  data.classes = source.entry != nullptr ? source.entry->classes : highest + 1;
  if (highest >= data.classes)
    throw ErrorException(Error{ErrorKind::failed,
                               source.folder.string() + " has a label " + std::to_string(highest) + ", but " +
                                   std::to_string(data.classes) + " classes",
                               "fetch the files again"});
  if (data.train.images.size(2) != data.validation.images.size(2) ||
      data.train.images.size(3) != data.validation.images.size(3))
    throw ErrorException(Error{
        ErrorKind::failed, source.folder.string() + ": training and validation images differ in size", ""});
  return data;
}

DataShape raw_shape(const json::object& data_spec) {
  const auto source = source_of(data_spec);
  check_readable(source);
  if (source.entry != nullptr)
    return {{source.entry->channels, source.entry->height, source.entry->width}, source.entry->classes};
  if (source.format == "synthetic") {
    auto shape = integers_field(data_spec, "input_shape");
    if (shape.empty()) shape = {3, 32, 32};
    const auto classes = integer_field(data_spec, "classes", 10);
    if (shape.size() != 3 || *std::min_element(shape.begin(), shape.end()) < 1 || classes < 2)
      refuse("synthetic data need three positive sizes and two classes at least",
             "write input_shape = [1, 28, 28] and classes = 10");
    return {shape, classes};
  }
  const auto sizes = read_idx_header(source.folder / "train-images-idx3-ubyte", 3);
  const auto labels = read_idx(source.folder / "train-labels-idx1-ubyte", 1);
  const auto highest = *std::max_element(labels.bytes.begin(), labels.bytes.end());
  return {{1, sizes[1], sizes[2]}, std::int64_t{highest} + 1};
}

}  // namespace espalier::runner
