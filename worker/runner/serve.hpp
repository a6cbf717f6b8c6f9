// `espalier-runner serve`: one task after another, as told over a descriptor (docs/how-it-works.md, "Agent
// and runner"). A task's failure is an answer; only the end of the conversation ends the loop.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/json.hpp"
#include "worker/runner/task.hpp"

namespace espalier::runner {

// Lines over a descriptor, blocking. Owned by the caller's thread alone.
class LineChannel {
 public:
  explicit LineChannel(int descriptor) : descriptor_(descriptor) {}
  std::optional<std::string>
  read_line();                        // unset at the end; a last line without its newline counts as the end
  bool write_line(std::string line);  // false: the other side is gone

 private:
  int descriptor_;
  std::string read_;
  std::size_t scanned_ = 0;
};

// A task that ended well, as the members of "finished" without "attempt". What is no number is null.
json::object succeeded(const TaskOutcome& outcome);

// Runs the task and says how it ended, as the members of "finished" without "attempt". Never throws.
json::object finished_by(TaskContext& task);

// Returns the process's exit code: 0 when the other side closed the conversation. `confinement`: the
// protections that this process has, for hello.
int serve(int descriptor, const std::vector<std::string>& confinement = {});

}  // namespace espalier::runner
