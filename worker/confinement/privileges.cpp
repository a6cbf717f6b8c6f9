#include "worker/confinement/privileges.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>

#include "worker/confinement/refusal.hpp"

namespace espalier::confinement {
namespace {

constexpr rlim_t kDescriptors = 1024;
constexpr std::string_view kFirstToGo = "800";  // oom_score_adj: of a thousand

bool write_to(const char* path, std::string_view text) {
  const int file = ::open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return false;
  const bool written = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  ::close(file);
  return written;
}

bool map_to_itself(const char* file, unsigned id) {
  const auto number = std::to_string(id);
  return write_to(file, number + " " + number + " 1");
}

// Never above what is allowed already.
bool lower(__rlimit_resource what, rlim_t most) {
  rlimit now{};
  if (::getrlimit(what, &now) != 0) return false;
  const rlim_t limit = now.rlim_max == RLIM_INFINITY ? most : std::min(most, now.rlim_max);
  const rlimit wanted{limit, limit};
  return ::setrlimit(what, &wanted) == 0;
}

// Private writable memory, reserved or used; 0 if unknown.
std::int64_t mapped_bytes() {
  std::ifstream status("/proc/self/status");
  constexpr std::string_view kKey = "VmData:";
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(kKey)) return std::strtoll(line.c_str() + kKey.size(), nullptr, 10) * 1024;
  return 0;
}

}  // namespace

Result<void> leave_network() {
  constexpr int kNew = CLONE_NEWNET | CLONE_NEWIPC;
  if (::unshare(kNew) == 0) return {};
  if (errno != EPERM) return refusal("no network of its own");
  const auto user = ::geteuid();
  const auto group = ::getegid();
  if (::unshare(CLONE_NEWUSER | kNew) != 0) return refusal("no user namespace");
  // Unmapped, files would seem to belong to nobody.
  write_to("/proc/self/setgroups", "deny");
  map_to_itself("/proc/self/uid_map", user);
  map_to_itself("/proc/self/gid_map", group);
  return {};
}

Result<void> drop_capabilities(bool keep_reading) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return refusal("no_new_privs");
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  const bool keeps = keep_reading && ::geteuid() == 0;
  // It ends at the kernel's last one; without CAP_SETPCAP nothing is to be had from the set anyway.
  for (unsigned long capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability)
    if (!keeps || capability != CAP_DAC_READ_SEARCH) ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> now{};
  if (::syscall(SYS_capget, &header, now.data()) != 0) return refusal("the capabilities");
  std::array<__user_cap_data_struct, 2> kept{};
  if (keeps) kept[0].effective = kept[0].permitted = now[0].permitted & (1U << CAP_DAC_READ_SEARCH);
  if (::syscall(SYS_capset, &header, kept.data()) != 0) return refusal("the capabilities");
  return {};
}

Result<void> limit_resources(const Fence& fence) {
  std::signal(SIGXFSZ, SIG_IGN);
  // Where there is no /proc the kernel goes by size, which mostly finds the same one.
  write_to("/proc/self/oom_score_adj", kFirstToGo);
  const auto limited = [](__rlimit_resource what, std::int64_t most) {
    return most <= 0 || lower(what, static_cast<rlim_t>(most));
  };
  const rlimit none{0, 0};
  const auto memory = fence.memory_bytes > 0 ? mapped_bytes() + fence.memory_bytes : 0;
  if (::setrlimit(RLIMIT_CORE, &none) != 0 || !lower(RLIMIT_NOFILE, kDescriptors) ||
      !limited(RLIMIT_FSIZE, fence.file_bytes) || !limited(RLIMIT_DATA, memory))
    return refusal("the limits");
  return {};
}

void close_descriptors(std::vector<int> kept) {
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (nothing >= 0) ::dup2(nothing, STDIN_FILENO);
  std::sort(kept.begin(), kept.end());
  if (!std::binary_search(kept.begin(), kept.end(), STDOUT_FILENO)) ::dup2(STDERR_FILENO, STDOUT_FILENO);
  unsigned first = STDERR_FILENO + 1;
  for (const int descriptor : kept) {
    const auto number = static_cast<unsigned>(descriptor);
    if (descriptor < 0 || number < first) continue;
    if (number > first) ::syscall(SYS_close_range, first, number - 1, 0);
    first = number + 1;
  }
  ::syscall(SYS_close_range, first, ~0U, 0);
}

}  // namespace espalier::confinement
