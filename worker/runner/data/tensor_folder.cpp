#include "worker/runner/data/tensor_folder.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <span>
#include <string>
#include <system_error>

#include "worker/runner/data/stored_tensor.hpp"
#include "worker/runner/data/subset.hpp"
#include "worker/runner/refuse.hpp"

namespace espalier::runner {
namespace {

namespace fs = std::filesystem;

constexpr double kUsualFraction = 0.2;
constexpr std::array kTensors = {"x_train", "y_train", "x_val", "y_val"};
constexpr std::int64_t kMostClasses = 1'000'000;  // a wild label must not make a net of a billion outputs

// Every tensor of the folder by its name.
class TensorFolder {
 public:
  explicit TensorFolder(const fs::path& folder) : folder_(folder) {
    for (const auto& file : safetensors_files())
      for (auto& [name, stored] : find_safetensors(file, {kTensors.begin(), kTensors.end()}))
        add(name, std::move(stored));
    for (const auto* name : kTensors) {
      const auto file = folder / (std::string(name) + ".npy");
      std::error_code absent;
      if (fs::exists(file, absent)) add(name, find_npy(file));
    }
  }

  [[nodiscard]] bool has(const std::string& name) const { return tensors_.contains(name); }
  [[nodiscard]] const StoredTensor& at(const std::string& name) const {
    const auto found = tensors_.find(name);
    if (found == tensors_.end())
      throw ErrorException(
          Error{ErrorKind::missing_dependency,
                folder_.string() + " has no " + name + ": neither " + name +
                    ".npy nor a tensor of that name in a .safetensors file",
                "save it there: numpy.save(\"" + name + ".npy\", array), or correct data.path"});
    return found->second;
  }

 private:
  [[nodiscard]] std::vector<fs::path> safetensors_files() const {
    std::vector<fs::path> files;
    std::error_code failure;
    for (auto entry = fs::directory_iterator(folder_, failure); !failure && entry != fs::directory_iterator();
         entry.increment(failure))
      if (entry->path().extension() == ".safetensors") files.push_back(entry->path());
    if (failure) unreadable_file(folder_, failure.value());
    std::sort(files.begin(), files.end());
    return files;
  }
  void add(const std::string& name, StoredTensor stored) {
    const auto [known, is_new] = tensors_.emplace(name, stored);
    if (!is_new)
      refuse(name + " is both in " + known->second.file.string() + " and in " + stored.file.string(),
             "take one of the files out of the folder");
  }

