// One log line an event, to standard error, so that standard output stays for results.
#pragma once

#include <spdlog/spdlog.h>

#include <string>

namespace espalier {

// Sets the default logger of the process: "2026-01-31T12:00:00.000Z info coordinator: text".
// ESPALIER_LOG=debug|info| warn|error chooses the level; the default is `level`.
void set_up_log(const std::string& program, spdlog::level::level_enum level = spdlog::level::info);

namespace log = spdlog;

}  // namespace espalier
