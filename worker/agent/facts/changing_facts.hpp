// How this machine is just now. Pure but for `sample`, which reads some twenty small files: not for a loop.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "common/base/json.hpp"
#include "worker/agent/facts/system_files.hpp"

namespace espalier::agent {

// Unset: this system doesn't tell.
struct ChangingFacts {
  std::optional<double> load;               // processes that want to run, over the last minute
  std::optional<std::int64_t> memory_free;  // bytes that a new process could have
  std::optional<std::int64_t> disk_free;    // bytes, where the cache lies
  std::optional<double> temperature_c;      // the hottest of the processor's sensors
  std::optional<bool> throttled;            // slowed down by heat or want of power since the last sample
  std::optional<bool> on_battery;
  std::optional<std::int64_t> battery_percent;
  std::optional<std::string> governor;  // of the processors' frequency; "mixed" if they differ

  std::optional<std::int64_t> throttle_count;  // not a fact: what `throttled` is found by
};

// The count is that of the last sample, if there was one.
ChangingFacts sample(const SystemFiles& files, const std::filesystem::path& cache,
                     const std::optional<std::int64_t>& throttle_count_before);

// Whether what was told last would mislead placement.
bool differ_materially(const ChangingFacts& told, const ChangingFacts& now);

json::object to_json(const ChangingFacts& facts);

}  // namespace espalier::agent
