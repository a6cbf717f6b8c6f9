#include "worker/agent/facts/cgroup.hpp"

#include <algorithm>
#include <sstream>
#include <string>

namespace espalier::agent {
namespace {

// Version 1 writes "no limit" as the largest number of whole pages.
constexpr std::int64_t kNoLimit = std::int64_t{1} << 60;

template <class Number>
void lower(std::optional<Number>* limit, std::optional<Number> other) {
  if (other && (!*limit || *other < **limit)) *limit = other;
}

// Our group's path in the hierarchy of a controller ("" for version 2), as /proc/self/cgroup names it.
std::optional<std::string> our_group(const SystemFiles& files, const std::string& controller) {
  std::istringstream lines(files.text("proc/self/cgroup").value_or(""));
  for (std::string line; std::getline(lines, line);) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const auto controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const bool wanted = controller.empty() ? controllers == ",,"
                                           : controllers.find("," + controller + ",") != std::string::npos;
    if (wanted) return line.substr(second + 1);
  }
  return std::nullopt;
}

// "max 100000" or "150000 100000": microseconds of time in each period.
std::optional<double> cpus_of(const std::string& quota_and_period) {
  std::istringstream both(quota_and_period);
  double quota = 0, period = 0;
  if (!(both >> quota >> period) || quota <= 0 || period <= 0) return std::nullopt;
  return quota / period;
}

std::optional<std::int64_t> room_of(const SystemFiles& files, const std::string& folder, const char* limit,
                                    const char* used, const char* idle_files) {
  const auto most = files.number(folder + limit);
  const auto now = files.number(folder + used);
  if (!most || *most < 0 || *most >= kNoLimit || !now) return std::nullopt;
  const auto idle = value_of_line(files.text(folder + "memory.stat").value_or(""), idle_files);
  const auto idle_bytes = idle ? leading_number(*idle).value_or(0) : 0;
  return std::max<std::int64_t>(*most - std::max<std::int64_t>(*now - idle_bytes, 0), 0);
}

std::optional<std::int64_t> bytes_of(std::optional<std::int64_t> number) {
  return number && *number >= 0 && *number < kNoLimit ? number : std::nullopt;
}

// Calls `look` with our group's folder and each one above it; a container may see only the last.
template <class Look>
void upwards(const std::string& mount, std::string group, const Look& look) {
  while (true) {
    look(mount + (group == "/" ? "" : group) + "/");
    if (group.empty() || group == "/") return;
    group.erase(group.rfind('/'));
  }
}

}  // namespace

CgroupLimits cgroup_limits(const SystemFiles& files) {
  CgroupLimits limits;
  if (const auto group = our_group(files, ""))
    upwards("sys/fs/cgroup", *group, [&](const std::string& folder) {
      lower(&limits.memory_bytes, bytes_of(files.number(folder + "memory.max")));
      lower(&limits.memory_room, room_of(files, folder, "memory.max", "memory.current", "inactive_file"));
      lower(&limits.cpus, cpus_of(files.text(folder + "cpu.max").value_or("")));
    });
  if (const auto group = our_group(files, "memory"))
    upwards("sys/fs/cgroup/memory", *group, [&](const std::string& folder) {
      lower(&limits.memory_bytes, bytes_of(files.number(folder + "memory.limit_in_bytes")));
      lower(&limits.memory_room,
            room_of(files, folder, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"));
    });
  if (const auto group = our_group(files, "cpu"))
    upwards("sys/fs/cgroup/cpu", *group, [&](const std::string& folder) {
      lower(&limits.cpus, cpus_of(files.text(folder + "cpu.cfs_quota_us").value_or("") + " " +
                                  files.text(folder + "cpu.cfs_period_us").value_or("")));
    });
  return limits;
}

}  // namespace espalier::agent
