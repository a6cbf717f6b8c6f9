// One program may still be started by a sealed process: through a process that it left outside before, which
// starts nothing but that program, and takes nothing but its last arguments from inside. The program is to
// seal itself.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/result.hpp"

namespace espalier::confinement {

class Starter {
 public:
  // Before the seal, from the main thread of a process that has no other. `closed` is a descriptor that the
  // process outside must not keep open. It ends with this object, or with this process.
  static Result<Starter> leave_outside(std::vector<std::string> program, int closed,
                                       std::chrono::milliseconds limit);
  Starter(Starter&& other) noexcept : conversation_(std::exchange(other.conversation_, -1)) {}
  Starter& operator=(Starter&&) = delete;
  ~Starter();

  // What the program printed when it was run with these arguments after its own; unset if it failed or took
  // longer than the limit. Blocks.
  std::optional<std::string> run(const std::vector<std::string>& arguments);

  [[nodiscard]] int descriptor() const { return conversation_; }

 private:
  explicit Starter(int conversation) : conversation_(conversation) {}
  int conversation_;
};

}  // namespace espalier::confinement
