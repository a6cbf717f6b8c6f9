// A control group (version 2) for each confined process: its limits hold at once and for all of its threads
// and children. Only where whoever started us has left us a group of our own. Files in /sys/fs/cgroup answer
// at once.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "common/base/result.hpp"

namespace espalier::confinement {

struct GroupLimits {
  std::int64_t memory_bytes = 0;  // 0: none
  std::int64_t tasks = 0;         // processes and threads; 0: no limit
};

class Group {
 public:
  Group(Group&& other) noexcept;
  Group& operator=(Group&&) = delete;
  ~Group();  // removed, if nothing runs in it any more

  Result<void> limit(const GroupLimits& limits);
  Result<void> add(pid_t process);
  // How often the kernel has ended something in it for want of memory.
  [[nodiscard]] std::int64_t out_of_memory_kills() const;

 private:
  friend class Groups;
  explicit Group(std::filesystem::path folder) : folder_(std::move(folder)) {}
  std::filesystem::path folder_;
};

class Groups {
 public:
  // `root` is that of the whole system's files; only tests have another. This process moves into a group
  // "agent" below the one it is in, since a group with processes hands no controllers down. The error says
  // why it can't be.
  static Result<Groups> open(const std::filesystem::path& root = "/");
  static Result<void> can_be_had(const std::filesystem::path& root = "/");  // changes nothing
  Result<Group> make(const std::string& name) const;

 private:
  explicit Groups(std::filesystem::path folder) : folder_(std::move(folder)) {}
  std::filesystem::path folder_;
};

}  // namespace espalier::confinement
