// What surrounds a measurement: the CPU it is pinned to, how busy the machine is, energy. Linux only.
#pragma once

#include <sched.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace espalier::runner {

// Confines the calling thread (and the threads it will create) to `count` of the CPUs it may use, the highest
// numbered ones, because the kernel's own work gathers on the lowest. Undone on destruction.
class PinnedToCpus {
 public:
  explicit PinnedToCpus(int count);
  ~PinnedToCpus();
  PinnedToCpus(const PinnedToCpus&) = delete;
  PinnedToCpus& operator=(const PinnedToCpus&) = delete;
  [[nodiscard]] const std::vector<int>& cpus() const { return cpus_; }  // empty: the kernel refused

 private:
  cpu_set_t before_{};
  std::vector<int> cpus_;
};

// LibTorch's intra-op threads, restored on destruction.
class IntraOpThreads {
 public:
  explicit IntraOpThreads(int count);
  ~IntraOpThreads();
  IntraOpThreads(const IntraOpThreads&) = delete;
  IntraOpThreads& operator=(const IntraOpThreads&) = delete;

 private:
  int before_;
};

double monotonic_seconds();
double thread_cpu_seconds();  // in which the calling thread had a CPU

// Clocks and counters of the calling thread.
struct ThreadUsage {
  double wall_s = 0;
  double cpu_s = 0;
  std::int64_t preemptions = 0;  // involuntary context switches
};
ThreadUsage thread_usage_now();

// Energy of all CPU packages so far, in joules, wrapping at `energy_range_joules`. Unset where the machine
// has no readable RAPL counter.
std::optional<double> package_energy_joules();
double energy_range_joules();

}  // namespace espalier::runner
