#include "common/base/files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

namespace espalier {
namespace {

Error failure(const std::filesystem::path& path, const char* what) {
  return {errno == ENOENT ? ErrorKind::not_found : ErrorKind::failed,
          path.string() + " " + what + ": " + std::strerror(errno), ""};
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
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    return Error{ErrorKind::not_found, path.string() + " is a folder, not a file", ""};
  std::ifstream file(path, std::ios::binary);
  if (!file) return failure(path, "can't be read");
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (file.bad()) return failure(path, "can't be read");
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
