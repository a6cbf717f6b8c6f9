// Folders of photographs, a folder a class, as torchvision's ImageFolder reads them.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace espalier::runner {

struct FolderImage {
  std::filesystem::path file;
  std::int64_t label = 0;
};

struct ImageFolder {
  std::vector<std::string> classes;  // in the order of their names' bytes; a label is a place in it
  std::vector<FolderImage> train, validation;
};

// What the folders hold, without opening a file: train/<class>/… and val/, valid/, validation/ or else
// test/<class>/…, or just <class>/… of which `validation_fraction` (0.2 if unset) are set apart, drawn from
// `seed`. In a class folder every .jpg, .jpeg and .png counts, in folders below it too; links to folders
// aren't followed. Throws ErrorException that says what is missing.
ImageFolder list_image_folder(const std::filesystem::path& folder, std::optional<double> validation_fraction,
                              std::int64_t seed);

struct ImageSides {
  std::int64_t side = 0;          // of the square that is kept; 0: all images have one size already
  std::int64_t shorter_side = 0;  // what an image is scaled to before; 0: as `side`
};

// All of them in memory at once: more than this is refused, with what to do about it.
constexpr std::int64_t kMostImageBytes = std::int64_t{16} << 30;

// The images at places `kept` of `images`, decoded by as many threads as LibTorch has: uint8
// [n, 3, height, width]. Throws ErrorException that names the first file that is broken or of another size.
torch::Tensor load_images(const std::vector<FolderImage>& images, const std::vector<std::int64_t>& kept,
                          ImageSides sides);

}  // namespace espalier::runner
