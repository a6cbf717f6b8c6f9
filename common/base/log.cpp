#include "common/base/log.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>

namespace espalier {
namespace {

LogFormat chosen_format = LogFormat::text;
thread_local const LogFields* fields_in_use = nullptr;

// Newlines, escapes of terminals, and the rest that could pass for something else.
void append_harmless(std::string_view text, spdlog::memory_buf_t& line) {
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '\n')
      line.append(std::string_view("\\n"));
    else if (code < 0x20 || code == 0x7f)
      fmt::format_to(std::back_inserter(line), "\\x{:02x}", code);
    else
      line.push_back(c);
  }
}

class HarmlessPayload final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& line) override {
    append_harmless({message.payload.data(), message.payload.size()}, line);
  }
  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<HarmlessPayload>();
  }
};

// RFC 3339 in UTC, with milliseconds.
std::string in_words(spdlog::log_clock::time_point time) {
  const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  const std::time_t seconds = since / 1000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, since % 1000);
}

// JSON is UTF-8: what isn't becomes U+FFFD.
std::string as_utf8(std::string_view text) {
  std::string clean;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t size = lead < 0x80                   ? 1
                             : lead >= 0xf0 && lead < 0xf5 ? 4
                             : lead >= 0xe0                ? 3
                             : lead >= 0xc2                ? 2
                                                           : 0;
    bool good = size > 0 && lead < 0xf5 && i + size <= text.size();
    for (std::size_t next = 1; good && next < size; ++next)
      good = (static_cast<unsigned char>(text[i + next]) & 0xc0) == 0x80;
    clean.append(good ? text.substr(i, size) : std::string_view("\xEF\xBF\xBD"));
    i += good ? size : 1;
  }
  return clean;
}

class JsonFormatter final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& line) override {
    const auto level = spdlog::level::to_string_view(message.level);
    json::object object{{"time", in_words(message.time)},
                        {"level", std::string_view(level.data(), level.size())},
                        {"program", std::string_view(message.logger_name.data(), message.logger_name.size())},
                        {"message", as_utf8({message.payload.data(), message.payload.size()})}};
    if (fields_in_use != nullptr)
      for (const auto& [name, value] : *fields_in_use)
        object[name] = value.is_string() ? json::value(as_utf8(value.get_string())) : value;
    line.append(json::serialize(object));
    line.push_back('\n');
  }
  [[nodiscard]] std::unique_ptr<formatter> clone() const override {
    return std::make_unique<JsonFormatter>();
  }
};

}  // namespace

namespace detail {
FieldsInUse::FieldsInUse(const LogFields& fields) {
  fields_in_use = &fields;
}
FieldsInUse::~FieldsInUse() {
  fields_in_use = nullptr;
}
}  // namespace detail

Result<void> set_up_log(const std::string& program, spdlog::level::level_enum level,
                        const std::string& format) {
  const char* from_environment = std::getenv("ESPALIER_LOG_FORMAT");
  const std::string word = !format.empty() ? format : from_environment != nullptr ? from_environment : "text";
  if (word != "text" && word != "json" && !word.empty())
    return Error{ErrorKind::usage, "\"" + word + "\" is no format of logs", "use text or json"};
  chosen_format = word == "json" ? LogFormat::json : LogFormat::text;
  auto logger = spdlog::stderr_color_mt(program);
  if (chosen_format == LogFormat::json) {
    logger->set_formatter(std::make_unique<JsonFormatter>());
  } else {
    auto lines = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
    lines->add_flag<HarmlessPayload>('*').set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %n: %*");
    logger->set_formatter(std::move(lines));
  }
  const char* wanted = std::getenv("ESPALIER_LOG");
  logger->set_level(wanted != nullptr ? spdlog::level::from_str(wanted) : level);
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
  return {};
}

LogFormat log_format() {
  return chosen_format;
}

void log_end(const std::string& program, const Error& error) {
  if (chosen_format == LogFormat::json)
    return log_about({{"help", error.help}}, spdlog::level::err, "{}", error.message);
  std::cerr << program << ": error: " << error.message << "\n";
  if (!error.help.empty()) std::cerr << "  help: " << error.help << "\n";
}

}  // namespace espalier
