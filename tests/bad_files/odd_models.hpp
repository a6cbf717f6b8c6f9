// Model files as users bring them by mistake, in `folder`.
#pragma once

#include <filesystem>

namespace espalier::test {

// good.pt tells 3 classes of [1, 8, 8] apart. Each of the others is it but for what its name says: see the
// source.
void write_models(const std::filesystem::path& folder);

}  // namespace espalier::test
