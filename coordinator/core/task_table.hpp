// The tasks of all unfinished jobs, each once, in few bytes: about 80 for a task, 12 for each job that
// needs it and 12 for each edge. Knows nothing of states' meaning; the rules are in Core.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <optional>
#include <vector>

#include "common/base/ids.hpp"
#include "coordinator/core/pace_table.hpp"
#include "coordinator/core/rows.hpp"
#include "coordinator/core/states.hpp"

namespace espalier::core {

using TaskIndex =
    Id<struct TaskIndexTag, std::uint32_t>;  // place in the table; used again after the task is gone
using JobIndex = Id<struct JobIndexTag, std::uint32_t>;

inline constexpr std::uint32_t kNone = 0xffffffff;

struct TaskIdHash {  // numbers in a row: spread over the table by a multiplication
  using is_avalanching = void;
  std::size_t operator()(const TaskId& id) const {
    return static_cast<std::size_t>(id.value) * 0x9E3779B97F4A7C15ULL;
  }
};

struct TaskRecord {
  TaskId id;
  AttemptId attempt;                  // the live one while the task is assigned or running
  std::uint32_t memberships = kNone;  // list of the jobs that need it
  std::uint32_t dependents = kNone;   // list of edges to the tasks that wait for it
  std::uint32_t missing_inputs = 0;
  std::uint32_t stamp = 0;  // edges that carry another stamp are out of date
  std::uint16_t failures = 0;
  TaskState state{};
  bool exclusive = false;
  bool preemptible = false;
  bool orphaned = false;  // no job needed it: to be removed unless one does again
  // What is expected of it; see expect.cpp.
  std::uint8_t size = 0;   // of `expected`, in steps
  ClassIndex home;         // while it is ready: where it ends first; kNoClass: not known
  float work = 1;          // of its kind
  float expected = 0;      // seconds at home
  std::uint64_t kind = 0;  // 0: none
};

class TaskTable {
 public:
  [[nodiscard]] std::optional<TaskIndex> find(TaskId id) const;
  TaskIndex add(TaskId id);     // it must be new
  void remove(TaskIndex task);  // nobody needs it any more
  [[nodiscard]] std::size_t size() const { return by_id_.size(); }
  void reserve(std::size_t more);

  // A new task is waiting. The only way to another state, so that tasks are counted by it.
  void set_state(TaskIndex task, TaskState state);
  using StateCounts = std::array<std::size_t, kTaskStates>;
  [[nodiscard]] const StateCounts& by_state() const { return by_state_; }

  TaskRecord& operator[](TaskIndex task) { return records_[task.value]; }
  const TaskRecord& operator[](TaskIndex task) const { return records_[task.value]; }

  // Job `job` needs the task; it is the job's task number `position`.
  void add_membership(TaskIndex task, JobIndex job, std::uint32_t position);
  void remove_membership(TaskIndex task, JobIndex job);
  [[nodiscard]] std::optional<std::uint32_t> position_in(TaskIndex task, JobIndex job) const;
  template <class Visit>  // visit(JobIndex, position)
  void for_each_job(TaskIndex task, Visit&& visit) const {
    for (std::uint32_t m = records_[task.value].memberships; m != kNone; m = memberships_[m].next) {
      visit(memberships_[m].job, memberships_[m].position);
    }
  }

  // `dependent` waits for `input`, which hasn't ended.
  void add_edge(TaskIndex input, TaskIndex dependent);
  // A task that waits for `input`, the newest edge first; that edge is gone afterwards. Unset if there is
  // none.
  std::optional<TaskIndex> take_dependent(TaskIndex input);
  // No edge leads to the task any more: it no longer waits for its inputs.
  void forget_edges_to(TaskIndex dependent) { ++records_[dependent.value].stamp; }

 private:
  struct Membership {
    JobIndex job;
    std::uint32_t position = 0;
    std::uint32_t next = kNone;
  };
  struct Edge {
    TaskIndex to;
    std::uint32_t stamp = 0;
    std::uint32_t next = kNone;
  };
  void free_edges(TaskIndex task);

  boost::unordered_flat_map<TaskId, TaskIndex, TaskIdHash> by_id_;
  std::vector<TaskRecord> records_;
  StateCounts by_state_{};
  std::vector<Membership> memberships_;
  std::vector<Edge> edges_;
  std::vector<TaskIndex> free_records_;
  std::uint32_t free_membership_ = kNone;
  std::uint32_t free_edge_ = kNone;
};

}  // namespace espalier::core
