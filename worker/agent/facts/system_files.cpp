#include "worker/agent/facts/system_files.hpp"

#include <algorithm>
#include <charconv>

#include "common/base/files.hpp"

namespace espalier::agent {
namespace {

constexpr std::string_view kWhiteSpace = " \t\r\n";

std::string_view trimmed(std::string_view text) {
  const auto from = text.find_first_not_of(kWhiteSpace);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(kWhiteSpace) + 1 - from);
}

}  // namespace

std::optional<std::string> SystemFiles::text(const std::string& path) const {
  auto read = read_file(root_ / path);
  if (!read) return std::nullopt;
  auto& text = *read;
  text.erase(text.find_last_not_of(kWhiteSpace) + 1);
  while (!text.empty() && text.back() == '\0') text.pop_back();  // as the device tree ends its texts
  return text;
}

std::optional<std::int64_t> SystemFiles::number(const std::string& path) const {
  const auto read = text(path);
  return read ? leading_number(*read) : std::nullopt;
}

std::vector<std::string> SystemFiles::names_in(const std::string& folder) const {
  std::vector<std::string> names;
  std::error_code missing;
  for (auto entry = std::filesystem::directory_iterator(root_ / folder, missing);
       !missing && entry != std::filesystem::directory_iterator(); entry.increment(missing))
    names.push_back(entry->path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

std::optional<std::int64_t> leading_number(std::string_view text) {
  text = trimmed(text);
  std::int64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || end == text.data()) return std::nullopt;
  return number;
}

std::optional<std::string> value_of_line(std::string_view text, std::string_view key) {
  for (std::size_t from = 0; from < text.size();) {
    const auto end = std::min(text.find('\n', from), text.size());
    const auto line = text.substr(from, end - from);
    from = end + 1;
    if (!line.starts_with(key)) continue;
    const auto rest = trimmed(line.substr(key.size()));
    if (rest.starts_with(':')) return std::string(trimmed(rest.substr(1)));
    if (line.size() > key.size() && kWhiteSpace.find(line[key.size()]) != std::string_view::npos)
      return std::string(rest);
  }
  return std::nullopt;
}

}  // namespace espalier::agent
