// Photographs: JPEG and PNG files as RGB pixels, as Pillow's `Image.open(file).convert("RGB")` has them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace espalier::runner {

struct ImageSize {
  std::int64_t width = 0, height = 0;
  bool operator==(const ImageSize&) const = default;
};

struct Image {
  ImageSize size;
  std::vector<std::uint8_t> pixels;  // red, green, blue, row by row: 3 * width * height bytes
};

// A file that says it has more is refused before memory is taken for it.
constexpr std::int64_t kMostImagePixels = std::int64_t{1} << 27;

// What the file is, its first bytes say, not its name. Grey and palette become RGB; transparency is dropped;
// of 16 bits the upper 8 are kept; CMYK is taken as Adobe writes it (inverted). Not turned by what EXIF says.
// Throws ErrorException that names the file, and the offset at which its decoder gave up.
Image decode_image(const std::filesystem::path& path);
ImageSize image_size(const std::filesystem::path& path);  // from its header alone

// The two decoders; `path` is for the errors.
Image decode_jpeg(std::span<const std::uint8_t> bytes, const std::filesystem::path& path);
ImageSize jpeg_size(std::span<const std::uint8_t> bytes, const std::filesystem::path& path);
Image decode_png(std::span<const std::uint8_t> bytes, const std::filesystem::path& path);
ImageSize png_size(std::span<const std::uint8_t> bytes, const std::filesystem::path& path);

// Throws if the header promises no pixels, or too many.
void check_image_size(ImageSize size, const std::filesystem::path& path);
// Throws: broken at `offset`.
[[noreturn]] void broken_image(const std::filesystem::path& path, std::int64_t offset,
                               const std::string& what);

}  // namespace espalier::runner
