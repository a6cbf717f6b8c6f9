#include "common/base/child_process.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "common/base/files.hpp"

namespace espalier {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

ChildOptions shell(const std::string& script) {
  ChildOptions options;
  options.arguments = {"sh", "-c", script};
  return options;
}

bool gone(pid_t pid) {
  for (int tries = 0; tries < 500; ++tries) {
    if (::kill(pid, 0) != 0) return true;
    ::poll(nullptr, 0, 10);
  }
  return false;
}

TEST(ChildProcess, TellsExitCodesFromSignals) {
  EXPECT_EQ(run_to_end(shell("exit 3"), seconds(10))->exit.code, 3);
  const auto killed = run_to_end(shell("kill -9 $$"), seconds(10));
  EXPECT_EQ(killed->exit.signal, SIGKILL);
  EXPECT_NE(killed->exit.in_words().find("signal 9"), std::string::npos);
}

TEST(ChildProcess, AProgramThatIsNotThereIsAnErrorAndNotAnExitCode) {
  ChildOptions options;
  options.arguments = {"no-such-program-anywhere"};
  const auto child = ChildProcess::spawn(options);
  ASSERT_FALSE(child.has_value());
  EXPECT_EQ(child.error().kind, ErrorKind::missing_dependency);
}

TEST(ChildProcess, PassesEnvironmentAndReturnsOutput) {
  auto options = shell("printf '%s' \"$GREETING\"");
  options.environment = {{"GREETING", "good morning"}};
  EXPECT_EQ(run_to_end(options, seconds(10))->text, "good morning");
}

TEST(ChildProcess, ALimitEndsAProgramThatHangs) {
  EXPECT_FALSE(run_to_end(shell("exec sleep 60"), milliseconds(100)).has_value());
}

TEST(ChildProcess, StopKillsWhatIgnoresTheSignal) {
  auto options = shell("trap '' TERM; echo deaf; while :; do sleep 1; done");
  options.pipe_output = true;
  auto child = ChildProcess::spawn(options);
  ASSERT_TRUE(child.has_value());
  char said[5] = {};
  ASSERT_EQ(::read(child->output_pipe(), said, 5), 5);
  EXPECT_EQ(child->stop(SIGTERM, milliseconds(200)).signal, SIGKILL);
}

TEST(ChildProcess, TheInheritedDescriptorIsNumberThree) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  auto options = shell("printf hello >&3");
  options.inherited_descriptor = ends[1];
  ASSERT_TRUE(run_to_end(options, seconds(10))->exit.succeeded());
  char text[6] = {};
  EXPECT_EQ(::read(ends[0], text, 5), 5);
  EXPECT_STREQ(text, "hello");
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(ChildProcess, ItsChildDiesWithAKilledParent) {
  // A process in between: it spawns the child, says its number, and is killed.
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const pid_t middle = ::fork();
  if (middle == 0) {
    auto child = ChildProcess::spawn(shell("exec sleep 60"));
    const pid_t pid = child ? child->pid() : 0;
    [[maybe_unused]] const auto written = ::write(ends[1], &pid, sizeof pid);
    ::pause();
    ::_exit(0);
  }
  pid_t grandchild = 0;
  ASSERT_EQ(::read(ends[0], &grandchild, sizeof grandchild), static_cast<ssize_t>(sizeof grandchild));
  ASSERT_GT(grandchild, 0);
  ::kill(middle, SIGKILL);

  ::waitpid(middle, nullptr, 0);
  EXPECT_TRUE(gone(grandchild));
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(Files, AtomicWritingReplacesWholeFilesAndLeavesNoTemporaries) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("espalier-files-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  ASSERT_TRUE(write_file_atomically(folder / "a", "one").has_value());
  ASSERT_TRUE(write_file_atomically(folder / "a", "two").has_value());
  EXPECT_EQ(*read_file(folder / "a"), "two");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
  EXPECT_EQ(read_file(folder / "b").error().kind, ErrorKind::not_found);
  EXPECT_FALSE(read_file(folder).has_value()) << "a folder is not a file";
  const auto unreadable = read_file("/proc/self/mem");  // opens, but its first page can't be read
  ASSERT_FALSE(unreadable.has_value());
  EXPECT_EQ(unreadable.error().kind, ErrorKind::failed);
  EXPECT_FALSE(write_file_atomically(folder / "no" / "where", "x").has_value());
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace espalier
