#include "worker/confinement/landlock.hpp"

#include <fcntl.h>
#include <link.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "worker/confinement/refusal.hpp"

namespace espalier::confinement {
namespace {

// The kernel's interface (Documentation/userspace-api/landlock.rst), written down because the headers of
// Debian 12 end at version 2 of it.
constexpr long kCreateRuleset = 444, kAddRule = 445, kRestrictSelf = 446;
constexpr unsigned kAskVersion = 1;
constexpr int kPathBeneath = 1;
using Rights = std::uint64_t;
constexpr Rights kExecute = 1 << 0, kWriteFile = 1 << 1, kReadFile = 1 << 2, kReadDir = 1 << 3,
                 kRemoveDir = 1 << 4, kRemoveFile = 1 << 5, kMakeDir = 1 << 7, kMakeReg = 1 << 8,
                 kTruncate = 1 << 14;
constexpr Rights kAllOfVersion1 = (1 << 13) - 1, kRefer = 1 << 13;
constexpr Rights kAllOfTcp = 3, kAbstractSocketsAndSignals = 3;

struct RulesetAttributes {
  Rights files = 0;
  Rights tcp = 0;     // since version 4
  Rights scoped = 0;  // since version 6
};
struct __attribute__((packed)) PathBeneath {
  Rights allowed;
  int parent;
};

constexpr Rights kRead = kReadFile | kReadDir;
constexpr Rights kOwn = kRead | kWriteFile | kTruncate | kMakeReg | kMakeDir | kRemoveFile | kRemoveDir;
constexpr Rights kOfFiles =
    kExecute | kWriteFile | kReadFile | kTruncate;  // the kernel refuses others for a file

// Libraries, what libraries read when they are first used, and what tells of the machine. Of /proc only what
// is about this process and the machine: not the other processes.
constexpr std::array kSystem = {"/usr",           "/lib",
                                "/lib64",         "/etc/ld.so.cache",
                                "/etc/localtime", "/etc/nsswitch.conf",
                                "/proc/self",     "/proc/cpuinfo",
                                "/proc/meminfo",  "/proc/stat",
                                "/proc/loadavg",  "/proc/sys/vm",
                                "/sys/devices",   "/sys/class",
                                "/dev/urandom",   "/dev/random",
                                "/dev/zero"};

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

Result<void> allow(int ruleset, const std::filesystem::path& path, Rights rights) {
  const Descriptor opened(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (opened.number() < 0) return {};
  struct stat about {};
  if (::fstat(opened.number(), &about) != 0) return refusal(path.string());
  if (!S_ISDIR(about.st_mode)) rights &= kOfFiles;
  const PathBeneath rule{rights, opened.number()};
  if (::syscall(kAddRule, ruleset, kPathBeneath, &rule, 0) != 0)
    return refusal("a rule for " + path.string());
  return {};
}

int add_folder(dl_phdr_info* library, std::size_t, void* folders) {
  const std::filesystem::path path = library->dlpi_name;
  if (path.is_absolute()) static_cast<std::set<std::filesystem::path>*>(folders)->insert(path.parent_path());
  return 0;
}

// Where a LibTorch that isn't the system's lies: it may load more from there.
std::set<std::filesystem::path> folders_of_libraries() {
  std::set<std::filesystem::path> folders;
  ::dl_iterate_phdr(add_folder, &folders);
  folders.erase("/");
  return folders;
}

std::vector<std::filesystem::path> accelerators() {
  std::vector<std::filesystem::path> devices{"/dev/kfd", "/dev/dri", "/proc/driver/nvidia"};
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator("/dev", none))
    if (entry.path().filename().string().starts_with("nvidia")) devices.push_back(entry.path());
  return devices;
}

}  // namespace

int landlock_version() {
  const auto version = ::syscall(kCreateRuleset, nullptr, 0, kAskVersion);
  return version > 0 ? static_cast<int>(version) : 0;
}

Result<void> restrict_files(const Fence& fence) {
  const int version = landlock_version();
  if (version == 0) return refusal("the kernel has no Landlock");
  RulesetAttributes handled;
  handled.files = kAllOfVersion1;
  if (version >= 2) handled.files |= kRefer;
  if (version >= 3) handled.files |= kTruncate;
  if (version >= 4) handled.tcp = kAllOfTcp;
  if (version >= 6) handled.scoped = kAbstractSocketsAndSignals;
  const Descriptor ruleset(static_cast<int>(::syscall(kCreateRuleset, &handled, sizeof handled, 0)));
  if (ruleset.number() < 0) return refusal("no Landlock ruleset");
  const auto let = [&](const std::filesystem::path& path, Rights rights) {
    return allow(ruleset.number(), path, rights & handled.files);
  };
  for (const auto* path : kSystem)
    if (auto done = let(path, kRead); !done) return done;
  for (const auto& path : folders_of_libraries())
    if (auto done = let(path, kRead); !done) return done;
  for (const auto& path : fence.readable)
    if (auto done = let(path, kRead); !done) return done;
  if (auto done = let("/dev/null", kRead | kWriteFile); !done) return done;
  for (const auto& path : accelerators())
    if (auto done = let(path, kRead | kWriteFile); !done) return done;
  if (!fence.folder.empty())
    if (auto done = let(fence.folder, kOwn); !done) return done;
  if (::syscall(kRestrictSelf, ruleset.number(), 0) != 0) return refusal("Landlock");
  return {};
}

}  // namespace espalier::confinement
