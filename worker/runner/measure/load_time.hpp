// How long a net's file takes from the disk's cache to its first answer: what a service that starts, or a
// device that wakes, waits for.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace espalier::runner {

// Seconds of several loads of one model file by this process, in the order taken: opening, reading,
// unpacking, and one forward pass of `batch` random samples, which is made beforehand. The file has been read
// just before, so that it lies in the page cache, and the process has done all of it before: neither the disk
// nor the start of a program is in them. At least three; up to nine while they take less than a second.
std::vector<double> load_times(const std::filesystem::path& model, std::int64_t batch);

}  // namespace espalier::runner
