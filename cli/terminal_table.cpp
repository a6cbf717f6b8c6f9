#include "cli/terminal_table.hpp"

#include <algorithm>
#include <ostream>

namespace espalier::cli {

std::size_t display_width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

void TerminalTable::print(std::ostream& out) const {
  std::vector<std::size_t> widths;
  widths.reserve(columns_.size());
  for (const auto& column : columns_) widths.push_back(display_width(column.title));
  for (const auto& row : rows_)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], display_width(row[i]));

  const auto cell = [&](const std::string& text, std::size_t i) {
    const std::string padding(widths[i] - display_width(text), ' ');
    const bool last = i + 1 == columns_.size();
    out << (columns_[i].right ? padding + text : text + (last ? "" : padding)) << (last ? "\n" : "  ");
  };
  for (std::size_t i = 0; i < columns_.size(); ++i) cell(columns_[i].title, i);
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::string rule;
    for (std::size_t n = 0; n < widths[i]; ++n) rule += "─";
    cell(rule, i);
  }
  for (const auto& row : rows_)
    for (std::size_t i = 0; i < row.size(); ++i) cell(row[i], i);
}

}  // namespace espalier::cli
