// Data folders as users bring them by mistake, in `folder`.
#pragma once

#include <filesystem>

namespace espalier::test {

// "good" holds 8x8 images of one channel and 3 classes as tensors; each of the others has the fault that its
// name says.
void write_data(const std::filesystem::path& folder);

}  // namespace espalier::test
