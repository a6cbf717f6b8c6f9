#include "worker/confinement/system_calls.hpp"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "worker/confinement/refusal.hpp"

namespace espalier::confinement {
namespace {

using Program = std::vector<sock_filter>;

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
constexpr std::uint32_t kArchitecture = 0;
#endif

// What the kernel may gain after this list was written (at setxattrat, Linux 6.13) doesn't exist for a
// runner. Also x86-64's second numbering, whose numbers have bit 30 set.
constexpr std::uint32_t kNewestKnown = 466;

// The same on all architectures; glibc of Debian 12 has no names for them.
constexpr int kIoUringSetup = 425, kIoUringRegister = 427, kOpenTree = 428, kMountSetattr = 442,
              kMemfdSecret = 447, kFchmodat2 = 452, kStatmount = 457, kListmount = 458, kSetxattrat = 463,
              kRemovexattrat = 466;

// Every number of a range, ends included.
struct Range {
  int first, last;
};
constexpr std::array kDeniedRanges = {
    Range{kIoUringSetup, kIoUringRegister},
    Range{kOpenTree, 433},  // open_tree, move_mount, fsopen, fsconfig, fsmount, fspick
    Range{kStatmount, kListmount},
    Range{kSetxattrat, kRemovexattrat},
};

constexpr int kDenied[] = {
    // other processes, and out of this one's place among them
    SYS_execve,
    SYS_execveat,
    SYS_setsid,
    SYS_setpgid,
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_kcmp,
    SYS_pidfd_open,
    SYS_pidfd_getfd,
    SYS_pidfd_send_signal,
    SYS_process_madvise,
    SYS_rt_sigqueueinfo,
    SYS_rt_tgsigqueueinfo,
    SYS_tkill,
    SYS_unshare,
    SYS_setns,
    SYS_setpriority,
    SYS_ioprio_set,
    SYS_sched_setscheduler,
    SYS_sched_setparam,
    SYS_sched_setattr,
    SYS_migrate_pages,
    SYS_move_pages,
    // sockets, and other ways to speak to somebody
    SYS_socket,
    SYS_socketpair,
    SYS_connect,
    SYS_bind,
    SYS_listen,
    SYS_accept,
    SYS_accept4,
    SYS_sendmsg,
    SYS_sendmmsg,
    SYS_shmget,
    SYS_shmat,
    SYS_shmctl,
    SYS_msgget,
    SYS_msgsnd,
    SYS_msgrcv,
    SYS_semget,
    SYS_semop,
    SYS_mq_open,
    // files that are nobody's memory, or that stand for others
    SYS_memfd_create,
    kMemfdSecret,
    SYS_symlinkat,
    SYS_linkat,
    SYS_mknodat,
    SYS_fchmod,
    SYS_fchmodat,
    kFchmodat2,
    SYS_fchown,
    SYS_fchownat,
    SYS_setxattr,
    SYS_lsetxattr,
    SYS_fsetxattr,
    SYS_removexattr,
    SYS_lremovexattr,
    SYS_fremovexattr,
    SYS_truncate,
    SYS_name_to_handle_at,
    SYS_open_by_handle_at,
    SYS_fanotify_init,
    SYS_quotactl,
    SYS_flock,
    SYS_acct,
    // mounts
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    kMountSetattr,
    SYS_swapon,
    SYS_swapoff,
    // the kernel
    SYS_bpf,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_reboot,
    SYS_syslog,
    SYS_keyctl,
    SYS_add_key,
    SYS_request_key,
    SYS_personality,
    SYS_io_setup,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_adjtimex,
    SYS_clock_adjtime,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_vhangup,
    // who it is
    SYS_setuid,
    SYS_setgid,
    SYS_setreuid,
    SYS_setregid,
    SYS_setresuid,
    SYS_setresgid,
    SYS_setfsuid,
    SYS_setfsgid,
    SYS_setgroups,
    SYS_capset,
#if defined(__x86_64__)
    SYS_fork,
    SYS_vfork,
    SYS_symlink,
    SYS_link,
    SYS_mknod,
    SYS_chmod,
    SYS_chown,
    SYS_lchown,
    SYS_iopl,
    SYS_ioperm,
    SYS_modify_ldt,
    SYS_kexec_file_load,
    SYS_uselib,
#endif
};

// Answers glibc with "no such call": it then uses the older one, whose arguments a filter can see.
constexpr int kAbsent[] = {SYS_clone3, SYS_openat2};

constexpr std::uint32_t kAllow = SECCOMP_RET_ALLOW;
constexpr std::uint32_t answer(int error) {
  return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error);
}

class Builder {
 public:
  void load(std::size_t offset) { add(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset), 0, 0); }
  void mask(std::uint32_t bits) { add(BPF_ALU | BPF_AND | BPF_K, bits, 0, 0); }
  void if_equal_skip(std::uint32_t value, std::uint8_t count) {
    add(BPF_JMP | BPF_JEQ | BPF_K, value, count, 0);
  }
  void unless_equal_skip(std::uint32_t value, std::uint8_t count) {
    add(BPF_JMP | BPF_JEQ | BPF_K, value, 0, count);
  }
  void unless_at_least_skip(std::uint32_t value, std::uint8_t count) {
    add(BPF_JMP | BPF_JGE | BPF_K, value, 0, count);
  }
  void give(std::uint32_t result) { add(BPF_RET | BPF_K, result, 0, 0); }

