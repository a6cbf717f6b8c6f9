// A child process that never outlives its parent: if the parent dies in any way, the kernel signals the
// child. Spawn from the main thread: the kernel's promise is tied to the thread that forked.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/result.hpp"

namespace espalier {

struct ChildOptions {
  std::vector<std::string> arguments;  // [0] is the program: a path, or a name found on PATH
  std::vector<std::pair<std::string, std::string>> environment;  // added to ours
  bool (*inherits)(std::string_view name) = nullptr;  // which variables of ours it gets; unset: all
  std::optional<std::filesystem::path> output_file;   // standard output and error are appended there
  std::optional<std::filesystem::path>
      error_file;                                 // standard error alone; ours is inherited if neither is set
  bool pipe_output = false;                       // standard output becomes `output_pipe()`
  std::optional<int> inherited_descriptor;        // becomes descriptor 3 of the child
  std::optional<std::pair<uid_t, gid_t>> run_as;  // needs root
  std::optional<std::filesystem::path> folder;    // working folder
  bool own_group = false;  // a terminal's Ctrl-C then reaches only us, and we stop the child in order
  int signal_on_parent_death = SIGTERM;
};

struct ChildExit {
  std::optional<int> code;    // set if it exited
  std::optional<int> signal;  // set if a signal ended it
  [[nodiscard]] bool succeeded() const { return code == 0; }
  [[nodiscard]] std::string in_words() const;  // "exited with code 3", "was killed by signal 9 (Killed)"
};

class ChildProcess {
 public:
  static Result<ChildProcess> spawn(const ChildOptions& options);
  ChildProcess() = default;
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;
  ~ChildProcess();  // kills and reaps what still runs

  [[nodiscard]] bool spawned() const { return pid_ > 0; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  // Readable once the child has ended: wait on it with poll or Asio. Owned by this object.
  [[nodiscard]] int exit_descriptor() const { return exit_descriptor_; }
  [[nodiscard]] int output_pipe() const { return output_pipe_; }

  void signal(int number) const;
  void signal_group(int number) const;  // with `own_group`: the child and all of its children
  std::optional<ChildExit> poll();      // set once it has ended; doesn't wait
  std::optional<ChildExit> wait_for(std::chrono::milliseconds limit);
  ChildExit stop(int number, std::chrono::milliseconds patience);  // signal, wait, then SIGKILL

 private:
  void close_descriptors();
  pid_t pid_ = -1;
  int exit_descriptor_ = -1;
  int output_pipe_ = -1;
  std::optional<ChildExit> exit_;
};

// Runs a program to its end and returns what it printed; for short tools.
struct Output {
  ChildExit exit;
  std::string text;
};
Result<Output> run_to_end(ChildOptions options, std::chrono::milliseconds limit);

}  // namespace espalier
