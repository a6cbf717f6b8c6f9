#include <algorithm>

#include "worker/runner/data/dataset.hpp"
#include "worker/runner/data/random.hpp"

namespace espalier::runner {
namespace {

struct Move {
  bool flipped = false;
  std::int64_t down = 0, right = 0;  // of the window over the image, in pixels; negative: up, left
};

// As usual for small images: a margin of an eighth of the side (4 pixels of 32), filled with black.
Move draw_move(const Dataset& dataset, bool flip, bool crop, std::uint64_t key) {
  std::mt19937_64 generator(key);
  Move move;
  if (flip) move.flipped = draw_below(generator, 2) == 1;
  if (crop) {
    const auto offset = [&generator](std::int64_t side) {
      const auto margin = std::max<std::int64_t>(1, side / 8);
      return static_cast<std::int64_t>(draw_below(generator, static_cast<std::uint64_t>(2 * margin + 1))) -
             margin;
    };
    move.down = offset(dataset.input_shape[1]);
    move.right = offset(dataset.input_shape[2]);
  }
  return move;
}

void move_plane(const float* from, float* to, std::int64_t height, std::int64_t width, const Move& move,
                float black) {
  for (std::int64_t row = 0; row < height; ++row) {
    const auto source = row + move.down;
    for (std::int64_t column = 0; column < width; ++column, ++to) {
      const auto at = (move.flipped ? width - 1 - column : column) + move.right;
      const bool inside = source >= 0 && source < height && at >= 0 && at < width;
      *to = inside ? from[source * width + at] : black;
    }
  }
}

}  // namespace

torch::Tensor augmented_batch(const Dataset& dataset, const torch::Tensor& indices, std::int64_t seed,
                              std::int64_t epoch) {
  auto images = batch_images(dataset, dataset.train, indices);
  const auto wants = [&](const char* name) {
    return std::find(dataset.augment.begin(), dataset.augment.end(), name) != dataset.augment.end();
  };
  const bool flip = wants("flip"), crop = wants("crop");
  if (!flip && !crop) return images;
  const auto channels = images.size(1), height = images.size(2), width = images.size(3),
             area = height * width;
  auto moved = torch::empty_like(images);
  const auto black = dataset.kind == InputKind::images ? (-dataset.mean / dataset.deviation).contiguous()
                                                       : torch::zeros({channels});
  const auto* samples = indices.data_ptr<std::int64_t>();
  for (std::int64_t at = 0; at < images.size(0); ++at) {
    const auto key = mixed(static_cast<std::uint64_t>(seed), static_cast<std::uint64_t>(epoch),
                           static_cast<std::uint64_t>(samples[at]));
    const auto move = draw_move(dataset, flip, crop, key);
    for (std::int64_t channel = 0; channel < channels; ++channel) {
      const auto plane = (at * channels + channel) * area;
      move_plane(images.data_ptr<float>() + plane, moved.data_ptr<float>() + plane, height, width, move,
                 black.data_ptr<float>()[channel]);
    }
  }
  return moved;
}

}  // namespace espalier::runner