  void deny(int call, int error) {
    unless_equal_skip(static_cast<std::uint32_t>(call), 1);
    give(answer(error));
  }
  // That call's argument, masked, decides.
  void decide(int call, int argument, std::uint32_t bits, std::uint32_t value, std::uint32_t if_equal,
              std::uint32_t if_not) {
    unless_equal_skip(static_cast<std::uint32_t>(call), 5);
    load(offsetof(seccomp_data, args) + static_cast<std::size_t>(argument) * sizeof(std::uint64_t));
    mask(bits);
    unless_equal_skip(value, 1);
    give(if_equal);
    give(if_not);
  }
  [[nodiscard]] Program take() { return std::move(program_); }

 private:
  void add(int code, std::uint32_t k, std::uint8_t if_true, std::uint8_t if_false) {
    program_.push_back({static_cast<std::uint16_t>(code), if_true, if_false, k});
  }
  Program program_;
};

Program filter_for(pid_t self) {
  constexpr auto kEverything = ~std::uint32_t{0};
  const auto own = static_cast<std::uint32_t>(self);
  Builder build;
  build.load(offsetof(seccomp_data, arch));
  build.if_equal_skip(kArchitecture, 1);
  build.give(SECCOMP_RET_KILL_PROCESS);
  build.load(offsetof(seccomp_data, nr));
  build.unless_at_least_skip(kNewestKnown + 1, 1);
  build.give(answer(ENOSYS));
  for (const int call : kAbsent) build.deny(call, ENOSYS);
  for (const int call : kDenied) build.deny(call, EPERM);
  for (const auto& range : kDeniedRanges)
    for (int call = range.first; call <= range.last; ++call) build.deny(call, EPERM);
  // Threads, but no processes.
  build.decide(SYS_clone, 0, CLONE_THREAD, CLONE_THREAD, kAllow, answer(EPERM));
  // Signals and limits of itself alone; abort() needs them.
  build.decide(SYS_kill, 0, kEverything, own, kAllow, answer(EPERM));
  build.decide(SYS_tgkill, 0, kEverything, own, kAllow, answer(EPERM));
  build.decide(SYS_prlimit64, 0, kEverything, 0, kAllow, answer(EPERM));
  // Words into a terminal, as if its user had typed them.
  build.decide(SYS_ioctl, 1, kEverything, TIOCSTI, answer(EPERM), kAllow);
  // Landlock before version 3 lets a file be emptied by opening it for reading.
  build.decide(SYS_openat, 2, O_ACCMODE | O_TRUNC, O_TRUNC, answer(EPERM), kAllow);
#if defined(__x86_64__)
  build.decide(SYS_open, 1, O_ACCMODE | O_TRUNC, O_TRUNC, answer(EPERM), kAllow);
#endif
  build.give(kAllow);
  return build.take();
}

}  // namespace

Result<void> restrict_system_calls() {
  if (kArchitecture == 0)
    return Error{ErrorKind::failed, "this processor's system calls are not on the list", ""};
  auto instructions = filter_for(::getpid());
  const sock_fprog program{static_cast<unsigned short>(instructions.size()), instructions.data()};
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) != 0)
    return Error{ErrorKind::failed, std::string("the kernel refuses the filter: ") + std::strerror(errno),
                 ""};
  return {};
}

}  // namespace espalier::confinement
