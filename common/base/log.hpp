// One log line an event, to standard error, so that standard output stays for results.
#pragma once

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/json.hpp"

namespace espalier {

// How lines look: "2026-01-31T12:00:00.000Z info coordinator: text", or an object a line: {"time", "level",
// "program", "message", and what the caller says it is about}. Either way control characters are written as
// escapes: nobody whose words are logged can begin a line.
enum class LogFormat { text, json };

// Sets the default logger of the process. ESPALIER_LOG=debug|info|warn|error chooses the level; the default
// is `level`. ESPALIER_LOG_FORMAT=text|json chooses the format if `format`, an option's value, is empty.
// Errors: usage for another word.
Result<void> set_up_log(const std::string& program, spdlog::level::level_enum level = spdlog::level::info,
                        const std::string& format = "");
LogFormat log_format();

namespace log = spdlog;

// What a line is about, for programs that read logs: job, task, attempt, worker, peer, epoch. No secrets.
struct LogField {
  template <class Value>
  LogField(std::string_view about, const Value& told) : name(about), value(json::value_from(told)) {}
  std::string_view name;
  json::value value;
};
using LogFields = std::vector<LogField>;

namespace detail {
// The fields of the line that this thread is writing: formatting ends before the call returns.
class FieldsInUse {
 public:
  explicit FieldsInUse(const LogFields& fields);
  ~FieldsInUse();
  FieldsInUse(const FieldsInUse&) = delete;
};
}  // namespace detail

template <class... Arguments>
void log_about(const LogFields& fields, spdlog::level::level_enum level,
               fmt::format_string<Arguments...> text, Arguments&&... arguments) {
  const detail::FieldsInUse in_use(fields);
  spdlog::log(level, text, std::forward<Arguments>(arguments)...);
}

// The last words of a program: as above in JSON, else "program: error: message" with the help below it.
void log_end(const std::string& program, const Error& error);

}  // namespace espalier
