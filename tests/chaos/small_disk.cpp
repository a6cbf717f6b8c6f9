#include "tests/chaos/small_disk.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "common/base/child_process.hpp"

namespace fs = std::filesystem;

namespace espalier::test {
namespace {

constexpr const char* kBallast = "ballast";

bool copy_all(const fs::path& from, const fs::path& to) {
  ChildOptions copy;
  copy.arguments = {"cp", "-a", from / ".", to};
  const auto copied = run_to_end(copy, std::chrono::seconds(60));
  return copied && copied->exit.succeeded();
}

}  // namespace

SmallDisk::SmallDisk(fs::path folder, std::int64_t megabytes) : folder_(std::move(folder)) {
  const fs::path before = folder_.string() + ".before";
  fs::create_directories(folder_);
  fs::rename(folder_, before);
  fs::create_directory(folder_);
  const auto options = "mode=0755,size=" + std::to_string(megabytes) + "m";
  if (::mount("none", folder_.c_str(), "tmpfs", 0, options.c_str()) != 0) {
    objection_ = "a small disk can't be mounted here: " + std::string(std::strerror(errno));
    return;
  }
  if (!copy_all(before, folder_)) objection_ = "the small disk is too small";
  fs::remove_all(before);
}

SmallDisk::~SmallDisk() {
  ::umount2(folder_.c_str(), MNT_DETACH);
}

void SmallDisk::fill() const {
  const int file = ::open((folder_ / kBallast).c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  ASSERT_GE(file, 0);
  // Ever smaller pieces, so that not a byte is left.
  for (std::size_t size = std::size_t{1} << 20; size > 0;) {
    const std::vector<char> piece(size);
    if (::write(file, piece.data(), piece.size()) != static_cast<ssize_t>(piece.size())) size /= 2;
  }
  ::close(file);
}

void SmallDisk::empty() const {
  fs::remove(folder_ / kBallast);
}

}  // namespace espalier::test
