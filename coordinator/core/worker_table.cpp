#include "coordinator/core/worker_table.hpp"

#include <algorithm>

#include "common/base/result.hpp"

namespace espalier::core {

namespace {
std::string host_alone(
    const WorkerName& name) {  // of a worker that doesn't say where it is; no host's name has a slash
  return "worker/" + name.value;
}
}  // namespace

Worker* WorkerTable::find(const WorkerName& name) {
  const auto found = workers_.find(name);
  return found == workers_.end() ? nullptr : &found->second;
}

const Worker* WorkerTable::find(const WorkerName& name) const {
  const auto found = workers_.find(name);
  return found == workers_.end() ? nullptr : &found->second;
}

Worker& WorkerTable::add(const WorkerName& name, MonotonicTime lease_end) {
  Worker& worker = workers_[name];
  worker.name = name;
  worker.lease_end = lease_end;
  settle(worker, host_alone(name));
  leases_.emplace(lease_end, name);
  return worker;
}

void WorkerTable::remove(const WorkerName& name) {
  Worker& worker = workers_.at(name);
  ESPALIER_ASSERT(worker.attempts.empty());
  worker.session.clear();
  reorder(worker);
  leave_host(worker);
  leases_.erase({worker.lease_end, worker.name});
  workers_.erase(workers_.find(name));  // the caller's name may be the record's own
}

void WorkerTable::set_lease(Worker& worker, MonotonicTime end) {
  leases_.erase({worker.lease_end, worker.name});
  worker.lease_end = end;
  leases_.emplace(end, worker.name);
}

std::optional<MonotonicTime> WorkerTable::first_lease_end() const {
  if (leases_.empty()) return std::nullopt;
  return leases_.begin()->first;
}

Worker* WorkerTable::first_to_expire() {
  return leases_.empty() ? nullptr : find(leases_.begin()->second);
}

void WorkerTable::reorder(Worker& worker) {
  if (worker.order_load) (worker.is_parked ? parked_ : restless_).erase({*worker.order_load, worker.name});
  worker.order_load.reset();
  worker.is_parked = false;
  if (!worker.is_open()) return;
  worker.order_load = worker.attempts.size();
  restless_.emplace(*worker.order_load, worker.name);
}

void WorkerTable::park(Worker& worker) {
  ESPALIER_ASSERT(worker.order_load.has_value());
  if (std::exchange(worker.is_parked, true)) return;
  parked_.insert(restless_.extract({*worker.order_load, worker.name}));
}

void WorkerTable::set_host(Worker& worker, const std::string& named, const Host& share) {
  const std::string name = named.empty() ? host_alone(worker.name) : named;
  if (name == worker.host->name) return;
  const auto add = [](Host& host, const Host& load, int sign) {
    host.attempts += sign * static_cast<std::int64_t>(load.attempts);
    host.reserved_bytes += sign * load.reserved_bytes;
    host.exclusive += sign * static_cast<std::int64_t>(load.exclusive);
  };
  add(*worker.host, share, -1);
  leave_host(worker);
  settle(worker, name);
  add(*worker.host, share, 1);
}

void WorkerTable::settle(Worker& worker, const std::string& host) {
  worker.host = &hosts_[host];
  worker.host->name = host;
  worker.host->workers.insert(worker.name);
}

void WorkerTable::leave_host(Worker& worker) {
  worker.host->workers.erase(worker.name);
  if (worker.host->workers.empty()) hosts_.erase(std::string(worker.host->name));
  worker.host = nullptr;
}

void WorkerTable::reorder_host(const Host& host) {
  for (const WorkerName& name : host.workers) reorder(*find(name));
}

std::size_t WorkerTable::live() const {
  return static_cast<std::size_t>(std::count_if(workers_.begin(), workers_.end(),
                                                [](const auto& entry) { return entry.second.alive(); }));
}

std::vector<WorkerName> WorkerTable::names() const {
  std::vector<WorkerName> names;
  for (const auto& [name, worker] : workers_) names.push_back(name);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace espalier::core
