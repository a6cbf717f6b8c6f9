#include "worker/runner/data/cifar.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "worker/runner/data/data_file.hpp"

namespace espalier::runner {
namespace {

constexpr std::int64_t kPicture = 3 * kCifarSide * kCifarSide;
constexpr std::int64_t kMostCifarBytes = std::int64_t{4} << 30;

struct CifarLayout {
  std::int64_t label_bytes = 1;  // before each picture; the last one is the label
  std::int64_t classes = 10;
  const char* unpacked = "";  // the archive's folder
  std::vector<std::string> train_files;
  const char* validation_file = "";
  [[nodiscard]] std::int64_t record() const { return label_bytes + kPicture; }
};

CifarLayout layout_of(CifarKind kind) {
  if (kind == CifarKind::hundred) return {2, 100, "cifar-100-binary", {"train.bin"}, "test.bin"};
  CifarLayout layout{1, 10, "cifar-10-batches-bin", {}, "test_batch.bin"};
  for (int batch = 1; batch <= 5; ++batch)
    layout.train_files.push_back("data_batch_" + std::to_string(batch) + ".bin");
  return layout;
}

std::int64_t records_in(const std::filesystem::path& path, std::int64_t size, const CifarLayout& layout) {
  const auto record = layout.record();
  if (size == 0) broken_file(path, 0, "it is empty");
  if (size % record != 0)
    broken_file(path, size - size % record,
                "it ends inside its record " + std::to_string(size / record + 1) + ": a record has " +
                    std::to_string(record) + " bytes",
                "fetch the binary version again; files of the Python version are not these");
  return size / record;
}

void append(const std::filesystem::path& path, const CifarLayout& layout, std::vector<torch::Tensor>& images,
            std::vector<torch::Tensor>& labels) {
  const auto bytes = read_whole_file(path, kMostCifarBytes);
  const auto records = records_in(path, static_cast<std::int64_t>(bytes.size()), layout);
  images.push_back(torch::empty({records, 3, kCifarSide, kCifarSide}, torch::kUInt8));
  labels.push_back(torch::empty({records}, torch::kInt64));
  auto* pixels = images.back().data_ptr<std::uint8_t>();
  auto* label = labels.back().data_ptr<std::int64_t>();
  for (std::int64_t record = 0; record < records; ++record, pixels += kPicture) {
    const auto at = record * layout.record() + layout.label_bytes;
    label[record] = bytes[static_cast<std::size_t>(at - 1)];
    if (label[record] >= layout.classes)
      broken_file(path, at - 1,
                  "a label " + std::to_string(label[record]) + " in record " + std::to_string(record + 1) +
                      ", but there are " + std::to_string(layout.classes) + " classes",
                  "check data.format: CIFAR-10's and CIFAR-100's records differ");
    std::copy_n(bytes.begin() + at, kPicture, pixels);
  }
}

CifarSplit read_files(const std::filesystem::path& folder, const std::vector<std::string>& names,
                      const CifarLayout& layout) {
  std::vector<torch::Tensor> images, labels;
  for (const auto& name : names) append(folder / name, layout, images, labels);
  if (images.size() == 1) return {images.front(), labels.front()};
  return {torch::cat(images), torch::cat(labels)};
}

}  // namespace

CifarData read_cifar(const std::filesystem::path& folder, CifarKind kind) {
  const auto layout = layout_of(kind);
  std::error_code absent;
  const bool is_child = !std::filesystem::exists(folder / layout.validation_file, absent) &&
                        std::filesystem::is_directory(folder / layout.unpacked, absent);
  const auto place = is_child ? folder / layout.unpacked : folder;
  return {read_files(place, layout.train_files, layout), read_files(place, {layout.validation_file}, layout)};
}

}  // namespace espalier::runner
