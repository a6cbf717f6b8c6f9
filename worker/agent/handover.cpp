#include "worker/agent/handover.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace espalier::agent {
namespace fs = std::filesystem;
namespace {

Error not_taken(const fs::path& file, const std::string& why) {
  return {ErrorKind::failed, file.string() + " " + why, ""};
}

bool lies_below(const fs::path& file, const fs::path& folder) {
  std::error_code failed;
  const auto real = fs::canonical(file.parent_path(), failed);
  if (failed) return false;
  const auto top = fs::canonical(folder, failed);
  if (failed) return false;
  const auto relative = real.lexically_relative(top);
  return !relative.empty() && *relative.begin() != "..";
}

class OpenFile {
 public:
  explicit OpenFile(const fs::path& path)
      : number_(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] bool is_plain() const {
    struct stat is {};
    return number_ >= 0 && ::fstat(number_, &is) == 0 && S_ISREG(is.st_mode) && is.st_nlink == 1;
  }
  // The kernel grants a lease for reading only while nobody has the file open, or mapped, for writing. Where
  // a file system has none we don't know, and believe.
  [[nodiscard]] bool has_writers() const {
    if (::fcntl(number_, F_SETLEASE, F_RDLCK) != 0) return errno == EAGAIN;
    ::fcntl(number_, F_SETLEASE, F_UNLCK);
    return false;
  }

 private:
  int number_;
};

}  // namespace

Result<fs::path> hand_over(const fs::path& claimed, const fs::path& from, const fs::path& to) {
  if (!lies_below(claimed, from)) return not_taken(claimed, "is not in the attempt's folder");
  std::error_code failed;
  fs::create_directories(to, failed);
  auto taken = to / claimed.filename();
  for (int number = 2; fs::exists(fs::symlink_status(taken, failed)); ++number)
    taken = to / (claimed.filename().string() + "-" + std::to_string(number));
  fs::rename(claimed, taken, failed);
  if (failed) return not_taken(claimed, "can't be taken: " + failed.message());
  const OpenFile file(taken);
  if (!file.is_plain()) return not_taken(claimed, "is no plain file");
  if (file.has_writers()) return not_taken(claimed, "is still being written");
  return taken;
}

}  // namespace espalier::agent
