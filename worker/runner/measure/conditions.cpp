#include "worker/runner/measure/conditions.hpp"

#include <ATen/Parallel.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

namespace espalier::runner {
namespace {

double seconds_of(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

constexpr int kStealColumn = 8;  // of "cpuN user nice system idle iowait irq softirq steal …"

}  // namespace

PinnedToCpus::PinnedToCpus(int count) {
  if (sched_getaffinity(0, sizeof before_, &before_) != 0) return;
  cpu_set_t chosen;
  CPU_ZERO(&chosen);
  for (int cpu = CPU_SETSIZE - 1; cpu >= 0 && static_cast<int>(cpus_.size()) < count; --cpu) {
    if (!CPU_ISSET(static_cast<std::size_t>(cpu), &before_)) continue;
    CPU_SET(static_cast<std::size_t>(cpu), &chosen);
    cpus_.push_back(cpu);
  }
  if (sched_setaffinity(0, sizeof chosen, &chosen) != 0) cpus_.clear();
}

PinnedToCpus::~PinnedToCpus() {
  if (!cpus_.empty()) sched_setaffinity(0, sizeof before_, &before_);
}

IntraOpThreads::IntraOpThreads(int count) : before_(at::get_num_threads()) {
  at::set_num_threads(count);
}
IntraOpThreads::~IntraOpThreads() {
  at::set_num_threads(before_);
}

double monotonic_seconds() {
  return seconds_of(CLOCK_MONOTONIC);
}
double thread_cpu_seconds() {
  return seconds_of(CLOCK_THREAD_CPUTIME_ID);
}

double running_seconds() {
  return at::get_num_threads() == 1 ? thread_cpu_seconds() : monotonic_seconds();
}

ThreadUsage thread_usage_now() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  return {monotonic_seconds(), thread_cpu_seconds(), usage.ru_nivcsw};
}

double stolen_seconds(const std::vector<int>& cpus, const std::filesystem::path& proc) {
  std::ifstream stat(proc / "stat");
  double ticks = 0;
  for (std::string line; std::getline(stat, line);) {
    std::istringstream words(line);
    std::string word;
    words >> word;
    const bool is_ours =
        std::any_of(cpus.begin(), cpus.end(), [&](int cpu) { return word == "cpu" + std::to_string(cpu); });
    if (!is_ours) continue;
    double value = 0;
    for (int column = 1; column <= kStealColumn; ++column) words >> value;
    ticks += words ? value : 0;
  }
  return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double queued_seconds(const std::filesystem::path& proc) {
  std::error_code missing;
  double nanoseconds = 0;
  for (const auto& thread : std::filesystem::directory_iterator(proc / "self/task", missing)) {
    std::ifstream schedule(thread.path() / "schedstat");
    double ran = 0, queued = 0;
    if (schedule >> ran >> queued) nanoseconds += queued;
  }
  return nanoseconds * 1e-9;
}

MachineNow machine_now(const std::vector<int>& cpus) {
  return {monotonic_seconds(), stolen_seconds(cpus), queued_seconds()};
}

double busy_part(double timing_thread, const MachineNow& before, const MachineNow& after, int threads) {
  const double wall_s = (after.wall_s - before.wall_s) * threads;
  if (wall_s <= 0) return timing_thread;
  const double stolen = (after.stolen_s - before.stolen_s) / wall_s;
  const double queued = (after.queued_s - before.queued_s) / wall_s;
  return std::clamp(std::max(stolen, threads == 1 ? timing_thread : queued), 0.0, 1.0);
}

}  // namespace espalier::runner
