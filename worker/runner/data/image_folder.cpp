#include "worker/runner/data/image_folder.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <system_error>
#include <tuple>

#include "common/base/result.hpp"
#include "worker/runner/data/data_file.hpp"
#include "worker/runner/data/subset.hpp"

namespace espalier::runner {
namespace {

namespace fs = std::filesystem;

constexpr double kUsualValidationFraction = 0.2;

[[noreturn]] void bad_folder(const fs::path& folder, const std::string& what, const std::string& help) {
  throw ErrorException(Error{ErrorKind::failed, folder.string() + ": " + what, help});
}

// Lower case, as file systems of cameras write them in capitals.
std::string extension_of(const fs::path& file) {
  auto extension = file.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return extension;
}

bool is_one_of(const std::string& word, std::initializer_list<const char*> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

void refuse_other_images(const fs::path& file, const std::string& extension) {
  if (is_one_of(extension, {".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".avif", ".heic"}))
    bad_folder(file, "images of this kind aren't read", "convert it to PNG or JPEG, or take it out");
}

bool is_hidden(const fs::path& path) {
  return path.filename().native().starts_with('.');
}

// Class folders by name.
std::map<std::string, fs::path> classes_in(const fs::path& folder) {
  std::map<std::string, fs::path> classes;
  std::error_code failure;
  for (auto entry = fs::directory_iterator(folder, failure); !failure && entry != fs::directory_iterator();
       entry.increment(failure)) {
    std::error_code ignored;
    if (entry->is_directory(ignored) && !is_hidden(entry->path()))
      classes.emplace(entry->path().filename().string(), entry->path());
  }
  if (failure) unreadable_file(folder, failure.value());
  return classes;
}

std::vector<fs::path> images_below(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code failure;
  for (auto entry = fs::recursive_directory_iterator(folder, failure);
       !failure && entry != fs::recursive_directory_iterator(); entry.increment(failure)) {
    std::error_code ignored;
    if (is_hidden(entry->path()) || entry->is_directory(ignored)) continue;
    const auto extension = extension_of(entry->path());
    refuse_other_images(entry->path(), extension);
    if (is_one_of(extension, {".jpg", ".jpeg", ".png"})) files.push_back(entry->path());
  }
  if (failure) unreadable_file(folder, failure.value());
  std::sort(files.begin(), files.end());
  return files;
}

void add_class(const fs::path& folder, std::int64_t label, std::vector<FolderImage>& images) {
  auto files = images_below(folder);
  if (files.empty())
    bad_folder(folder, "it holds no image", "put .jpg, .jpeg or .png files there, or take the folder out");
  for (auto& file : files) images.push_back({std::move(file), label});
}

std::vector<FolderImage> train_images(const fs::path& folder, std::vector<std::string>& classes) {
  std::vector<FolderImage> images;
  for (const auto& [name, place] : classes_in(folder)) {
    add_class(place, static_cast<std::int64_t>(classes.size()), images);
    classes.push_back(name);
  }
  if (classes.size() < 2)
    bad_folder(folder, "it has " + std::to_string(classes.size()) + " class folders, and two are the least",
               "put each class's images into a folder of its name");
  return images;
}

// A class may lack in the validation images, but not in the training images only.
std::vector<FolderImage> validation_images(const fs::path& folder, const std::vector<std::string>& classes) {
  std::vector<FolderImage> images;
  for (const auto& [name, place] : classes_in(folder)) {
    const auto known = std::lower_bound(classes.begin(), classes.end(), name);
    if (known == classes.end() || *known != name)
      bad_folder(place, "the training images have no class \"" + name + "\"",
                 "give both the same class folders");
    add_class(place, known - classes.begin(), images);
  }
  if (images.empty()) bad_folder(folder, "it has no class folders", "put validation images there");
  return images;
}

void set_some_apart(ImageFolder& data, double fraction, std::int64_t seed) {
  std::vector<std::int64_t> labels;
  for (const auto& image : data.train) labels.push_back(image.label);
  const auto split = split_off(labels, fraction, seed);
  const auto at = [all = std::move(data.train)](const std::vector<std::int64_t>& positions) {
    std::vector<FolderImage> images;
    for (const auto position : positions) images.push_back(all[static_cast<std::size_t>(position)]);
    return images;
  };
  data.validation = at(split.validation);
  data.train = at(split.train);
}

}  // namespace

ImageFolder list_image_folder(const fs::path& folder, std::optional<double> validation_fraction,
                              std::int64_t seed) {
  const auto holds = [&folder](const char* name) {
    std::error_code absent;
    return fs::is_directory(folder / name, absent);
  };
  constexpr std::array kUsual = {"val", "valid", "validation", "test"};
  const auto* const found = std::find_if(kUsual.begin(), kUsual.end(), holds);
  const auto* set_apart = found != kUsual.end() ? *found : nullptr;
  ImageFolder data;
  if (!holds("train")) {
    if (set_apart != nullptr && set_apart != std::string_view("valid"))
      bad_folder(folder, std::string("it has ") + set_apart + "/, but no train/",
                 "name the folder of training images train");
    set_apart = nullptr;  // valid/ is a class then, beside invalid/
    data.train = train_images(folder, data.classes);
  } else {
    data.train = train_images(folder / "train", data.classes);
  }
  if (set_apart == nullptr) {
    set_some_apart(data, validation_fraction.value_or(kUsualValidationFraction), seed);
    return data;
  }
  if (validation_fraction)
    bad_folder(folder, std::string("its validation images are in ") + set_apart + "/: none are set apart",
               "leave data.val_fraction out");
  data.validation = validation_images(folder / set_apart, data.classes);
  return data;
}

}  // namespace espalier::runner
