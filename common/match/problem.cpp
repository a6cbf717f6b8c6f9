#include "common/match/problem.hpp"

#include <algorithm>

namespace espalier::match {
namespace {

// Columns that a text takes: code points.
std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

// On one line, and nothing that could repaint the terminal.
std::string printable(std::string_view text) {
  std::string line(text);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20U || c == '\x7f'; },
      ' ');
  return line;
}

}  // namespace

std::vector<Problem> Problems::in_order() && {
  std::stable_sort(found_.begin(), found_.end(),
                   [](const Problem& a, const Problem& b) { return a.offset < b.offset; });
  return std::move(found_);
}

std::string render(const std::vector<Problem>& problems, std::string_view expression) {
  std::string text;
  for (const auto& problem : problems) {
    if (!text.empty()) text += '\n';
    const auto before = columns(expression.substr(0, problem.offset));
    const auto width =
        columns(expression.substr(std::min(problem.offset, expression.size()), problem.length));
    text += problem.message + "\n  " + printable(expression) + "\n  ";
    text += std::string(before, ' ') + std::string(std::max<std::size_t>(width, 1), '^');
    if (!problem.help.empty()) text += "\n  help: " + problem.help;
  }
  return text;
}

}  // namespace espalier::match
