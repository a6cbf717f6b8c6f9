// A file of a data set, read front to back, and how one that is broken is complained about.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace espalier::runner {

// Throws ErrorException: "<file> is broken at byte <offset>: <what>".
[[noreturn]] void broken_file(const std::filesystem::path& file, std::int64_t offset, const std::string& what,
                              const std::string& help = "fetch the file again");

// Throws ErrorException with the system's words for `code` (an errno).
[[noreturn]] void unreadable_file(const std::filesystem::path& file, int code);

// Everything here throws ErrorException that names the file, and the offset if it is broken.
class DataFile {
 public:
  explicit DataFile(std::filesystem::path path);  // of a regular file: a pipe would keep us waiting

  void read(void* out, std::int64_t count, const std::string& what);  // broken if it ends before
  void go_to(std::int64_t offset);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::int64_t size() const { return size_; }  // in bytes
  [[nodiscard]] std::int64_t offset() const { return offset_; }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::filesystem::path path_;
  std::unique_ptr<std::FILE, Close> file_;
  std::int64_t size_ = 0;
  std::int64_t offset_ = 0;
};

// All of it; one of more than `most` bytes is broken.
std::vector<std::uint8_t> read_whole_file(const std::filesystem::path& path, std::int64_t most);

}  // namespace espalier::runner
