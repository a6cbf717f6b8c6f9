// The states of tasks, jobs and attempts, and the edges a task may take. Whatever changes a task's state asks
// this table; an edge that isn't in it is a defect of ours and ends the program.
#pragma once

#include <boost/describe.hpp>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace espalier::core {

//                inputs there          given to a worker            heard of it
//      waiting ----------------> ready ---------------> assigned ---------------> running
//       |   ^                    |  ^                      |                         |
//       |   |                    |  +--- lost, or to be ---+-------------------------+
//       |   |                    |       tried again       |                         |
//       |   | asked for          |                         +------------+------------+
//       |   | again              v                                      v
//       +---|----------------> cancelled <------------ succeeded | failed | cancelled
//           +----------------------+-------------------------------+
//
// `succeeded` absorbs: a task with a committed result is never run again. A failed or cancelled task goes
// back to `waiting` only if somebody asks for it again. `assigned` may end without ever being `running`: the
// first that we hear of a short task is that it has ended.
enum class TaskState : std::uint8_t { waiting, ready, assigned, running, succeeded, failed, cancelled };
enum class JobState : std::uint8_t { running, paused, succeeded, failed, cancelled };
enum class AttemptState : std::uint8_t {
  running,
  succeeded,
  failed,
  crashed,
  timed_out,
  out_of_memory,
  cancelled,
  lost,        // its worker was lost, or never got it; doesn't count against the user's retries
  superseded,  // ended after it had been given up: kept for the record, its result isn't used
};

inline constexpr std::size_t kTaskStates = 7;
inline constexpr std::size_t kJobStates = 5;

BOOST_DESCRIBE_ENUM(TaskState, waiting, ready, assigned, running, succeeded, failed, cancelled)
BOOST_DESCRIBE_ENUM(JobState, running, paused, succeeded, failed, cancelled)
BOOST_DESCRIBE_ENUM(AttemptState, running, succeeded, failed, crashed, timed_out, out_of_memory, cancelled,
                    lost, superseded)

struct TaskEdge {
  TaskState from{};
  TaskState to{};
  std::string_view why;
};

inline constexpr TaskEdge kTaskEdges[] = {
    {TaskState::waiting, TaskState::ready, "all inputs succeeded"},
    {TaskState::waiting, TaskState::cancelled, "no job needs it any more, or an input failed"},
    {TaskState::ready, TaskState::assigned, "given to a worker"},
    {TaskState::ready, TaskState::cancelled, "no job needs it any more"},
    {TaskState::assigned, TaskState::running, "the worker speaks of it"},
    {TaskState::assigned, TaskState::ready, "lost, or to be tried again"},
    {TaskState::assigned, TaskState::succeeded, "result accepted"},
    {TaskState::assigned, TaskState::failed, "failed for good"},
    {TaskState::assigned, TaskState::cancelled, "no job needs it any more"},
    {TaskState::running, TaskState::ready, "lost, or to be tried again"},
    {TaskState::running, TaskState::succeeded, "result accepted"},
    {TaskState::running, TaskState::failed, "failed for good"},
    {TaskState::running, TaskState::cancelled, "no job needs it any more"},
    {TaskState::failed, TaskState::waiting, "asked for again"},
    {TaskState::cancelled, TaskState::waiting, "asked for again"},
};

constexpr bool edge_allowed(TaskState from, TaskState to) {
  for (const TaskEdge& edge : kTaskEdges) {
    if (edge.from == from && edge.to == to) return true;
  }
  return false;
}

constexpr bool is_terminal(TaskState state) {
  return state == TaskState::succeeded || state == TaskState::failed || state == TaskState::cancelled;
}
constexpr bool is_held(TaskState state) {
  return state == TaskState::assigned || state == TaskState::running;
}
constexpr bool is_terminal(JobState state) {
  return state != JobState::running && state != JobState::paused;
}

}  // namespace espalier::core
