// The right to be a database's coordinator: one session holds it, others wait. If its holder's process dies,
// PostgreSQL gives it back at once; if the host is gone or the process is stopped, it is taken away.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "common/base/result.hpp"

namespace espalier::store {

class ReignLock {
 public:
  explicit ReignLock(std::string connection);
  ~ReignLock();  // gives it back

  // Takes it if nobody has it, or if its holder has shown no sign of life for `dead_after` of our own time,
  // over several calls. Throws Unavailable.
  bool try_take(std::chrono::milliseconds dead_after);

  // A sign of life of the holder. False if it has lost the lock and another has it now. Throws Unavailable.
  bool keep();

  // Whether anybody waited for it at the last sign of life.
  [[nodiscard]] bool is_contested() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace espalier::store
