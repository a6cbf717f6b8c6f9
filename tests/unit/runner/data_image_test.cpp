#include <zlib.h>

#include <cstdlib>
#include <random>

#include "tests/unit/runner/data_files.hpp"
#include "worker/runner/data/image.hpp"
#include "worker/runner/data/resample.hpp"

namespace espalier::runner {
namespace {

using data_files::error_of;
using data_files::jpeg_bytes;
using data_files::JpegLook;
using data_files::pattern;
using data_files::png_bytes;
using data_files::PngLook;
using Bytes = std::vector<std::uint8_t>;

class AnImage : public data_files::DataFolder {
 protected:
  [[nodiscard]] Bytes decoded(const std::string& file) const {
    return decode_image(write("image", file)).pixels;
  }
  [[nodiscard]] std::string complaint(const std::string& file) const {
    return error_of([&] { decode_image(write("image", file)); });
  }
};

TEST_F(AnImage, OfAnyKindOfPngBecomesRgb) {
  EXPECT_EQ(decoded(png_bytes(2, 1, {1, 2, 3, 4, 5, 6})), (Bytes{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(decoded(png_bytes(2, 1, {7, 9}, {PNG_COLOR_TYPE_GRAY})), (Bytes{7, 7, 7, 9, 9, 9}));
  EXPECT_EQ(decoded(png_bytes(2, 1, {0x40}, {PNG_COLOR_TYPE_GRAY, 1})), (Bytes{0, 0, 0, 255, 255, 255}));
  EXPECT_EQ(decoded(png_bytes(1, 1, {0x12, 0xff}, {PNG_COLOR_TYPE_GRAY, 16})), (Bytes{0x12, 0x12, 0x12}));
  EXPECT_EQ(decoded(png_bytes(1, 1, {1, 255, 2, 255, 3, 255}, {PNG_COLOR_TYPE_RGB, 16})), (Bytes{1, 2, 3}));
  EXPECT_EQ(decoded(png_bytes(1, 1, {1, 2, 3, 0}, {PNG_COLOR_TYPE_RGB_ALPHA})), (Bytes{1, 2, 3}));
  EXPECT_EQ(decoded(png_bytes(1, 1, {8, 100}, {PNG_COLOR_TYPE_GRAY_ALPHA})), (Bytes{8, 8, 8}));
  const PngLook palette{PNG_COLOR_TYPE_PALETTE, 4, false, {{9, 8, 7}, {1, 2, 3}}};
  EXPECT_EQ(decoded(png_bytes(2, 1, {0x10}, palette)), (Bytes{1, 2, 3, 9, 8, 7}));
}

TEST_F(AnImage, ThatIsInterlacedIsTheSame) {
  const auto pixels = pattern(13, 11);
  EXPECT_EQ(decoded(png_bytes(13, 11, pixels, {PNG_COLOR_TYPE_RGB, 8, true})), pixels);
}

TEST_F(AnImage, IsWhatItsFirstBytesSayAndNotItsName) {
  EXPECT_EQ(decode_image(write("a.jpg", png_bytes(1, 1, {1, 2, 3}))).pixels, (Bytes{1, 2, 3}));
  EXPECT_NE(complaint("GIF89a").find("broken at byte 0: it is neither a JPEG nor a PNG"), std::string::npos);
  EXPECT_NE(complaint("").find("broken at byte 0: it is empty"), std::string::npos);
}

TEST_F(AnImage, OfAGreyOrProgressiveJpegBecomesRgb) {
  const auto grey = decoded(jpeg_bytes(8, 8, Bytes(64, 77), {JCS_GRAYSCALE, JCS_GRAYSCALE}));
  EXPECT_EQ(grey, Bytes(192, 77));
  const auto pixels = pattern(40, 30);
  const JpegLook look{JCS_RGB, JCS_YCbCr, 90, true};
  EXPECT_EQ(decoded(jpeg_bytes(40, 30, pixels, look)),
            decoded(jpeg_bytes(40, 30, pixels, {JCS_RGB, JCS_YCbCr, 90, false})));
}

TEST_F(AnImage, OfFourInksIsTakenAsAdobeWritesThem) {
  Bytes inks;
  for (int pixel = 0; pixel < 64; ++pixel) inks.insert(inks.end(), {200, 100, 50, 255});
  for (const auto stored : {JCS_CMYK, JCS_YCCK}) {
    const auto rgb = decoded(jpeg_bytes(8, 8, inks, {JCS_CMYK, stored, 100, false}));
    EXPECT_NEAR(rgb[0], 200, 3);
    EXPECT_NEAR(rgb[1], 100, 3);
    EXPECT_NEAR(rgb[2], 50, 3);
  }
}

TEST_F(AnImage, ThatIsCutAnywhereIsAnErrorWithTheFileAndTheOffset) {
  const auto png = png_bytes(20, 20, pattern(20, 20));
  const auto jpeg = jpeg_bytes(20, 20, pattern(20, 20));
  const auto start = (folder_ / "image").string() + " is broken at byte ";
  for (std::size_t size = 0; size < png.size(); ++size)
    EXPECT_EQ(complaint(png.substr(0, size)).find(start), 0) << size;
  // Without its end marker alone a JPEG has lost nothing.
  for (std::size_t size = 0; size + 3 < jpeg.size(); ++size)
    EXPECT_EQ(complaint(jpeg.substr(0, size)).find(start), 0) << size;
  EXPECT_NE(complaint(png.substr(0, 60)).find("byte 60: its PNG data: it ends too early"), std::string::npos);
  EXPECT_NE(complaint(jpeg.substr(0, 400)).find("its JPEG data: "), std::string::npos);
}

TEST_F(AnImage, WithBytesThatWereChangedIsReadOrRefusedButNeverACrash) {
  std::mt19937 generator(1);
  const std::vector<std::string> whole = {
      png_bytes(24, 16, pattern(24, 16), {PNG_COLOR_TYPE_RGB, 8, true}), jpeg_bytes(24, 16, pattern(24, 16)),
      jpeg_bytes(24, 16, pattern(24, 16), {JCS_RGB, JCS_YCbCr, 80, true})};
  int refused = 0;
  for (int round = 0; round < 1500; ++round) {
    auto bytes = whole[static_cast<std::size_t>(round) % whole.size()];
    for (int change = 0; change < 3; ++change)
      bytes[generator() % bytes.size()] = static_cast<char>(generator());
    refused += complaint(bytes) == "none" ? 0 : 1;
  }
  EXPECT_GT(refused, 400);
}

// The IHDR's sizes, with a check sum that fits.
std::string with_png_size(std::string png, std::uint32_t width, std::uint32_t height) {
  const auto put = [&png](std::size_t at, std::uint32_t value) {
    for (int byte = 0; byte < 4; ++byte)
      png[at + static_cast<std::size_t>(byte)] = static_cast<char>(value >> (24 - 8 * byte));
  };
  put(16, width);
  put(20, height);
  put(29, static_cast<std::uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(png.data() + 12), 17)));
  return png;
}

TEST_F(AnImage, ThatPromisesTooManyPixelsIsRefusedBeforeMemoryIsTaken) {
  const auto png = with_png_size(png_bytes(1, 1, {1, 2, 3}), 100000, 100000);
  EXPECT_NE(complaint(png).find("its header says 100000x100000 pixels, more than the 128 Mi"),
            std::string::npos);
  EXPECT_NE(complaint(with_png_size(png, 0, 5)).find("is broken at byte "), std::string::npos);
  EXPECT_NE(complaint(with_png_size(png, 0x7fffffff, 0x7fffffff)).find("is broken at byte "),
            std::string::npos);
  auto jpeg = jpeg_bytes(1, 1, {1, 2, 3});
  const auto frame = jpeg.find("\xff\xc0");
  ASSERT_NE(frame, std::string::npos);
  jpeg.replace(frame + 5, 4, "\xff\xdc\xff\xdc");
  EXPECT_NE(complaint(jpeg).find("its header says 65500x65500 pixels"), std::string::npos);
}

TEST_F(AnImage, WithThousandsOfScansIsRefused) {
  auto jpeg = jpeg_bytes(16, 16, pattern(16, 16), {JCS_RGB, JCS_YCbCr, 80, true});
  // The first scan, up to the next marker, over and over: it stands alone.
  const auto first_scan = jpeg.find("\xff\xda");
  const auto end = jpeg.find("\xff\xc4", first_scan);
  std::string scans;
  for (int copy = 0; copy < 2000; ++copy) scans += jpeg.substr(first_scan, end - first_scan);
  jpeg.insert(end, scans);
  EXPECT_NE(complaint(jpeg).find("more than 500 scans"), std::string::npos) << complaint(jpeg);
}

TEST_F(AnImage, HasASizeWithoutBeingDecoded) {
  EXPECT_EQ(image_size(write("a", png_bytes(3, 2, pattern(3, 2)))), (ImageSize{3, 2}));
  EXPECT_EQ(image_size(write("b", jpeg_bytes(5, 4, pattern(5, 4)))), (ImageSize{5, 4}));
}

Image of_pattern(int width, int height) {
  return {{width, height}, pattern(width, height)};
}

TEST(AMiddle, OfAnImageOfThatSizeAlreadyIsItself) {
  EXPECT_EQ(shrunk_to_middle(of_pattern(9, 9), 9, 9).pixels, pattern(9, 9));
}

TEST(AMiddle, OfAWideImageLeavesOutAsMuchOnBothSides) {
  // Python's round(2.5) is 2.
  const auto image = of_pattern(15, 10);
  const auto middle = shrunk_to_middle(image, 10, 10);
  for (std::size_t row = 0; row < 10; ++row)
    EXPECT_TRUE(std::equal(middle.pixels.begin() + static_cast<std::ptrdiff_t>(row * 30),
                           middle.pixels.begin() + static_cast<std::ptrdiff_t>(row * 30 + 30),
                           image.pixels.begin() + static_cast<std::ptrdiff_t>(row * 45 + 6)))
        << row;
}

TEST(AMiddle, WeighsPixelsByATriangleThatGrowsWithTheReduction) {
  // Four to two: of (0.75, 0.75, 0.25) / 1.75 of the first three.
  Image image{{4, 4}, {}};
  for (int row = 0; row < 4; ++row)
    for (const int value : {0, 70, 140, 210})
      for (int channel = 0; channel < 3; ++channel) image.pixels.push_back(static_cast<std::uint8_t>(value));
  EXPECT_EQ(shrunk_to_middle(image, 2, 2).pixels,
            (Bytes{50, 50, 50, 160, 160, 160, 50, 50, 50, 160, 160, 160}));
}

TEST(AMiddle, OfOneColourKeepsIt) {
  for (const int value : {0, 1, 127, 254, 255}) {
    const Image image{{37, 53}, Bytes(37 * 53 * 3, static_cast<std::uint8_t>(value))};
    for (const int side : {1, 16, 37, 80})
      EXPECT_EQ(shrunk_to_middle(image, side + 3, side).pixels,
                Bytes(static_cast<std::size_t>(side * side * 3), static_cast<std::uint8_t>(value)));
  }
}

TEST(AMiddle, OfAVeryLongImageTakesNoMoreThanItNeeds) {
  const Image image{{1, 20000}, Bytes(60000, 9)};
  EXPECT_EQ(shrunk_to_middle(image, 512, 512).pixels, Bytes(512 * 512 * 3, 9));
}

constexpr const char* kPillow = R"(
import sys
from PIL import Image
for line in open(sys.argv[1]):
    name, shorter, side = line.split()
    shorter, side = int(shorter), int(side)
    image = Image.open(name).convert('RGB')
    open(name + '.rgb', 'wb').write(image.tobytes())
    w, h = image.size
    short, long = (w, h) if w <= h else (h, w)
    scaled = int(shorter * long / short)
    w, h = (shorter, scaled) if w <= h else (scaled, shorter)
    image = image.resize((w, h), Image.BILINEAR)
    left, top = int(round((w - side) / 2.0)), int(round((h - side) / 2.0))
    open(name + '.middle', 'wb').write(image.crop((left, top, left + side, top + side)).tobytes())
)";

int largest_difference(const std::string& reference, const Bytes& ours) {
  EXPECT_EQ(reference.size(), ours.size());
  int largest = 0;
  for (std::size_t at = 0; at < std::min(reference.size(), ours.size()); ++at)
    largest =
        std::max(largest, std::abs(static_cast<int>(static_cast<std::uint8_t>(reference[at])) - ours[at]));
  return largest;
}

TEST_F(AnImage, IsDecodedAndScaledAsPillowDoes) {
  if (std::system("/usr/bin/python3 -c 'import PIL' >/dev/null 2>&1") != 0) GTEST_SKIP() << "no Pillow here";
  struct Case {
    int width, height, shorter_side, side;
  };
  const std::vector<Case> cases = {{500, 375, 256, 224}, {375, 500, 224, 224}, {33, 97, 64, 61},
                                   {224, 224, 224, 224}, {100, 100, 37, 32},   {31, 17, 96, 95},
                                   {640, 64, 32, 32}};
  std::string list;
  std::vector<std::pair<std::filesystem::path, Case>> written;
  for (const auto& one : cases) {
    const auto pixels = pattern(one.width, one.height, static_cast<int>(written.size()));
    const auto stem = std::to_string(written.size());
    written.emplace_back(write(stem + ".png", png_bytes(one.width, one.height, pixels)), one);
    written.emplace_back(write(stem + ".jpg", jpeg_bytes(one.width, one.height, pixels)), one);
  }
  const Case small{16, 16, 12, 8};
  const auto inks = pattern(64, 16);  // 16 x 16 pixels of four, with some to spare
  for (const auto stored : {JCS_CMYK, JCS_YCCK})
    written.emplace_back(
        write("inks" + std::to_string(stored) + ".jpg", jpeg_bytes(16, 16, inks, {JCS_CMYK, stored})), small);
  written.emplace_back(write("alpha.png", png_bytes(16, 16, Bytes(inks.begin(), inks.begin() + 1024),
                                                    {PNG_COLOR_TYPE_RGB_ALPHA})),
                       small);
  for (const auto& [path, one] : written)
    list += path.string() + " " + std::to_string(one.shorter_side) + " " + std::to_string(one.side) + "\n";
  const auto command =
      "/usr/bin/python3 " + write("reference.py", kPillow).string() + " " + write("list", list).string();
  ASSERT_EQ(std::system(command.c_str()), 0);
  for (const auto& [path, one] : written) {
    const auto image = decode_image(path);
    EXPECT_LE(largest_difference(data_files::bytes_of(path.string() + ".rgb"), image.pixels), 0) << path;
    const auto middle = shrunk_to_middle(image, one.shorter_side, one.side);
    EXPECT_LE(largest_difference(data_files::bytes_of(path.string() + ".middle"), middle.pixels), 1) << path;
  }
}

}  // namespace
}  // namespace espalier::runner
