// Aligned columns for people.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace espalier::cli {

class TerminalTable {
 public:
  struct Column {
    std::string title;
    bool right = false;  // numbers
  };
  explicit TerminalTable(std::vector<Column> columns) : columns_(std::move(columns)) {}
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  void print(std::ostream& out) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// Characters a UTF-8 text takes on a terminal (each code point one).
std::size_t display_width(const std::string& text);

}  // namespace espalier::cli
