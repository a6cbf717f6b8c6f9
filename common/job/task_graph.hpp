// The tasks of a plan, each key once. Remembers no more of those that were taken than their keys.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <cstring>
#include <vector>

#include "common/job/plan.hpp"

namespace espalier::job {

// The number of each stage's meaning: raised when the stage starts to do something else with the same
// settings, so that old results aren't taken for new ones.
int version_of(Stage stage);

struct Effort {  // see Task
  std::uint64_t kind = 0;
  double work = 1;
};

class TaskGraph {
 public:
  // Completes the specification with stage, version and inputs, and returns the place of the task with its
  // key.
  // `target` is no part of the key: a task that is there already keeps its own.
  std::size_t add(Stage stage, json::object spec, std::vector<TaskInput> inputs, std::size_t target,
                  Effort effort = {});
  [[nodiscard]] TaskInput output_of(std::size_t task, std::string role, std::string output) const;
  std::vector<Task> take() { return std::exchange(tasks_, {}); }  // those that were added since the last call

 private:
  using Digest = std::array<unsigned char, 32>;
  struct DigestHash {  // any of its bytes are hash enough
    using is_avalanching = void;
    std::size_t operator()(const Digest& digest) const {
      std::size_t value = 0;
      std::memcpy(&value, digest.data(), sizeof value);
      return value;
    }
  };
  static Digest digest_of(const TaskKey& key);
  static TaskKey key_of(const Digest& digest);

  std::vector<Task> tasks_;
  std::vector<Digest> keys_;  // of all tasks, by place
  boost::unordered_flat_map<Digest, std::uint32_t, DigestHash> places_;
};

}  // namespace espalier::job
