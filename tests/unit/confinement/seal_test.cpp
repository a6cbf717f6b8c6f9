// Each case happens in a child, which seals itself, tries what it shouldn't, and says by its exit code what
// came of it.
#include "worker/confinement/seal.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "common/base/files.hpp"
#include "worker/confinement/starter.hpp"

namespace espalier::confinement {
namespace {

namespace fs = std::filesystem;

class Sealed : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "seal_test-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    fs::create_directories(folder_ / "own");
    fs::create_directories(folder_ / "input");
    std::ofstream(folder_ / "input/file") << "weights";
    std::ofstream(folder_ / "secret") << "of somebody else";
    fence_.folder = folder_ / "own";
    fence_.readable = {folder_ / "input"};
  }
  void TearDown() override { fs::remove_all(folder_); }

  bool has(Kind kind) {
    if (protections_.empty()) protections_ = probe().value();
    for (const auto& protection : protections_)
      if (protection.kind == kind) return protection.active;
    return false;
  }

  // What `attempt` returns, in a sealed child: 0 for success, else an errno. -1 if the child didn't end by
  // itself.
  int sealed(const std::function<int()>& attempt) const {
    return sealed_by_itself([&] {
      seal(fence_, {});
      return attempt();
    });
  }
  static int sealed_by_itself(const std::function<int()>& attempt) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(attempt());
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  static int failure_of(long result) { return result < 0 ? errno : 0; }
  static int opening(const fs::path& path, int flags) {
    return failure_of(::open(path.c_str(), flags, 0600));
  }

  fs::path folder_;
  Fence fence_;
  std::vector<Protection> protections_;
};

class SealedFiles : public Sealed {
 protected:
  void SetUp() override {
    Sealed::SetUp();
    if (!has(Kind::landlock)) GTEST_SKIP() << "this kernel has no Landlock";
  }
};

class SealedCalls : public Sealed {
 protected:
  void SetUp() override {
    Sealed::SetUp();
    if (!has(Kind::seccomp)) GTEST_SKIP() << "this kernel has no seccomp";
  }
  // What it said inside, in the child that left it outside.
  std::string sealed_with_starter(std::vector<std::string> program,
                                  const std::vector<std::string>& arguments) const {
    const auto answer = fence_.folder / "answer";
    fs::remove(answer);
    sealed_by_itself([&] {
      auto starter = Starter::leave_outside(std::move(program), -1, std::chrono::milliseconds(300));
      if (!starter) return 1;
      seal(fence_, {starter->descriptor()});
      std::ofstream(answer) << starter->run(arguments).value_or("nothing");
      return 0;
    });
    return read_file(answer).value();
  }
  void is_refused(const std::function<long()>& call) {
    EXPECT_EQ(sealed([&] { return failure_of(call()); }), EPERM);
  }
};

TEST_F(Sealed, TellsWhatItHasAndWhyNotWhatItHasNot) {
  const auto protections = probe();
  ASSERT_TRUE(protections.has_value());
  EXPECT_EQ(protections->size(), 5U);
  for (const auto& protection : *protections)
    EXPECT_EQ(protection.active, protection.why_not.empty()) << meaning_of(protection.kind).name;
}

