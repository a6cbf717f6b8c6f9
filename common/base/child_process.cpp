#include "common/base/child_process.hpp"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

extern char** environ;

namespace espalier {
namespace {

constexpr int kInherited = 3;

// Everything the child needs, made before the fork: after it only async-signal-safe calls are allowed.
struct Prepared {
  std::vector<std::string> environment_texts;
  std::vector<char*> arguments;
  std::vector<char*> environment;
};

Prepared prepare(const ChildOptions& options) {
  Prepared prepared;
  for (const auto& argument : options.arguments)
    prepared.arguments.push_back(const_cast<char*>(argument.c_str()));
  prepared.arguments.push_back(nullptr);
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const auto name = text.substr(0, text.find('='));
    bool left_out = options.inherits != nullptr && !options.inherits(name);
    for (const auto& [key, value] : options.environment) left_out = left_out || key == name;
    if (!left_out) prepared.environment_texts.emplace_back(text);
  }
  for (const auto& [key, value] : options.environment)
    prepared.environment_texts.push_back(key + "=" + value);
  for (auto& text : prepared.environment_texts) prepared.environment.push_back(text.data());
  prepared.environment.push_back(nullptr);
  return prepared;
}

struct Pipe {
  std::array<int, 2> ends{-1, -1};
  ~Pipe() {
    for (const int end : ends)
      if (end >= 0) ::close(end);
  }
  bool open() { return ::pipe2(ends.data(), O_CLOEXEC) == 0; }
  int release_reader() { return std::exchange(ends[0], -1); }
};

int open_log(const std::optional<std::filesystem::path>& path) {
  return path ? ::open(path->c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644) : -1;
}

// In the child. Returns only if something failed, with errno set.
void become(const ChildOptions& options, const Prepared& prepared, pid_t parent, int output, int error) {
  if (options.own_group && ::setpgid(0, 0) != 0) return;
  if (output >= 0 && ::dup2(output, STDOUT_FILENO) < 0) return;
  if (error >= 0 && ::dup2(error, STDERR_FILENO) < 0) return;
  if (options.inherited_descriptor) {
    if (*options.inherited_descriptor == kInherited) {
      if (::fcntl(kInherited, F_SETFD, 0) != 0) return;
    } else if (::dup2(*options.inherited_descriptor, kInherited) < 0) {
      return;
    }
  }
  if (options.folder && ::chdir(options.folder->c_str()) != 0) return;
  if (options.run_as) {
    const auto [user, group] = *options.run_as;
    if (::setgroups(0, nullptr) != 0 || ::setgid(group) != 0 || ::setuid(user) != 0) return;
  }
  // After the change of user, which clears it. A parent that died before this line is noticed by the next
  // one.
  if (::prctl(PR_SET_PDEATHSIG, options.signal_on_parent_death) != 0) return;
  if (::getppid() != parent) ::_exit(127);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  ::execvpe(prepared.arguments[0], prepared.arguments.data(), prepared.environment.data());
}

}  // namespace

std::string ChildExit::in_words() const {
  if (signal) return "was killed by signal " + std::to_string(*signal) + " (" + ::strsignal(*signal) + ")";
  return "exited with code " + std::to_string(code.value_or(-1));
}

