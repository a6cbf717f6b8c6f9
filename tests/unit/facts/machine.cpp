#include "tests/unit/facts/machine.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>

namespace espalier::testing {
namespace {

std::string mask(int first, int count) {
  return fmt::format("{:x}", ((1ULL << count) - 1) << first);
}

}  // namespace

Machine::Machine() {
  std::string name = (std::filesystem::temp_directory_path() / "machine-XXXXXX").string();
  folder_ = ::mkdtemp(name.data());
  write("proc/sys/kernel/osrelease", "6.1.0-13");
  write("proc/self/cgroup", "0::/");
}

Machine::~Machine() {
  std::filesystem::remove_all(folder_);
}

void Machine::write(const std::string& path, const std::string& text) const {
  const auto file = folder_ / path;
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file) << text << "\n";
}

void Machine::remove(const std::string& path) const {
  std::filesystem::remove_all(folder_ / path);
}

void Machine::add_processors(int nodes, int cores_a_node, int threads_a_core, const std::string& l1d,
                             const std::string& l2, const std::string& l3) const {
  const int threads_a_node = cores_a_node * threads_a_core;
  const int threads = nodes * threads_a_node;
  write("sys/devices/system/cpu/online", fmt::format("0-{}", threads - 1));
  write("sys/devices/system/cpu/possible", fmt::format("0-{}", threads - 1));
  for (int cpu = 0; cpu < threads; ++cpu) {
    const auto folder = fmt::format("sys/devices/system/cpu/cpu{}/", cpu);
    const int node = cpu / threads_a_node;
    const int first_of_core = cpu / threads_a_core * threads_a_core;
    const auto of_core = mask(first_of_core, threads_a_core);
    const auto of_node = mask(node * threads_a_node, threads_a_node);
    write(folder + "topology/core_id", std::to_string(first_of_core / threads_a_core));
    write(folder + "topology/physical_package_id", std::to_string(node));
    for (const auto* name : {"thread_siblings", "core_cpus"}) write(folder + "topology/" + name, of_core);
    for (const auto* name : {"core_siblings", "package_cpus"}) write(folder + "topology/" + name, of_node);
    int index = 0;
    const auto add_cache = [&](int level, const char* type, const std::string& size,
                               const std::string& shared) {
      if (size.empty()) return;
      const auto cache = fmt::format("{}cache/index{}/", folder, index++);
      write(cache + "level", std::to_string(level));
      write(cache + "type", type);
      write(cache + "size", size);
      write(cache + "shared_cpu_map", shared);
    };
    add_cache(1, "Data", l1d, of_core);
    add_cache(2, "Unified", l2, of_core);
    add_cache(3, "Unified", l3, of_node);
  }
  if (nodes == 1) return;
  write("sys/devices/system/node/online", fmt::format("0-{}", nodes - 1));
  for (int node = 0; node < nodes; ++node) {
    const auto folder = fmt::format("sys/devices/system/node/node{}/", node);
    write(folder + "cpumap", mask(node * threads_a_node, threads_a_node));
    write(folder + "meminfo", fmt::format("Node {} MemTotal:       8388608 kB", node));
  }
}

}  // namespace espalier::testing
