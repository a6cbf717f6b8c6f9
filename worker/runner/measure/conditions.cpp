#include "worker/runner/measure/conditions.hpp"

#include <ATen/Parallel.h>
#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

namespace espalier::runner {
namespace {

double seconds_of(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// Top-level RAPL packages; their sub-zones (core, dram) are folders named intel-rapl:0:1.
std::vector<std::filesystem::path> rapl_packages() {
  std::vector<std::filesystem::path> packages;
  std::error_code missing;
  for (const auto& entry : std::filesystem::directory_iterator("/sys/class/powercap", missing)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("intel-rapl:") && std::count(name.begin(), name.end(), ':') == 1) {
      packages.push_back(entry.path());
    }
  }
  return packages;
}

std::optional<double> microjoules_in(const std::filesystem::path& file) {
  std::ifstream in(file);
  double value = 0;
  if (in >> value) return value * 1e-6;
  return std::nullopt;
}

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

ThreadUsage thread_usage_now() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  return {monotonic_seconds(), thread_cpu_seconds(), usage.ru_nivcsw};
}

std::optional<double> package_energy_joules() {
  std::optional<double> total;
  for (const auto& package : rapl_packages()) {
    if (const auto joules = microjoules_in(package / "energy_uj")) total = total.value_or(0) + *joules;
  }
  return total;
}

double energy_range_joules() {
  double total = 0;
  for (const auto& package : rapl_packages()) {
    total += microjoules_in(package / "max_energy_range_uj").value_or(0);
  }
  return total;
}

}  // namespace espalier::runner
