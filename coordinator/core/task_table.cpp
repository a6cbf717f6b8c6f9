#include "coordinator/core/task_table.hpp"

#include "common/base/result.hpp"

namespace espalier::core {

namespace {

// Takes a node from the list of free ones, or a new one at the end.
template <class Node>
std::uint32_t take_node(std::vector<Node>& nodes, std::uint32_t& free_head) {
  if (free_head == kNone) {
    nodes.emplace_back();
    return static_cast<std::uint32_t>(nodes.size() - 1);
  }
  const std::uint32_t node = free_head;
  free_head = nodes[node].next;
  return node;
}

template <class Node>
void give_node(std::vector<Node>& nodes, std::uint32_t& free_head, std::uint32_t node) {
  nodes[node].next = free_head;
  free_head = node;
}

}  // namespace

std::optional<TaskIndex> TaskTable::find(TaskId id) const {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return std::nullopt;
  return found->second;
}

TaskIndex TaskTable::add(TaskId id) {
  TaskIndex task;
  if (free_records_.empty()) {
    task.value = static_cast<std::uint32_t>(records_.size());
    records_.emplace_back();
  } else {
    task = free_records_.back();
    free_records_.pop_back();
  }
  const std::uint32_t stamp = records_[task.value].stamp;
  records_[task.value] = TaskRecord{};
  records_[task.value].id = id;
  records_[task.value].stamp = stamp;
  const bool is_new = by_id_.emplace(id, task).second;
  ESPALIER_ASSERT(is_new);
  ++by_state_[static_cast<std::size_t>(records_[task.value].state)];
  return task;
}

void TaskTable::set_state(TaskIndex task, TaskState state) {
  TaskRecord& record = records_[task.value];
  --by_state_[static_cast<std::size_t>(record.state)];
  ++by_state_[static_cast<std::size_t>(state)];
  record.state = state;
}

void TaskTable::remove(TaskIndex task) {
  --by_state_[static_cast<std::size_t>(records_[task.value].state)];
  ESPALIER_ASSERT(records_[task.value].memberships == kNone && !is_held(records_[task.value].state));
  free_edges(task);
  forget_edges_to(task);
  by_id_.erase(records_[task.value].id);
  free_records_.push_back(task);
}

void TaskTable::reserve(std::size_t more) {
  if (more <= records_.size()) return;  // small additions grow in steps of their own
  by_id_.reserve(by_id_.size() + more);
  records_.reserve(records_.size() + more);
}

void TaskTable::add_membership(TaskIndex task, JobIndex job, std::uint32_t position) {
  const std::uint32_t node = take_node(memberships_, free_membership_);
  memberships_[node] = {job, position, records_[task.value].memberships};
  records_[task.value].memberships = node;
}

void TaskTable::remove_membership(TaskIndex task, JobIndex job) {
  std::uint32_t* link = &records_[task.value].memberships;
  while (*link != kNone) {
    const std::uint32_t node = *link;
    if (memberships_[node].job == job) {
      *link = memberships_[node].next;
      give_node(memberships_, free_membership_, node);
      return;
    }
    link = &memberships_[node].next;
  }
}

std::optional<std::uint32_t> TaskTable::position_in(TaskIndex task, JobIndex job) const {
  std::optional<std::uint32_t> found;
  for_each_job(task, [&](JobIndex other, std::uint32_t position) {
    if (other == job) found = position;
  });
  return found;
}

void TaskTable::add_edge(TaskIndex input, TaskIndex dependent) {
  const std::uint32_t node = take_node(edges_, free_edge_);
  edges_[node] = {dependent, records_[dependent.value].stamp, records_[input.value].dependents};
  records_[input.value].dependents = node;
}

std::optional<TaskIndex> TaskTable::take_dependent(TaskIndex input) {
  std::uint32_t& first = records_[input.value].dependents;
  while (first != kNone) {
    const std::uint32_t node = first;
    const Edge edge = edges_[node];
    first = edge.next;
    give_node(edges_, free_edge_, node);
    if (edge.stamp == records_[edge.to.value].stamp) return edge.to;
  }
  return std::nullopt;
}

void TaskTable::free_edges(TaskIndex task) {
  std::uint32_t edge = records_[task.value].dependents;
  while (edge != kNone) {
    const std::uint32_t next = edges_[edge].next;
    give_node(edges_, free_edge_, edge);
    edge = next;
  }
  records_[task.value].dependents = kNone;
}

}  // namespace espalier::core
