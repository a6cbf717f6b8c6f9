// How much memory a net takes where nothing else runs: measured in a process of its own, because a runner
// that has trained before keeps what it was given.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>

#include "worker/confinement/starter.hpp"

namespace espalier::runner {

// In this process: loads the model file, runs a few random batches without gradients on one thread, and
// returns the process's high-water mark of resident memory in bytes, libraries included. `espalier-runner
// memory` prints it.
std::optional<std::int64_t> peak_memory_here(const std::filesystem::path& model, std::int64_t batch);

// The same in a fresh `espalier-runner` beside this program, started directly or, by a process that can't, by
// the starter that it left outside of its fence. Unset if there is none or it fails.
std::optional<std::int64_t> peak_memory_of(const std::filesystem::path& model, std::int64_t batch);

// For the rest of this process's life: `starter` runs `espalier-runner memory`.
void measure_peak_memory_by(confinement::Starter starter);
inline constexpr std::chrono::seconds kPeakMemoryLimit{120};

}  // namespace espalier::runner
