// libjpeg reports errors by a callback that must not return: a jump back out of it. Each step that may jump
// is a function without destructors to be run, called through `guarded`.
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <string>

#include "worker/runner/data/image.hpp"

// libjpeg's headers need <cstdio> before them.
#include <jerror.h>
#include <jpeglib.h>

namespace espalier::runner {
namespace {

// Each scan of a progressive file is a pass over all pixels: a small file with thousands would take hours.
constexpr int kMostScans = 500;

struct JpegState {
  jpeg_decompress_struct info{};
  jpeg_error_mgr errors{};
  jpeg_progress_mgr progress{};
  std::jmp_buf escape{};
  char complaint[JMSG_LENGTH_MAX] = {};
  std::int64_t size = 0;
  std::int64_t offset = 0;      // of the complaint
  std::uint8_t* out = nullptr;  // rows of `row_bytes`
  std::int64_t row_bytes = 0;

  JpegState() = default;
  JpegState(const JpegState&) = delete;
  JpegState& operator=(const JpegState&) = delete;
  ~JpegState() { jpeg_destroy_decompress(&info); }
};

[[noreturn]] void give_up(JpegState& state) {
  const auto left =
      state.info.src != nullptr ? static_cast<std::int64_t>(state.info.src->bytes_in_buffer) : 0;
  state.offset = state.size - left;
  std::longjmp(state.escape, 1);
}

JpegState& state_of(j_common_ptr common) {
  return *static_cast<JpegState*>(common->client_data);
}

[[noreturn]] void on_error(j_common_ptr common) {
  auto& state = state_of(common);
  common->err->format_message(common, state.complaint);
  give_up(state);
}

// libjpeg goes on with grey pixels where data are missing or make no sense: that is no picture of anything.
void on_message(j_common_ptr common, int level) {
  if (level >= 0) return;
  const int code = common->err->msg_code;
  if (code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER || code == JWRN_HUFF_BAD_CODE) on_error(common);
}

void on_progress(j_common_ptr common) {
  auto& state = state_of(common);
  if (state.info.input_scan_number <= kMostScans) return;
  std::snprintf(state.complaint, sizeof state.complaint, "it has more than %d scans", kMostScans);
  give_up(state);
}

bool guarded(JpegState& state, void (*step)(JpegState&)) {
  if (setjmp(state.escape) != 0) return false;
  step(state);
  return true;
}

void create(JpegState& state) {
  jpeg_CreateDecompress(&state.info, JPEG_LIB_VERSION, sizeof state.info);
}

void read_jpeg_header(JpegState& state) {
  jpeg_read_header(&state.info, TRUE);
}

void start_pixels(JpegState& state) {
  const bool has_black = state.info.jpeg_color_space == JCS_CMYK || state.info.jpeg_color_space == JCS_YCCK;
  state.info.out_color_space = has_black ? JCS_CMYK : JCS_RGB;
  jpeg_calc_output_dimensions(&state.info);
}

void read_pixels(JpegState& state) {
  jpeg_start_decompress(&state.info);
  while (state.info.output_scanline < state.info.output_height) {
    JSAMPROW row = state.out + static_cast<std::int64_t>(state.info.output_scanline) * state.row_bytes;
    jpeg_read_scanlines(&state.info, &row, 1);
  }
}

void must(bool went_well, const JpegState& state, const std::filesystem::path& path) {
  if (!went_well) broken_image(path, state.offset, std::string("its JPEG data: ") + state.complaint);
}

ImageSize open_jpeg(JpegState& state, std::span<const std::uint8_t> bytes,
                    const std::filesystem::path& path) {
  state.size = static_cast<std::int64_t>(bytes.size());
  state.info.err = jpeg_std_error(&state.errors);
  state.errors.error_exit = on_error;
  state.errors.emit_message = on_message;
  state.info.client_data = &state;
  must(guarded(state, create), state, path);
  state.progress.progress_monitor = on_progress;
  state.info.progress = &state.progress;
  jpeg_mem_src(&state.info, bytes.data(), static_cast<unsigned long>(bytes.size()));
  must(guarded(state, read_jpeg_header), state, path);
  const ImageSize size{state.info.image_width, state.info.image_height};
  check_image_size(size, path);
  return size;
}

// round(a * b / 255)
int share(int a, int b) {
  const int product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}

// Adobe's files hold 255 minus the amount of ink.
void inks_to_rgb(const std::vector<std::uint8_t>& inks, std::vector<std::uint8_t>& rgb) {
  for (std::size_t from = 0, to = 0; from < inks.size(); from += 4, to += 3) {
    const int light = inks[from + 3];
    for (std::size_t channel = 0; channel < 3; ++channel)
      rgb[to + channel] = static_cast<std::uint8_t>(light - share(255 - inks[from + channel], light));
  }
}

}  // namespace

ImageSize jpeg_size(std::span<const std::uint8_t> bytes, const std::filesystem::path& path) {
  JpegState state;
  return open_jpeg(state, bytes, path);
}

Image decode_jpeg(std::span<const std::uint8_t> bytes, const std::filesystem::path& path) {
  JpegState state;
  Image image{open_jpeg(state, bytes, path), {}};
  must(guarded(state, start_pixels), state, path);
  const auto area = static_cast<std::size_t>(image.size.width * image.size.height);
  const bool has_black = state.info.out_color_space == JCS_CMYK;
  image.pixels.resize(area * 3);
  std::vector<std::uint8_t> inks(has_black ? area * 4 : 0);
  state.out = has_black ? inks.data() : image.pixels.data();
  state.row_bytes = image.size.width * (has_black ? 4 : 3);
  must(guarded(state, read_pixels), state, path);
  if (has_black) inks_to_rgb(inks, image.pixels);
  return image;
}

}  // namespace espalier::runner
