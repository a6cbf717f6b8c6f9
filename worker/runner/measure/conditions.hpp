// What surrounds a measurement: the CPU it is pinned to, and how busy the machine is. Linux only.
#pragma once

#include <sched.h>

#include <cstdint>
#include <filesystem>
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

// The clock for a net: its thread's own where LibTorch has one thread, so that waiting for a CPU adds
// nothing.
double running_seconds();

// Clocks and counters of the calling thread.
struct ThreadUsage {
  double wall_s = 0;
  double cpu_s = 0;
  std::int64_t preemptions = 0;  // involuntary context switches
};
ThreadUsage thread_usage_now();

// Time so far that the machine's host gave to others although these CPUs had work: a thread's clock may count
// it as its own. In steps of a hundredth of a second; 0 where the machine is nobody's guest.
double stolen_seconds(const std::vector<int>& cpus, const std::filesystem::path& proc = "/proc");

// Time so far that threads of this process stood in a queue for a CPU, summed over those that live; 0 where
// the kernel doesn't say. Unlike a thread's own clock it knows waiting for a CPU from waiting for another
// thread.
double queued_seconds(const std::filesystem::path& proc = "/proc");

// The two clocks above, and the time.
struct MachineNow {
  double wall_s = 0;
  double stolen_s = 0;
  double queued_s = 0;
};
MachineNow machine_now(const std::vector<int>& cpus);

// 0..1: the part of the time between two looks in which `threads` threads, that wanted to run, had no CPU.
// `timing_thread` is what the timing thread's own clock says of it; with several threads it also waits for
// the others, so that only the queue and the host count.
double busy_part(double timing_thread, const MachineNow& before, const MachineNow& after, int threads);

}  // namespace espalier::runner
