// A folder of a test's own, and small encoders for what a data set's files may be.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

// libjpeg's header needs <cstdio> before it.
#include <jpeglib.h>
#include <png.h>

#include "common/base/result.hpp"

namespace espalier::runner::data_files {

class DataFolder : public testing::Test {
 protected:
  DataFolder() {
    auto name = (std::filesystem::path(testing::TempDir()) / "espalier-data-XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~DataFolder() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path write(const std::string& name, const std::string& bytes) const {
    const auto path = folder_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::FILE* out = std::fopen(path.c_str(), "wb");
    std::fwrite(bytes.data(), 1, bytes.size(), out);
    std::fclose(out);
    return path;
  }
  std::filesystem::path folder_;
};

inline std::string bytes_of(const std::filesystem::path& path) {
  std::string bytes(std::filesystem::file_size(path), '\0');
  std::FILE* in = std::fopen(path.c_str(), "rb");
  EXPECT_EQ(std::fread(bytes.data(), 1, bytes.size(), in), bytes.size());
  std::fclose(in);
  return bytes;
}

// The message, or "none".
inline std::string error_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const ErrorException& error) {
    return error.error().message + "; " + error.error().help;
  }
  return "none";
}

struct PngLook {
  int color_type = PNG_COLOR_TYPE_RGB;
  int bit_depth = 8;
  bool is_interlaced = false;
  std::vector<png_color> palette = {};
};

// `rows`: as PNG stores them, big-endian, each row from a byte of its own on.
inline std::string png_bytes(int width, int height, std::vector<std::uint8_t> rows,
                             const PngLook& look = {}) {
  std::string bytes;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(
      png, &bytes,
      [](png_structp to, png_bytep data, png_size_t count) {
        static_cast<std::string*>(png_get_io_ptr(to))->append(reinterpret_cast<const char*>(data), count);
      },
      [](png_structp) {});
  png_set_IHDR(png, info, static_cast<png_uint_32>(width), static_cast<png_uint_32>(height), look.bit_depth,
               look.color_type, look.is_interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (!look.palette.empty())
    png_set_PLTE(png, info, look.palette.data(), static_cast<int>(look.palette.size()));
  png_write_info(png, info);
  std::vector<png_bytep> places;
  const auto row_bytes = rows.size() / static_cast<std::size_t>(height);
  for (std::size_t at = 0; at < rows.size(); at += row_bytes) places.push_back(rows.data() + at);
  png_write_image(png, places.data());
  png_write_end(png, nullptr);
  png_destroy_write_struct(&png, &info);
  return bytes;
}

struct JpegLook {
  J_COLOR_SPACE pixels = JCS_RGB;
  J_COLOR_SPACE stored = JCS_YCbCr;
  int quality = 95;
  bool is_progressive = false;
};

inline std::string jpeg_bytes(int width, int height, std::vector<std::uint8_t> pixels,
                              const JpegLook& look = {}) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &buffer, &size);
  info.image_width = static_cast<JDIMENSION>(width);
  info.image_height = static_cast<JDIMENSION>(height);
  info.in_color_space = look.pixels;
  info.input_components = look.pixels == JCS_GRAYSCALE ? 1 : look.pixels == JCS_CMYK ? 4 : 3;
  jpeg_set_defaults(&info);
  jpeg_set_colorspace(&info, look.stored);
  jpeg_set_quality(&info, look.quality, TRUE);
  if (look.is_progressive) jpeg_simple_progression(&info);
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < info.image_height) {
    JSAMPROW row = pixels.data() + static_cast<std::size_t>(info.next_scanline) *
                                       static_cast<std::size_t>(width * info.input_components);
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  std::string bytes(reinterpret_cast<const char*>(buffer), size);
  jpeg_destroy_compress(&info);
  std::free(buffer);
  return bytes;
}

// A photograph-like RGB pattern that differs with `seed`.
inline std::vector<std::uint8_t> pattern(int width, int height, int seed = 0) {
  std::vector<std::uint8_t> pixels;
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int channel = 0; channel < 3; ++channel)
        pixels.push_back(
            static_cast<std::uint8_t>((x * 7 + y * 5 * (channel + 1) + seed * 31 + x * y / 9) & 255));
  return pixels;
}

inline std::string solid_png(int width, int height, std::uint8_t value) {
  return png_bytes(width, height,
                   std::vector<std::uint8_t>(static_cast<std::size_t>(width * height * 3), value));
}

template <class T>
std::string raw_bytes(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

inline std::string npy_header(const std::string& dict, int version = 1) {
  std::string text = dict;
  while ((text.size() + 1 + (version == 1 ? 10 : 12)) % 64 != 0) text += ' ';
  text += '\n';
  std::string bytes = "\x93NUMPY";
  bytes += static_cast<char>(version);
  bytes += '\0';
  for (int byte = 0; byte < (version == 1 ? 2 : 4); ++byte)
    bytes += static_cast<char>(text.size() >> (8 * byte));
  return bytes + text;
}

template <class T>
std::string npy(const std::string& descr, const std::string& shape, const std::vector<T>& values,
                const char* fortran = "False") {
  return npy_header("{'descr': '" + descr + "', 'fortran_order': " + fortran + ", 'shape': " + shape +
                    ", }") +
         raw_bytes(values);
}

inline std::string safetensors(const std::string& json, const std::string& data) {
  std::string bytes;
  for (int byte = 0; byte < 8; ++byte) bytes += static_cast<char>(json.size() >> (8 * byte));
  return bytes + json + data;
}

}  // namespace espalier::runner::data_files
