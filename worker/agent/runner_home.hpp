// The folders of one slot's runner, which are all that it may write, and of the disk's changing files all
// that it may read. Emptied before each runner that lives there. All calls block briefly.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "common/base/result.hpp"

namespace espalier::agent {

using Inputs = std::map<std::string, std::filesystem::path>;  // by role

struct RunnerHome {
  std::filesystem::path folder;

  [[nodiscard]] std::filesystem::path log() const { return folder / "log"; }
  [[nodiscard]] std::filesystem::path work() const { return folder / "work"; }      // it writes below
  [[nodiscard]] std::filesystem::path inputs() const { return folder / "inputs"; }  // it reads below
  [[nodiscard]] std::filesystem::path work_of(std::int64_t attempt) const;

  [[nodiscard]] Result<void> make_empty() const;
  // Makes the attempt's folder, and gives its inputs names in `inputs()`: links, so that nothing is copied,
  // and a runner sees of the cache what it was given and nothing else.
  [[nodiscard]] Result<Inputs> settle(std::int64_t attempt, const Inputs& from) const;
  [[nodiscard]] bool clear(std::int64_t attempt) const;  // false if something stays
};

}  // namespace espalier::agent
