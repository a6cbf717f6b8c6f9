// The system's own files, /proc and /sys, below a root.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace espalier::agent {

class SystemFiles {
 public:
  explicit SystemFiles(std::filesystem::path root = "/") : root_(std::move(root)) {}

  // All by their path without the leading slash: "proc/meminfo". Unset if it isn't there or can't be read.
  [[nodiscard]] std::optional<std::string> text(
      const std::string& path) const;  // without white space at its end
  [[nodiscard]] std::optional<std::int64_t> number(const std::string& path) const;
  [[nodiscard]] std::vector<std::string> names_in(const std::string& folder) const;  // in their order

  [[nodiscard]] const std::filesystem::path& root() const { return root_; }
  [[nodiscard]] bool of_this_machine() const { return root_ == "/"; }

 private:
  std::filesystem::path root_;
};

// The number at the start of a text, leading white space aside.
std::optional<std::int64_t> leading_number(std::string_view text);

// The value of the first "key: value" or "key value" line of a text, without white space around it.
std::optional<std::string> value_of_line(std::string_view text, std::string_view key);

}  // namespace espalier::agent