Result<ChildProcess> ChildProcess::spawn(const ChildOptions& options) {
  ESPALIER_ASSERT(!options.arguments.empty());
  const auto& program = options.arguments[0];
  const auto fail = [&program](int reason) {
    return Error{reason == ENOENT ? ErrorKind::missing_dependency : ErrorKind::internal,
                 program + " can't be started: " + std::strerror(reason), ""};
  };
  const auto prepared = prepare(options);
  Pipe failure;
  Pipe output;
  if (!failure.open() || (options.pipe_output && !output.open())) return fail(errno);
  const int both = open_log(options.output_file);
  const int error_only = open_log(options.error_file);
  const int output_end = options.pipe_output ? output.ends[1] : both;
  const int error_end = error_only >= 0 ? error_only : both;
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) {
    become(options, prepared, parent, output_end, error_end);
    const int reason = errno;
    [[maybe_unused]] const auto written = ::write(failure.ends[1], &reason, sizeof reason);
    ::_exit(127);
  }
  const int fork_error = errno;
  if (both >= 0) ::close(both);
  if (error_only >= 0) ::close(error_only);
  if (pid < 0) return fail(fork_error);
  ::close(std::exchange(failure.ends[1], -1));
  int reason = 0;
  if (::read(failure.ends[0], &reason, sizeof reason) == sizeof reason) {
    ::waitpid(pid, nullptr, 0);
    return fail(reason);
  }
  ChildProcess child;
  child.pid_ = pid;
  child.exit_descriptor_ = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (child.exit_descriptor_ >= 0) ::fcntl(child.exit_descriptor_, F_SETFD, FD_CLOEXEC);
  if (options.pipe_output) child.output_pipe_ = output.release_reader();
  return child;
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      exit_descriptor_(std::exchange(other.exit_descriptor_, -1)),
      output_pipe_(std::exchange(other.output_pipe_, -1)),
      exit_(std::exchange(other.exit_, std::nullopt)) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(exit_descriptor_, other.exit_descriptor_);
  std::swap(output_pipe_, other.output_pipe_);
  std::swap(exit_, other.exit_);
  return *this;
}

ChildProcess::~ChildProcess() {
  if (spawned() && !poll()) stop(SIGKILL, std::chrono::seconds(5));
  close_descriptors();
}

void ChildProcess::close_descriptors() {
  for (int* descriptor : {&exit_descriptor_, &output_pipe_})
    if (*descriptor >= 0) ::close(std::exchange(*descriptor, -1));
}

void ChildProcess::signal(int number) const {
  if (spawned() && !exit_) ::kill(pid_, number);
}

void ChildProcess::signal_group(int number) const {
  if (spawned()) ::kill(-pid_, number);
}

std::optional<ChildExit> ChildProcess::poll() {
  if (exit_ || !spawned()) return exit_;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
  exit_ = WIFSIGNALED(status) ? ChildExit{std::nullopt, WTERMSIG(status)}
                              : ChildExit{WEXITSTATUS(status), std::nullopt};
  return exit_;
}

std::optional<ChildExit> ChildProcess::wait_for(std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (true) {
    if (auto ended = poll()) return ended;
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return std::nullopt;
    pollfd descriptor{exit_descriptor_, POLLIN, 0};
    ::poll(&descriptor, 1, static_cast<int>(left.count()));
  }
}

ChildExit ChildProcess::stop(int number, std::chrono::milliseconds patience) {
  signal(number);
  if (auto ended = wait_for(patience)) return *ended;
  signal(SIGKILL);
  return wait_for(std::chrono::seconds(30)).value_or(ChildExit{std::nullopt, SIGKILL});
}

Result<Output> run_to_end(ChildOptions options, std::chrono::milliseconds limit) {
  options.pipe_output = true;
  auto child = ChildProcess::spawn(options);
  if (!child) return child.error();
  const auto deadline = std::chrono::steady_clock::now() + limit;
  std::string text;
  std::array<char, 65536> buffer{};
  while (true) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd descriptor{child->output_pipe(), POLLIN, 0};
    if (left.count() <= 0 || ::poll(&descriptor, 1, static_cast<int>(left.count())) == 0)
      return Error{ErrorKind::failed,
                   options.arguments[0] + " did not end within " + std::to_string(limit.count()) + " ms", ""};
    const auto got = ::read(child->output_pipe(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  auto ended = child->wait_for(std::max(left, std::chrono::milliseconds(100)));
  if (!ended) ended = child->stop(SIGTERM, std::chrono::seconds(1));
  return Output{*ended, std::move(text)};
}

}  // namespace espalier
