// torchvision's preprocessing of photographs, `Resize(shorter side)` then `CenterCrop`, pixel for pixel.
#pragma once

#include <cstdint>

#include "worker/runner/data/image.hpp"

namespace espalier::runner {

// The image scaled so that its shorter side has `shorter_side` pixels, and of that the middle `side` x
// `side`; `side` <= `shorter_side`. Bilinear as Pillow does it: a triangle whose support grows with the
// reduction, so that every pixel counts; rows first, then columns, each rounded to 8 bits. Only what is kept
// is computed.
Image shrunk_to_middle(const Image& image, std::int64_t shorter_side, std::int64_t side);

}  // namespace espalier::runner
