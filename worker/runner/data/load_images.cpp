// The images of a folder, decoded, scaled and laid out for LibTorch.
#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <limits>
#include <mutex>
#include <string>

#include "worker/runner/data/image.hpp"
#include "worker/runner/data/image_folder.hpp"
#include "worker/runner/data/resample.hpp"
#include "worker/runner/refuse.hpp"

namespace espalier::runner {
namespace {

std::string in_words(ImageSize size) {
  return std::to_string(size.width) + "x" + std::to_string(size.height);
}

void check_room(std::int64_t count, ImageSize size) {
  const auto each = 3 * size.width * size.height;
  if (count <= kMostImageBytes / each) return;
  refuse(std::to_string(count) + " images of " + in_words(size) + " take more than the " +
             std::to_string(kMostImageBytes >> 30) + " GiB that a data set may take",
         "cap data.train_samples and data.val_samples, or set a smaller data.resize");
}

Image prepared(const FolderImage& source, ImageSides sides, ImageSize expected) {
  auto image = decode_image(source.file);
  if (sides.side > 0) return shrunk_to_middle(image, std::max(sides.side, sides.shorter_side), sides.side);
  if (image.size != expected)
    refuse(source.file.string() + " has " + in_words(image.size) + " pixels, and others have " +
               in_words(expected),
           "set data.resize to bring all images to one size");
  return image;
}

void store_planes(const Image& image, std::uint8_t* out) {
  const auto area = image.size.width * image.size.height;
  const auto* pixel = image.pixels.data();
  for (std::int64_t at = 0; at < area; ++at, pixel += 3)
    for (std::int64_t channel = 0; channel < 3; ++channel) out[channel * area + at] = pixel[channel];
}

// The error of the lowest place, however the threads take turns.
class FirstError {
 public:
  [[nodiscard]] bool is_behind(std::int64_t place) const { return place > lowest_; }
  void keep(std::int64_t place, std::exception_ptr error) {
    const std::lock_guard lock(mutex_);
    if (is_behind(place)) return;
    lowest_ = place;
    error_ = std::move(error);
  }
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  std::mutex mutex_;  // the decoding threads meet here
  std::atomic<std::int64_t> lowest_ = std::numeric_limits<std::int64_t>::max();
  std::exception_ptr error_;
};

}  // namespace

torch::Tensor load_images(const std::vector<FolderImage>& images, const std::vector<std::int64_t>& kept,
                          ImageSides sides) {
  const auto at = [&](std::int64_t place) -> const FolderImage& {
    return images[static_cast<std::size_t>(kept[static_cast<std::size_t>(place)])];
  };
  const auto count = static_cast<std::int64_t>(kept.size());
  const auto size = sides.side > 0 ? ImageSize{sides.side, sides.side} : image_size(at(0).file);
  check_room(count, size);
  auto pixels = torch::empty({count, 3, size.height, size.width}, torch::kUInt8);
  auto* out = pixels.data_ptr<std::uint8_t>();
  const auto each = 3 * size.height * size.width;
  FirstError failure;
  at::parallel_for(0, count, 1, [&](std::int64_t first, std::int64_t end) {
    for (auto place = first; place < end && !failure.is_behind(place); ++place) {
      try {
        store_planes(prepared(at(place), sides, size), out + place * each);
      } catch (...) {
        failure.keep(place, std::current_exception());
      }
    }
  });
  failure.rethrow();
  return pixels;
}

}  // namespace espalier::runner
