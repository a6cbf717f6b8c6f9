#include "common/job/data_layout.hpp"

#include <system_error>
#include <utility>
#include <vector>

namespace espalier::job {
namespace {

namespace fs = std::filesystem;

bool is_there(const fs::path& path) {
  std::error_code absent;
  return fs::exists(path, absent);
}

bool is_folder(const fs::path& path) {
  std::error_code absent;
  return fs::is_directory(path, absent);
}

struct Folder {
  fs::path path;
  std::string written;

  [[nodiscard]] Error lacks(const std::string& what, const std::string& help) const {
    return {ErrorKind::not_found, "the data folder `" + written + "` has no " + what, help};
  }
};

Result<void> check_idx(const Folder& folder) {
  for (const auto* prefix : {"train", "t10k"})
    for (const auto* kind : {"-images-idx3-ubyte", "-labels-idx1-ubyte"}) {
      const auto name = std::string(prefix) + kind;
      if (!is_there(folder.path / name) && !is_there(folder.path / (name + ".gz")))
        return folder.lacks(name, "put it there, plain or with .gz at its end");
    }
  return {};
}

Result<void> check_cifar(const Folder& folder, const char* unpacked, const std::vector<std::string>& names) {
  const auto place = is_there(folder.path / names.back()) || !is_folder(folder.path / unpacked)
                         ? folder.path
                         : folder.path / unpacked;
  for (const auto& name : names)
    if (!is_there(place / name))
      return folder.lacks(name, "unpack the binary version there: the folder itself or its " +
                                    std::string(unpacked) + " has to hold it");
  return {};
}

std::vector<std::string> cifar10_files() {
  std::vector<std::string> names;
  for (int batch = 1; batch <= 5; ++batch) names.push_back("data_batch_" + std::to_string(batch) + ".bin");
  names.emplace_back("test_batch.bin");
  return names;
}

Result<void> check_image_folder(const Folder& folder) {
  const bool has_train = is_folder(folder.path / "train");
  // Without train/, valid/ may be a class.
  const bool has_validation = is_folder(folder.path / "val") || is_folder(folder.path / "validation") ||
                              is_folder(folder.path / "test");
  if (!has_train && has_validation)
    return folder.lacks("train/, but validation images", "name the folder of training images train");
  const auto place = has_train ? folder.path / "train" : folder.path;
  std::error_code failure;
  int classes = 0;
  for (auto entry = fs::directory_iterator(place, failure); !failure && entry != fs::directory_iterator();
       entry.increment(failure))
    if (is_folder(entry->path()) && !entry->path().filename().native().starts_with('.')) ++classes;
  if (classes >= 2) return {};
  return folder.lacks(has_train ? "two class folders in train/" : "two class folders",
                      "put each class's images into a folder of its name");
}

Result<void> check_tensors(const Folder& folder) {
  std::error_code failure;
  for (auto entry = fs::directory_iterator(folder.path, failure);
       !failure && entry != fs::directory_iterator(); entry.increment(failure))
    if (entry->path().extension() == ".safetensors") return {};
  for (const std::string name : {"x_train", "y_train"})
    if (!is_there(folder.path / (name + ".npy")))
      return folder.lacks(name + ".npy and no .safetensors file",
                          "save it there: numpy.save(\"" + name + ".npy\", array)");
  for (const auto& [one, other] : {std::pair("x_val", "y_val"), std::pair("y_val", "x_val")})
    if (is_there(folder.path / (std::string(one) + ".npy")) &&
        !is_there(folder.path / (std::string(other) + ".npy")))
      return folder.lacks(std::string(other) + ".npy beside its " + one + ".npy", "save both, or neither");
  return {};
}

}  // namespace

Result<void> check_layout(std::string_view format, const fs::path& folder, const std::string& written) {
  const Folder seen{folder, written};
  if (format == "idx") return check_idx(seen);
  if (format == "cifar10") return check_cifar(seen, "cifar-10-batches-bin", cifar10_files());
  if (format == "cifar100") return check_cifar(seen, "cifar-100-binary", {"train.bin", "test.bin"});
  if (format == "image-folder") return check_image_folder(seen);
  if (format == "tensors") return check_tensors(seen);
  return {};
}

}  // namespace espalier::job
