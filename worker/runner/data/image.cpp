#include "worker/runner/data/image.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "worker/runner/data/data_file.hpp"

namespace espalier::runner {
namespace {

constexpr std::int64_t kMostImageFileBytes = std::int64_t{1} << 29;
constexpr std::array<std::uint8_t, 3> kJpegStart = {0xff, 0xd8, 0xff};
constexpr std::array<std::uint8_t, 8> kPngStart = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

enum class ImageKind { jpeg, png };

template <std::size_t N>
bool starts_with(const std::vector<std::uint8_t>& bytes, const std::array<std::uint8_t, N>& start) {
  return bytes.size() >= N && std::equal(start.begin(), start.end(), bytes.begin());
}

ImageKind kind_of(const std::vector<std::uint8_t>& bytes, const std::filesystem::path& path) {
  if (starts_with(bytes, kJpegStart)) return ImageKind::jpeg;
  if (starts_with(bytes, kPngStart)) return ImageKind::png;
  if (bytes.empty()) broken_image(path, 0, "it is empty");
  broken_image(path, 0, "it is neither a JPEG nor a PNG, whatever its name says");
}

}  // namespace

void broken_image(const std::filesystem::path& path, std::int64_t offset, const std::string& what) {
  broken_file(path, offset, what, "replace the image, or take it out of the folder");
}

void check_image_size(ImageSize size, const std::filesystem::path& path) {
  const auto shown = std::to_string(size.width) + "x" + std::to_string(size.height) + " pixels";
  if (size.width < 1 || size.height < 1) broken_image(path, 0, "its header says " + shown);
  if (size.width > kMostImagePixels / size.height)
    broken_image(path, 0,
                 "its header says " + shown + ", more than the " + std::to_string(kMostImagePixels >> 20) +
                     " Mi that an image may have");
}

Image decode_image(const std::filesystem::path& path) {
  const auto bytes = read_whole_file(path, kMostImageFileBytes);
  return kind_of(bytes, path) == ImageKind::jpeg ? decode_jpeg(bytes, path) : decode_png(bytes, path);
}

ImageSize image_size(const std::filesystem::path& path) {
  const auto bytes = read_whole_file(path, kMostImageFileBytes);
  return kind_of(bytes, path) == ImageKind::jpeg ? jpeg_size(bytes, path) : png_size(bytes, path);
}

}  // namespace espalier::runner
