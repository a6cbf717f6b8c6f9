#include "common/base/cpu_model.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace espalier {
namespace {

using Named = std::pair<std::string_view, std::string_view>;

// Implementer and part as the kernel prints them; the numbers are ARM's (MIDR_EL1).
constexpr std::array kParts = {
    Named{"0x41/0xd03", "Arm Cortex-A53"},  Named{"0x41/0xd05", "Arm Cortex-A55"},
    Named{"0x41/0xd07", "Arm Cortex-A57"},  Named{"0x41/0xd08", "Arm Cortex-A72"},
    Named{"0x41/0xd09", "Arm Cortex-A73"},  Named{"0x41/0xd0a", "Arm Cortex-A75"},
    Named{"0x41/0xd0b", "Arm Cortex-A76"},  Named{"0x41/0xd0c", "Arm Neoverse-N1"},
    Named{"0x41/0xd40", "Arm Neoverse-V1"}, Named{"0x41/0xd41", "Arm Cortex-A78"},
    Named{"0x41/0xd44", "Arm Cortex-X1"},   Named{"0x41/0xd49", "Arm Neoverse-N2"},
    Named{"0x41/0xd4f", "Arm Neoverse-V2"}, Named{"0xc0/0xac3", "Ampere-1"},
    Named{"0x46/0x001", "Fujitsu A64FX"},
};

std::string_view value_in(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return {};
  const auto from = line.find_first_not_of(" \t", colon + 1);
  return from == std::string_view::npos ? std::string_view() : line.substr(from);
}

std::string arm_name(std::string_view implementer, std::string_view part) {
  const auto both = std::string(implementer) + "/" + std::string(part);
  const auto* known =
      std::find_if(kParts.begin(), kParts.end(), [&](const Named& named) { return named.first == both; });
  if (known != kParts.end()) return std::string(known->second);
  return "Arm " + std::string(implementer) + " part " + std::string(part);
}

}  // namespace

std::string cpu_model_in(std::string_view cpuinfo) {
  std::string_view implementer;
  std::set<std::string> cores;  // big and little ones may differ
  for (std::size_t from = 0; from < cpuinfo.size();) {
    const auto end = std::min(cpuinfo.find('\n', from), cpuinfo.size());
    const auto line = cpuinfo.substr(from, end - from);
    from = end + 1;
    if (line.starts_with("model name")) return std::string(value_in(line));
    if (line.starts_with("CPU implementer")) implementer = value_in(line);
    if (line.starts_with("CPU part")) cores.insert(arm_name(implementer, value_in(line)));
  }
  std::string name;
  for (const auto& core : cores) name += (name.empty() ? "" : " + ") + core;
  return name;
}

}  // namespace espalier
