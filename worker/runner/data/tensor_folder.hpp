// A folder with x_train, y_train and, unless some are to be set apart, x_val and y_val: each a .npy of that
// name, or a tensor of that name in one of the folder's .safetensors files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "worker/runner/data/source.hpp"

namespace espalier::runner {

// x: any numbers [N, …]; y: whole numbers [N] or [N, 1] from 0 on. Which kind of input x is, `InputKind`
// says. Without x_val and y_val `validation_fraction` (0.2 if unset) are set apart, drawn from `seed`. Throws
// ErrorException that names the file, and the offset if it is broken.
RawData read_tensor_folder(const std::filesystem::path& folder, std::optional<double> validation_fraction,
                           std::int64_t seed);

// From the headers, the labels and, if they are ids, the inputs.
DataShape tensor_folder_shape(const std::filesystem::path& folder);

}  // namespace espalier::runner
