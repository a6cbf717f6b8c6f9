#include "worker/agent/affinity.hpp"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <string>
#include <string_view>

namespace espalier::agent {
namespace {

int number_in(std::string_view text) {
  int number = -1;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// "0-3,8,10-11"
Processors processors_in(std::string_view list) {
  Processors all;
  while (!list.empty()) {
    const auto part = list.substr(0, list.find(','));
    list.remove_prefix(std::min(part.size() + 1, list.size()));
    const auto dash = part.find('-');
    const int first = number_in(part);
    const int last = dash == std::string_view::npos ? first : number_in(part.substr(dash + 1));
    for (int cpu = first; cpu >= 0 && cpu <= last && cpu < CPU_SETSIZE; ++cpu) all.push_back(cpu);
  }
  return all;
}

bool is_node(const std::string& name) {
  constexpr std::string_view kNode = "node";
  return name.starts_with(kNode) && number_in(std::string_view(name).substr(kNode.size())) >= 0;
}

}  // namespace

Processors own_processors() {
  cpu_set_t ours;
  if (::sched_getaffinity(0, sizeof ours, &ours) != 0) return {};
  Processors all;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(static_cast<std::size_t>(cpu), &ours)) all.push_back(cpu);
  return all;
}

std::vector<Processors> nodes_of(const SystemFiles& files) {
  const auto ours = own_processors();
  const std::string folder = "sys/devices/system/node";
  std::vector<Processors> nodes;
  for (const auto& name : files.names_in(folder)) {
    if (!is_node(name)) continue;
    auto processors = processors_in(files.text(folder + "/" + name + "/cpulist").value_or(""));
    if (files.of_this_machine())
      std::erase_if(processors,
                    [&ours](int cpu) { return !std::binary_search(ours.begin(), ours.end(), cpu); });
    if (!processors.empty()) nodes.push_back(std::move(processors));
  }
  return nodes;
}

std::vector<Processors> places(const std::vector<Processors>& nodes, std::size_t slots) {
  std::vector<Processors> chosen(slots);
  if (nodes.size() < 2 || slots < nodes.size()) return chosen;
  std::size_t all = 0;
  for (const auto& node : nodes) all += node.size();
  for (std::size_t slot = 0; slot < slots; ++slot) {
    // The processor in the middle of its share says which node.
    auto middle = (2 * slot + 1) * all / (2 * slots);
    auto node = nodes.begin();
    while (middle >= node->size()) middle -= (node++)->size();
    chosen[slot] = *node;
  }
  return chosen;
}

void run_on(pid_t process, const Processors& processors) {
  if (processors.empty()) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int cpu : processors) CPU_SET(static_cast<std::size_t>(cpu), &set);
  std::error_code gone;
  const auto folder = "/proc/" + std::to_string(process) + "/task";
  for (std::filesystem::directory_iterator thread(folder, gone), end; !gone && thread != end;
       thread.increment(gone))
    ::sched_setaffinity(number_in(thread->path().filename().string()), sizeof set, &set);
}

}  // namespace espalier::agent