TEST_F(Sealed, ProbingLeavesTheProberAsItWas) {
  ASSERT_TRUE(probe().has_value());
  EXPECT_EQ(::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
  EXPECT_EQ(opening(folder_ / "secret", O_RDONLY), 0);
}

TEST_F(Sealed, GainsNoPrivilegesAndHasNoneButToReadForRoot) {
  EXPECT_EQ(sealed([] { return ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 1; }), 0);
  std::ofstream(fence_.folder / "locked") << "data of another user";
  fs::permissions(fence_.folder / "locked", fs::perms::none);
  EXPECT_EQ(sealed([&] { return opening(fence_.folder / "locked", O_WRONLY); }), EACCES);
  EXPECT_NE(sealed([] { return failure_of(::mount("none", "/mnt", "tmpfs", 0, nullptr)); }), 0);
}

TEST_F(Sealed, FilesEndWhereTheFenceSaysWithAnErrorInsteadOfASignal) {
  fence_.file_bytes = 100'000;
  EXPECT_EQ(sealed([&] {
              const int file = ::open((fence_.folder / "big").c_str(), O_WRONLY | O_CREAT, 0600);
              const std::string block(50'000, 'x');
              for (int i = 0; i < 3; ++i)
                if (::write(file, block.data(), block.size()) < 0) return errno;
              return 0;
            }),
            EFBIG);
}

TEST_F(Sealed, MemoryEndsWhereTheFenceSays) {
  fence_.memory_bytes = std::int64_t{1} << 30;
  const auto map = [](std::size_t bytes) {
    return ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
               ? errno
               : 0;
  };
  EXPECT_EQ(sealed([&] { return map(std::size_t{2} << 30); }), ENOMEM);
  EXPECT_EQ(sealed([&] { return map(std::size_t{100} << 20); }), 0);
}

TEST_F(Sealed, LeavesNoCoreAndNoDescriptors) {
  const int secret = ::open((folder_ / "secret").c_str(), O_RDONLY);
  EXPECT_EQ(sealed([&] {
              char byte = 0;
              return failure_of(::read(secret, &byte, 1));
            }),
            EBADF);
  ::close(secret);
  EXPECT_EQ(sealed([] {
              rlimit core{};
              ::getrlimit(RLIMIT_CORE, &core);
              return core.rlim_max == 0 ? 0 : 1;
            }),
            0);
}

TEST_F(Sealed, SeesNoNetworkInterfaceThatIsUp) {
  if (!has(Kind::network)) GTEST_SKIP() << "no namespaces here";
  // Of a namespace that is new; its own procfs view goes with the process.
  EXPECT_EQ(sealed([] {
              std::ifstream routes("/proc/self/net/route");
              std::string header, route;
              std::getline(routes, header);
              return std::getline(routes, route) ? 1 : 0;
            }),
            0);
}

TEST_F(SealedFiles, ReadsItsInputsAndNothingBeside) {
  EXPECT_EQ(sealed([&] { return opening(folder_ / "input/file", O_RDONLY); }), 0);
  EXPECT_EQ(sealed([&] { return opening(folder_ / "secret", O_RDONLY); }), EACCES);
  EXPECT_EQ(sealed([&] { return opening(folder_ / "own/../secret", O_RDONLY); }), EACCES);
  EXPECT_EQ(sealed([] { return opening("/etc/passwd", O_RDONLY); }), EACCES);
  EXPECT_EQ(sealed([] { return opening("/proc/1/environ", O_RDONLY); }), EACCES);
  EXPECT_EQ(sealed([] { return opening("/", O_RDONLY | O_DIRECTORY); }), EACCES);
}

TEST_F(SealedFiles, WritesOnlyToItsOwnFolder) {
  EXPECT_EQ(sealed([&] { return opening(folder_ / "own/new", O_WRONLY | O_CREAT); }), 0);
  EXPECT_EQ(sealed([&] { return opening(folder_ / "input/file", O_WRONLY); }), EACCES);
  EXPECT_EQ(sealed([&] { return opening(folder_ / "input/new", O_WRONLY | O_CREAT); }), EACCES);
  EXPECT_EQ(sealed([&] { return failure_of(::unlink((folder_ / "input/file").c_str())); }), EACCES);
  EXPECT_EQ(sealed([] { return opening("/dev/shm/espalier", O_WRONLY | O_CREAT); }), EACCES);
}

TEST_F(SealedFiles, CanNotEmptyAnInputByOpeningIt) {
  EXPECT_NE(sealed([&] { return opening(folder_ / "input/file", O_RDONLY | O_TRUNC); }), 0);
  EXPECT_EQ(fs::file_size(folder_ / "input/file"), 7U);
}

TEST_F(SealedFiles, ALinkInItsFolderDoesNotLeadOutOfIt) {
  fs::create_symlink(folder_ / "secret", fence_.folder / "link");
  EXPECT_EQ(sealed([&] { return opening(fence_.folder / "link", O_RDONLY); }), EACCES);
}

TEST_F(SealedFiles, AFileThatIsOpenedByAnInputsNameElsewhereStaysReadOnly) {
  fs::create_hard_link(folder_ / "secret", folder_ / "input/hard");
  EXPECT_EQ(sealed([&] { return opening(folder_ / "input/hard", O_RDONLY); }), 0);
  EXPECT_EQ(sealed([&] { return opening(folder_ / "input/hard", O_RDWR); }), EACCES);
  EXPECT_NE(sealed([&] {
              return failure_of(::rename((folder_ / "input/hard").c_str(), (fence_.folder / "mine").c_str()));
            }),
            0);
}

TEST_F(SealedFiles, WhatLibrariesReadLazilyIsReadable) {
  for (const auto* path : {"/proc/cpuinfo", "/proc/self/status", "/proc/meminfo",
                           "/sys/devices/system/cpu/online", "/dev/urandom"})
    EXPECT_EQ(sealed([&] { return opening(path, O_RDONLY); }), 0) << path;
}

TEST_F(SealedFiles, IsNotClaimedOfAProcessWithSeveralThreads) {
  const pid_t child = ::fork();
  if (child == 0) {
    std::array<int, 2> never{};
    if (::pipe(never.data()) != 0) ::_exit(2);
    const std::jthread other([&] {
      char byte = 0;
      if (::read(never[0], &byte, 1) < 0) return;
    });
    for (const auto& protection : seal(fence_, {never[0], never[1]}))
      if (protection.kind == Kind::landlock) ::_exit(protection.active ? 1 : 0);
    ::_exit(3);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(SealedCalls, MakesNoSockets) {
  for (const int family : {AF_INET, AF_INET6, AF_UNIX, AF_NETLINK, AF_PACKET})
    is_refused([family] { return ::socket(family, SOCK_STREAM, 0); });
}

TEST_F(SealedCalls, StartsNoProcessesByAnyCall) {
  is_refused([] { return ::fork(); });
  is_refused([] { return ::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr); });
  is_refused([] {
    char* const none[] = {nullptr};
    return ::execve("/bin/true", none, none);
  });
  EXPECT_EQ(sealed([] { return failure_of(::syscall(SYS_clone3, nullptr, 0)); }), ENOSYS);
}

TEST_F(SealedCalls, StartsThreads) {
  EXPECT_EQ(sealed([] {
              int answer = 0;
              std::jthread([&answer] { answer = 42; }).join();
              return answer;
            }),
            42);
}

TEST_F(SealedCalls, TouchesNoOtherProcess) {
  const auto parent = ::getpid();
  is_refused([&] { return ::kill(parent, 0); });
  is_refused([&] { return ::ptrace(PTRACE_ATTACH, parent, nullptr, nullptr); });
  is_refused([&] { return ::syscall(SYS_pidfd_open, parent, 0); });
  is_refused([&] { return ::prlimit(parent, RLIMIT_CORE, nullptr, nullptr); });
  is_refused([] { return ::setsid(); });
  EXPECT_EQ(sealed([] { return failure_of(::kill(::getpid(), 0)); }), 0);
}

TEST_F(SealedCalls, ReachesNoKernelInterfaceThatItDoesNotNeed) {
  for (const long call : {long{SYS_bpf}, long{SYS_perf_event_open}, long{SYS_userfaultfd}, long{SYS_keyctl},
                          long{SYS_unshare}, long{SYS_setns}, long{SYS_mount}, long{SYS_memfd_create},
                          long{SYS_shmget}, long{SYS_open_by_handle_at}, 425L, 426L, 427L})
    is_refused([call] { return ::syscall(call, 0, 0, 0, 0, 0, 0); });
  EXPECT_EQ(sealed([] { return failure_of(::syscall(500, 0, 0, 0)); }), ENOSYS) << "newer than the list";
}

TEST_F(SealedCalls, AbortsAsEverybodyElse) {
  const pid_t child = ::fork();
  if (child == 0) {
    seal(fence_, {});
    std::abort();
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGABRT);
}

// The one way out that was left on purpose.
TEST_F(SealedCalls, StartsTheOneProgramThatAStarterOutsideIsFor) {
  EXPECT_EQ(sealed_with_starter({"echo", "from outside:"}, {"one", "two words"}),
            "from outside: one two words\n");
  EXPECT_EQ(sealed_with_starter({"false"}, {}), "nothing");
  EXPECT_EQ(sealed_with_starter({"sleep"}, {"60"}), "nothing");
}

}  // namespace
}  // namespace espalier::confinement
