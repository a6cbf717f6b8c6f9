// How much memory a net takes where nothing else runs: measured in a process of its own, because a runner
// that has trained before keeps what it was given.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace espalier::runner {

// In this process: loads the model file, runs a few random batches without gradients on one thread, and
// returns the process's high-water mark of resident memory in bytes, libraries included. `espalier-runner
// memory` prints it.
std::optional<std::int64_t> peak_memory_here(const std::filesystem::path& model, std::int64_t batch);

// The same in a fresh `espalier-runner` beside this program; unset if there is none or it fails.
std::optional<std::int64_t> peak_memory_of(const std::filesystem::path& model, std::int64_t batch);

}  // namespace espalier::runner
