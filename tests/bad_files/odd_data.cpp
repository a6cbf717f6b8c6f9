#include "tests/bad_files/odd_data.hpp"

#include <zlib.h>

#include <limits>
#include <numeric>

#include "common/base/files.hpp"
#include "tests/unit/runner/data_files.hpp"

namespace espalier::test {
namespace {

namespace fs = std::filesystem;
using namespace runner::data_files;

constexpr std::int64_t kSamples = 30;

void write(const fs::path& file, const std::string& bytes) {
  fs::create_directories(file.parent_path());
  write_file_atomically(file, bytes).value();
}

std::vector<std::int64_t> labels(std::int64_t classes = 3) {
  std::vector<std::int64_t> all(kSamples);
  std::iota(all.begin(), all.end(), 0);
  for (auto& label : all) label %= classes;
  return all;
}

std::string images() {
  std::vector<std::uint8_t> pixels(kSamples * 64);
  for (std::size_t at = 0; at < pixels.size(); ++at) pixels[at] = static_cast<std::uint8_t>(at * 37 % 251);
  return npy("|u1", "(30, 1, 8, 8)", pixels);
}

// Plain, or compressed and cut in the middle.
void write_idx(const fs::path& folder, std::uint8_t classes, bool is_cut) {
  const auto header = [](std::uint8_t dimensions, std::initializer_list<char> sizes) {
    std::string bytes{0, 0, 8, static_cast<char>(dimensions)};
    for (const auto size : sizes) bytes += std::string("\0\0\0", 3) + size;
    return bytes;
  };
  std::string all_labels = header(1, {kSamples});
  for (std::uint8_t sample = 0; sample < kSamples; ++sample)
    all_labels += static_cast<char>(sample % classes);
  std::string all_images = header(3, {kSamples, 8, 8});
  for (unsigned at = 0; at < kSamples * 64; ++at) all_images += static_cast<char>(at * at % 251);
  for (const std::string part : {"train", "t10k"}) {
    write(folder / (part + "-labels-idx1-ubyte"), all_labels);
    write(folder / (part + "-images-idx3-ubyte"), all_images);
  }
  if (!is_cut) return;
  const auto whole = folder / "train-images-idx3-ubyte", packed = folder / "train-images-idx3-ubyte.gz";
  gzFile out = gzopen(packed.c_str(), "wb");
  gzwrite(out, all_images.data(), static_cast<unsigned>(all_images.size()));
  gzclose(out);
  fs::remove(whole);
  fs::resize_file(packed, fs::file_size(packed) / 2);
}

void write_photographs(const fs::path& folder) {
  for (const std::string name : {"cat", "dog"})
    for (int image = 0; image < 10; ++image)
      write(folder / name / (std::to_string(image) + ".jpg"), jpeg_bytes(8, 8, pattern(8, 8, image)));
}

}  // namespace

void write_data(const fs::path& folder) {
  const auto write_tensors = [&folder](const char* name, const std::string& x, const std::string& y) {
    write(folder / name / "x_train.npy", x);
    write(folder / name / "y_train.npy", y);
  };
  const auto y = npy("<i8", "(30,)", labels());
  write_tensors("good", images(), y);
  auto wrong = labels();
  wrong[4] = -1;
  write_tensors("negative-label", images(), npy("<i8", "(30,)", wrong));
  write_tensors("fewer-labels", images(), npy("<i8", "(29,)", std::vector(wrong.begin() + 1, wrong.end())));
  const std::string objects = "{'descr': '|O', 'fortran_order': False, 'shape': (30,), }";
  write_tensors("objects", npy_header(objects) + "\x80\x04]", y);
  std::vector<float> floats(kSamples * 64, 0.5F);
  floats[3 * 64] = std::numeric_limits<float>::quiet_NaN();
  write_tensors("not-a-number", npy("<f4", "(30, 1, 8, 8)", floats), y);
  write(folder / "lying" / "all.safetensors", std::string("\xff\xff\xff\0\0\0\0\0{}", 10));

  write_idx(folder / "eight-classes", 8, false);
  write_idx(folder / "cut", 3, true);
  write_photographs(folder / "broken-photograph");
  const auto photograph = read_file(folder / "broken-photograph" / "cat" / "3.jpg").value();
  write(folder / "broken-photograph" / "cat" / "3.jpg", photograph.substr(0, photograph.size() / 2));
  write_photographs(folder / "empty-class");
  fs::create_directories(folder / "empty-class" / "emu");
}

}  // namespace espalier::test
