#include "common/base/log.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>

#include <cstdlib>

namespace espalier {

void set_up_log(const std::string& program, spdlog::level::level_enum level) {
  auto logger = spdlog::stderr_color_mt(program);
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %n: %v", spdlog::pattern_time_type::utc);
  const char* wanted = std::getenv("ESPALIER_LOG");
  logger->set_level(wanted != nullptr ? spdlog::level::from_str(wanted) : level);
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace espalier
