// What stays true of this machine and its runner while the worker lives.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "common/base/json.hpp"
#include "common/base/result.hpp"
#include "worker/agent/facts/system_files.hpp"
#include "worker/agent/runner_protocol.hpp"

namespace espalier::agent {

using Labels = std::map<std::string, std::string>;

// "NAME=VALUE" into the labels. A name is letters, digits, "_" and "-", begins with a letter and comes once.
Result<void> add_label(const std::string& text, Labels* labels);

// Sizes are bytes, but for memory_gib. `cache` is the folder whose disk the worker fills.
json::object static_facts(const SystemFiles& files, const RunnerHello& runner, const Labels& labels,
                          const std::filesystem::path& cache);
std::string host_name();
std::optional<std::int64_t> memory_bytes(const SystemFiles& files);  // of the machine, or of what limits us

}  // namespace espalier::agent
