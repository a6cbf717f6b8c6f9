#include "common/base/private_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

namespace espalier {
namespace {

constexpr off_t kLargest = 64 << 10;

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

Error private_failure(const std::filesystem::path& path, const char* what) {
  const int reason = errno;
  const auto kind = reason == ENOENT   ? ErrorKind::not_found
                    : reason == EEXIST ? ErrorKind::busy
                                       : ErrorKind::failed;
  return {kind, fmt::format("{} {}: {}", path.string(), what, std::strerror(reason)), ""};
}

}  // namespace

Result<std::string> read_private_file(const std::filesystem::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.number() < 0) return private_failure(path, "can't be read");
  struct stat about {};
  if (::fstat(file.number(), &about) != 0) return private_failure(path, "can't be read");
  if (!S_ISREG(about.st_mode)) return Error{ErrorKind::usage, path.string() + " is not a file", ""};
  if ((about.st_mode & 077) != 0)
    return Error{ErrorKind::usage,
                 fmt::format("{} holds a secret and others may read it: its mode is {:04o}", path.string(),
                             about.st_mode & 07777),
                 "chmod 600 " + path.string()};
  if (about.st_size > kLargest)
    return Error{ErrorKind::usage, path.string() + " is no key file: it is too large", ""};
  std::string bytes(static_cast<std::size_t>(about.st_size), '\0');
  const auto got = ::read(file.number(), bytes.data(), bytes.size());
  if (got < 0) return private_failure(path, "can't be read");
  bytes.resize(static_cast<std::size_t>(got));
  return bytes;
}

Result<void> write_private_file(const std::filesystem::path& path, std::string_view bytes) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file.number() < 0) return private_failure(path, "can't be made");
  if (::write(file.number(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) &&
      ::fsync(file.number()) == 0)
    return {};
  auto error = private_failure(path, "can't be written");
  ::unlink(path.c_str());
  return error;
}

Result<void> make_private_folder(const std::filesystem::path& path) {
  std::error_code failed;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), failed);
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return private_failure(path, "can't be made");
  if (!std::filesystem::is_directory(path, failed))
    return Error{ErrorKind::usage, path.string() + " is not a folder", "choose another"};
  return {};
}

}  // namespace espalier
