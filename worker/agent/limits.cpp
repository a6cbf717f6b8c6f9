#include "worker/agent/limits.hpp"

#include <fmt/format.h>

#include <sys/stat.h>

#include <string>
#include <thread>

namespace espalier::agent {
namespace {

constexpr std::int64_t kMostFiles = 100'000;

std::string mebibytes(std::int64_t bytes) {
  return fmt::format("{:.0f} MiB", static_cast<double>(bytes) / (1024.0 * 1024.0));
}

std::int64_t deleted_bytes(pid_t process) {
  std::int64_t bytes = 0;
  std::error_code gone;
  const auto folder = "/proc/" + std::to_string(process) + "/fd";
  for (std::filesystem::directory_iterator entry(folder, gone), end; !gone && entry != end;
       entry.increment(gone)) {
    struct stat file {};
    if (::stat(entry->path().c_str(), &file) == 0 && S_ISREG(file.st_mode) && file.st_nlink == 0)
      bytes += file.st_size;
  }
  return bytes;
}

}  // namespace

std::optional<std::string> over_time(double limit_s, Duration ran) {
  if (limit_s <= 0 || std::chrono::duration<double>(ran).count() < limit_s) return std::nullopt;
  return fmt::format("it ran longer than its limit of {:g} s", limit_s);
}

std::optional<std::string> over_memory(std::int64_t limit_bytes, std::optional<std::int64_t> resident_bytes) {
  if (limit_bytes <= 0 || resident_bytes.value_or(0) <= limit_bytes) return std::nullopt;
  return fmt::format("it used {} of memory, more than its limit of {}", mebibytes(*resident_bytes),
                     mebibytes(limit_bytes));
}

std::string beyond_memory(std::int64_t limit_bytes) {
  if (limit_bytes <= 0) return "it needed more memory than there is";
  return fmt::format("it needed more memory than its limit of {}", mebibytes(limit_bytes));
}

std::string with_need(std::string reason, std::optional<std::int64_t> needs_bytes) {
  if (needs_bytes)
    reason += fmt::format(", and what it holds of its net takes about {}, without activations and data",
                          mebibytes(*needs_bytes));
  return reason + "; raise limits.memory, or take a smaller net or batch";
}

DiskUse disk_use(const std::filesystem::path& folder, const std::filesystem::path& log, pid_t process) {
  DiskUse use;
  std::error_code gone;  // files come and go meanwhile
  const auto of_log = std::filesystem::file_size(log, gone);
  if (!gone) use.bytes = static_cast<std::int64_t>(of_log);
  std::filesystem::recursive_directory_iterator entry(folder, gone), end;
  for (; !gone && entry != end && use.files <= kMostFiles; entry.increment(gone)) {
    ++use.files;
    std::error_code vanished;
    const auto size = entry->is_regular_file(vanished) ? entry->file_size(vanished) : 0;
    if (!vanished) use.bytes += static_cast<std::int64_t>(size);
  }
  use.bytes += deleted_bytes(process);
  return use;
}

std::optional<std::string> over_disk(std::int64_t limit_bytes, const DiskUse& use) {
  if (use.files > kMostFiles) return fmt::format("it made more than {} files", kMostFiles);
  if (limit_bytes <= 0 || use.bytes <= limit_bytes) return std::nullopt;
  return fmt::format("it wrote {}, more than its limit of {}", mebibytes(use.bytes), mebibytes(limit_bytes));
}

std::optional<std::string> over_threads(std::optional<std::int64_t> threads) {
  if (threads.value_or(0) <= most_threads()) return std::nullopt;
  return fmt::format("it started more than {} threads", most_threads());
}

std::int64_t most_threads() {
  return 1024 + 4 * std::int64_t{std::thread::hardware_concurrency()};
}

}  // namespace espalier::agent
