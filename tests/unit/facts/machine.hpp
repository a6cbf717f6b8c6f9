// A made-up machine: its /proc and /sys as files in a folder of a test's own.
#pragma once

#include <string>

#include "worker/agent/facts/system_files.hpp"

namespace espalier::testing {

class Machine {
 public:
  Machine();
  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  void write(const std::string& path, const std::string& text) const;  // "proc/meminfo"
  void remove(const std::string& path) const;
  // Processors of `threads_a_core` threads each, spread over the nodes; caches of these sizes ("32K"), "" for
  // none.
  void add_processors(int nodes, int cores_a_node, int threads_a_core, const std::string& l1d,
                      const std::string& l2, const std::string& l3) const;

  [[nodiscard]] agent::SystemFiles files() const { return agent::SystemFiles(folder_); }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
};

}  // namespace espalier::testing