  fs::path folder_;
  std::map<std::string, StoredTensor> tensors_;
};

InputKind kind_of_inputs(const StoredTensor& stored) {
  if (stored.type.is_float()) return InputKind::floats;
  const auto rank = stored.shape.size();
  return stored.type.is_byte() && (rank == 3 || rank == 4) ? InputKind::images : InputKind::ids;
}

// Of one sample: a byte image [H, W] is a grey one.
std::vector<std::int64_t> shape_of_inputs(const StoredTensor& stored) {
  if (stored.shape.size() < 2)
    broken_file(stored.file, stored.offset, "its inputs have no dimension but the samples",
                "save an array [samples, features]");
  std::vector<std::int64_t> shape(stored.shape.begin() + 1, stored.shape.end());
  if (kind_of_inputs(stored) == InputKind::images && shape.size() == 2) shape.insert(shape.begin(), 1);
  return shape;
}

std::int64_t offset_of(const StoredTensor& stored, std::int64_t element) {
  return stored.offset + (stored.is_fortran ? 0 : element * stored.type.bytes);
}

std::int64_t first_where(const torch::Tensor& mask) {
  return mask.flatten().to(torch::kUInt8).argmax().item<std::int64_t>();
}

void check_floats(const torch::Tensor& inputs, const StoredTensor& stored) {
  const auto samples = inputs.size(0), each = inputs.numel() / samples;
  for (std::int64_t first = 0; first < samples; first += 1024) {
    const auto odd = inputs.slice(0, first, std::min(samples, first + 1024)).isfinite().logical_not();
    if (!odd.any().item<bool>()) continue;
    const auto element = first * each + first_where(odd);
    broken_file(stored.file, offset_of(stored, element),
                "a number of sample " + std::to_string(element / each) + " is not finite",
                "replace what is NaN or infinite before saving");
  }
}

void check_ids(const torch::Tensor& inputs, const StoredTensor& stored) {
  if (inputs.min().item<std::int64_t>() >= 0) return;
  const auto element = first_where(inputs.lt(0));
  broken_file(stored.file, offset_of(stored, element),
              "a negative number of sample " + std::to_string(element / (inputs.numel() / inputs.size(0))) +
                  ": whole numbers are token ids, which count from 0",
              "save float32 if they are no ids");
}

torch::Tensor load_inputs(const StoredTensor& stored) {
  auto shape = shape_of_inputs(stored);
  shape.insert(shape.begin(), stored.shape.front());
  auto inputs = load_stored(stored).view(shape);
  switch (kind_of_inputs(stored)) {
    case InputKind::images:
      break;
    case InputKind::floats:
      check_floats(inputs, stored);
      break;
    case InputKind::ids:
      check_ids(inputs, stored);
      break;
  }
  return inputs;
}

torch::Tensor load_labels(const StoredTensor& stored) {
  const auto& shape = stored.shape;
  if (stored.type.is_float() || shape.empty() || shape.size() > 2 || (shape.size() == 2 && shape[1] != 1))
    broken_file(stored.file, stored.offset, "labels have to be whole numbers [samples], one a sample",
                "save class numbers: y.astype('int64'); of one-hot rows y.argmax(1)");
  const auto labels = load_stored(stored).flatten().to(torch::kInt64);
  const auto wrong = labels.lt(0).logical_or(labels.ge(kMostClasses));
  if (!wrong.any().item<bool>()) return labels;
  const auto element = first_where(wrong);
  broken_file(stored.file, offset_of(stored, element),
              "a label " + std::to_string(labels[element].item<std::int64_t>()) + " of sample " +
                  std::to_string(element),
              "number the classes from 0 on");
}

void check_counts(const StoredTensor& inputs, const StoredTensor& labels) {
  const auto samples = inputs.shape.front();
  const auto labelled = labels.shape.empty() ? 0 : labels.shape.front();
  if (samples != labelled)
    broken_file(labels.file, labels.offset,
                std::to_string(labelled) + " labels for the " + std::to_string(samples) + " inputs of " +
                    inputs.file.string(),
                "save both again from the same samples");
}

// Of the samples at `places`; all of them if there are as many.
RawSplit only(const RawSplit& all, std::vector<std::int64_t> places) {
  auto labels = all.labels.index_select(0, torch::tensor(places));
  return {std::move(labels),
          [inputs = all.inputs, places = std::move(places)](const std::vector<std::int64_t>& kept) {
            std::vector<std::int64_t> of_all;
            for (const auto place : kept) of_all.push_back(places[static_cast<std::size_t>(place)]);
            return inputs(of_all);
          }};
}

RawSplit load_split(const StoredTensor& inputs, const StoredTensor& labels) {
  shape_of_inputs(inputs);
  check_counts(inputs, labels);
  return in_memory(load_inputs(inputs), load_labels(labels));
}

void check_alike(const StoredTensor& train, const StoredTensor& validation) {
  if (kind_of_inputs(train) != kind_of_inputs(validation) ||
      shape_of_inputs(train) != shape_of_inputs(validation))
    broken_file(validation.file, validation.offset,
                "its samples have another shape or type than those of " + train.file.string(),
                "save both alike");
}

}  // namespace

RawData read_tensor_folder(const fs::path& folder, std::optional<double> validation_fraction,
                           std::int64_t seed) {
  const TensorFolder tensors(folder);
  RawData data;
  data.kind = kind_of_inputs(tensors.at("x_train"));
  data.train = load_split(tensors.at("x_train"), tensors.at("y_train"));
  if (tensors.has("x_val") || tensors.has("y_val")) {
    if (validation_fraction)
      refuse(folder.string() + " has x_val and y_val: none are set apart", "leave data.val_fraction out");
    check_alike(tensors.at("x_train"), tensors.at("x_val"));
    data.validation = load_split(tensors.at("x_val"), tensors.at("y_val"));
  } else {
    if (data.train.size() < 2)
      refuse(folder.string() + " has one sample, which can't be shared", "save x_val and y_val too");
    const std::span labels(data.train.labels.data_ptr<std::int64_t>(),
                           static_cast<std::size_t>(data.train.size()));
    const auto split = split_off(labels, validation_fraction.value_or(kUsualFraction), seed);
    data.validation = only(data.train, split.validation);
    data.train = only(data.train, split.train);
  }
  data.classes = std::max(data.train.labels.max().item<std::int64_t>(),
                          data.validation.labels.max().item<std::int64_t>()) +
                 1;
  return data;
}

DataShape tensor_folder_shape(const fs::path& folder) {
  const TensorFolder tensors(folder);
  const auto& inputs = tensors.at("x_train");
  DataShape shape;
  shape.kind = kind_of_inputs(inputs);
  shape.input_shape = shape_of_inputs(inputs);
  for (const auto* part : {"train", "val"}) {
    const auto name = std::string("_") + part;
    if (!tensors.has("y" + name) && part == std::string("val")) continue;
    shape.classes =
        std::max(shape.classes, load_labels(tensors.at("y" + name)).max().item<std::int64_t>() + 1);
    if (shape.kind == InputKind::ids)
      shape.vocabulary =
          std::max(shape.vocabulary, load_inputs(tensors.at("x" + name)).max().item<std::int64_t>() + 1);
  }
  return shape;
}

}  // namespace espalier::runner
