// As with JPEG: libpng's errors jump, so each step that may is a function without destructors to be run.
#include <png.h>

#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <string>

#include "worker/runner/data/image.hpp"

namespace espalier::runner {
namespace {

struct PngState {
  std::span<const std::uint8_t> bytes;
  std::size_t at = 0;
  png_structp png = nullptr;
  png_infop info = nullptr;
  std::jmp_buf escape{};
  char complaint[200] = {};
  png_bytep* rows = nullptr;

  explicit PngState(std::span<const std::uint8_t> file) : bytes(file) {}
  PngState(const PngState&) = delete;
  PngState& operator=(const PngState&) = delete;
  ~PngState() { png_destroy_read_struct(&png, &info, nullptr); }
};

[[noreturn]] void on_png_error(png_structp png, png_const_charp message) {
  auto& state = *static_cast<PngState*>(png_get_error_ptr(png));
  std::snprintf(state.complaint, sizeof state.complaint, "%s", message);
  std::longjmp(state.escape, 1);
}

void on_png_warning(png_structp, png_const_charp) {}

void give_bytes(png_structp png, png_bytep out, png_size_t count) {
  auto& state = *static_cast<PngState*>(png_get_io_ptr(png));
  const auto left = state.bytes.size() - state.at;
  if (count > left) {
    state.at = state.bytes.size();
    png_error(png, "it ends too early");
  }
  std::memcpy(out, state.bytes.data() + state.at, count);
  state.at += count;
}

bool guarded(PngState& state, void (*step)(PngState&)) {
  if (setjmp(state.escape) != 0) return false;
  step(state);
  return true;
}

void read_png_header(PngState& state) {
  png_set_read_fn(state.png, &state, give_bytes);
  png_read_info(state.png, state.info);
}

void ask_for_rgb(PngState& state) {
  const auto color = png_get_color_type(state.png, state.info);
  if (color == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(state.png);
  if (color == PNG_COLOR_TYPE_GRAY || color == PNG_COLOR_TYPE_GRAY_ALPHA) {
    png_set_expand_gray_1_2_4_to_8(state.png);
    png_set_gray_to_rgb(state.png);
  }
  png_set_strip_16(state.png);
  png_set_strip_alpha(state.png);
  png_set_interlace_handling(state.png);
  png_read_update_info(state.png, state.info);
}

void read_png_pixels(PngState& state) {
  png_read_image(state.png, state.rows);
  png_read_end(state.png, nullptr);
}

void must(bool went_well, const PngState& state, const std::filesystem::path& path) {
  if (!went_well)
    broken_image(path, static_cast<std::int64_t>(state.at), std::string("its PNG data: ") + state.complaint);
}

ImageSize open_png(PngState& state, const std::filesystem::path& path) {
  state.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &state, on_png_error, on_png_warning);
  if (state.png == nullptr) throw std::bad_alloc();
  state.info = png_create_info_struct(state.png);
  if (state.info == nullptr) throw std::bad_alloc();
  must(guarded(state, read_png_header), state, path);
  const ImageSize size{png_get_image_width(state.png, state.info),
                       png_get_image_height(state.png, state.info)};
  check_image_size(size, path);
  return size;
}

}  // namespace

ImageSize png_size(std::span<const std::uint8_t> bytes, const std::filesystem::path& path) {
  PngState state(bytes);
  return open_png(state, path);
}

Image decode_png(std::span<const std::uint8_t> bytes, const std::filesystem::path& path) {
  PngState state(bytes);
  Image image{open_png(state, path), {}};
  must(guarded(state, ask_for_rgb), state, path);
  const auto row_bytes = static_cast<std::size_t>(image.size.width) * 3;
  if (png_get_rowbytes(state.png, state.info) != row_bytes)
    broken_image(path, 0, "its pixels can't be had as red, green and blue");
  image.pixels.resize(row_bytes * static_cast<std::size_t>(image.size.height));
  std::vector<png_bytep> rows;
  for (std::size_t at = 0; at < image.pixels.size(); at += row_bytes)
    rows.push_back(image.pixels.data() + at);
  state.rows = rows.data();
  must(guarded(state, read_png_pixels), state, path);
  return image;
}

}  // namespace espalier::runner
