// Diagnostics as text, in the manner of Rust's compiler, and as JSON.
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "common/job/plan.hpp"

namespace espalier::job {
namespace {

std::string_view line_of(std::string_view text, int number) {
  for (int line = 1; line < number; ++line) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  auto line = text.substr(0, text.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

bool starts_code_point(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
}

// What stands before the underline: a tab stays a tab, so that both lines indent alike.
std::string padding(std::string_view line, int columns) {
  std::string text;
  int column = 0;
  for (const char c : line) {
    if (!starts_code_point(c)) continue;
    if (column++ == columns) return text;
    text += c == '\t' ? '\t' : ' ';
  }
  return text + std::string(static_cast<std::size_t>(std::max(0, columns - column)), ' ');
}

// Control characters could repaint the terminal.
std::string printable(std::string_view line) {
  std::string text(line);
  std::replace_if(
      text.begin(), text.end(),
      [](char c) { return c != '\t' && (static_cast<unsigned char>(c) < 0x20U || c == '\x7f'); }, '?');
  return text;
}

}  // namespace

std::string render(const std::vector<Diagnostic>& diagnostics, std::string_view file_name,
                   std::string_view text) {
  std::string out;
  for (const auto& diagnostic : diagnostics) {
    if (!out.empty()) out += '\n';
    out += "error[" + diagnostic.code + "]: " + diagnostic.message + '\n';
    const auto number = std::to_string(diagnostic.line);
    const std::string gutter(number.size(), ' ');
    if (diagnostic.line == 0) {
      out += " --> " + std::string(file_name) + '\n';
    } else {
      const auto line = line_of(text, diagnostic.line);
      const auto width = std::max(1, diagnostic.end_column - diagnostic.column);
      out += fmt::format("{}--> {}:{}:{}\n", gutter, file_name, number, diagnostic.column);
      out += gutter + " |\n";
      out += number + " | " + printable(line) + '\n';
      out += gutter + " | " + padding(line, diagnostic.column - 1) +
             std::string(static_cast<std::size_t>(width), '^');
      out += '\n';
    }
    if (!diagnostic.help.empty()) out += gutter + " = help: " + diagnostic.help + '\n';
  }
  if (!diagnostics.empty()) {
    const auto count = diagnostics.size();
    out += '\n' + std::to_string(count) + (count == 1 ? " error" : " errors") + " in " +
           std::string(file_name) + '\n';
  }
  return out;
}

json::array to_json(const std::vector<Diagnostic>& diagnostics) {
  json::array array;
  for (const auto& diagnostic : diagnostics) {
    array.push_back(json::object{{"code", diagnostic.code},
                                 {"message", diagnostic.message},
                                 {"help", diagnostic.help},
                                 {"line", diagnostic.line},
                                 {"column", diagnostic.column},
                                 {"end_column", diagnostic.end_column}});
  }
  return array;
}

std::vector<Diagnostic> diagnostics_from(const json::value& array) {
  std::vector<Diagnostic> diagnostics;
  if (!array.is_array()) return diagnostics;
  for (const auto& value : array.get_array()) {
    const auto* object = value.if_object();
    if (object == nullptr) continue;
    const auto text = [&](const char* name) {
      const auto* found = object->if_contains(name);
      return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
    };
    const auto number = [&](const char* name) {
      const auto* found = object->if_contains(name);
      return found != nullptr && found->is_int64() ? static_cast<int>(found->get_int64()) : 0;
    };
    diagnostics.push_back({text("code"), text("message"), text("help"), number("line"), number("column"),
                           number("end_column")});
  }
  return diagnostics;
}

}  // namespace espalier::job
