#include "common/base/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace espalier {
namespace {

Error failure(const std::filesystem::path& path, const char* what) {
  return {errno == ENOENT ? ErrorKind::not_found : ErrorKind::failed,
          path.string() + " " + what + ": " + std::strerror(errno), ""};
}

// 0, or the errno of the read that failed: a stream's iterators would throw where a disk or /proc can't be
// read.
int read_all(int file, std::string& text) {
  std::array<char, 16384> part{};
  for (;;) {
    const auto size = ::read(file, part.data(), part.size());
    if (size == 0) return 0;
    if (size > 0) text.append(part.data(), static_cast<std::size_t>(size));
    if (size < 0 && errno != EINTR) return errno;
  }
}

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(file, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return failure(path, "can't be read");
  std::string text;
  if (struct stat facts{}; ::fstat(file, &facts) == 0) text.reserve(static_cast<std::size_t>(facts.st_size));
  const int reason = read_all(file, text);
  ::close(file);
  errno = reason;
  if (reason == EISDIR) return Error{ErrorKind::not_found, path.string() + " is a folder, not a file", ""};
  if (reason != 0) return failure(path, "can't be read");
  return text;
}

Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view bytes) {
  auto temporary = path;
  temporary += ".tmp-" + std::to_string(::getpid());
  const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return failure(temporary, "can't be written");
  const bool written = write_all(file, bytes) && ::fsync(file) == 0;
  const int reason = errno;
  ::close(file);
  errno = reason;
  if (!written || ::rename(temporary.c_str(), path.c_str()) != 0) {
    auto error = failure(path, "can't be written");
    ::unlink(temporary.c_str());
    return error;
  }
  return {};
}

std::filesystem::path program_folder() {
  std::error_code failed;
  auto self = std::filesystem::read_symlink("/proc/self/exe", failed);
  return failed ? std::filesystem::current_path() : self.parent_path();
}

}  // namespace espalier
