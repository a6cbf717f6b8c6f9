#include "common/match/facts.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "common/base/words.hpp"

namespace espalier::match {
namespace {

constexpr std::string_view kLabels = "labels.";

using enum FactType;

constexpr std::array kFacts = {
    Fact{"host", text, "", "name of the host", R"(host == "lab-3")"},
    Fact{"worker", text, "", "name of the worker", R"(worker in ["lab-3-a", "lab-3-b"])"},
    Fact{"arch", text, "", "instruction set architecture", R"(arch == "x86_64")"},
    Fact{"os", text, "", "operating system", R"(os == "linux")"},
    Fact{"kernel", version, "", "version of the kernel", R"(kernel >= "6.1")"},
    Fact{"cpu", text, "", "model name of the CPU", R"(cpu != "AMD EPYC 7B13")"},
    Fact{"cores", number, "", "physical cores", "cores >= 8"},
    Fact{"threads", number, "", "logical cores", "threads >= 16"},
    Fact{"numa_nodes", number, "", "NUMA nodes", "numa_nodes == 1"},
    Fact{"l1d", number, "B", "L1 data cache of a core", "l1d >= 32KiB"},
    Fact{"l2", number, "B", "L2 cache of a core", "l2 >= 1MiB"},
    Fact{"l3", number, "B", "L3 cache, the largest there is", "l3 >= 32MiB"},
    Fact{"memory", number, "B", "memory of the host", "memory >= 4GiB"},
    Fact{"memory_gib", number, "GiB", "the same in GiB", "memory_gib >= 4"},
    Fact{"isa", texts, "", "extensions of the instruction set", R"("avx512_vnni" in isa)"},
    Fact{"libtorch", version, "", "version of LibTorch", R"(libtorch >= "2.1")"},
    Fact{"engines", texts, "", "engines for int8", R"("onednn" in engines)"},
    Fact{"allocator", text, "", "memory allocator of the runner", R"(allocator == "mimalloc")"},
    Fact{"device", text, "", "kind of device", R"(device == "cuda")"},
    Fact{"device_names", texts, "", "names of the devices", R"("NVIDIA H100" in device_names)"},
    Fact{"device_class", text, "", "what makes latencies comparable", R"(device_class != "unknown")"},
    Fact{"confinement", texts, "", "what a model can't get out of there", R"("landlock" in confinement)"},
    Fact{"slots", number, "", "tasks that it runs at once", "slots > 1"},
    Fact{"disk_free", number, "B", "room where it keeps its files", "disk_free >= 20GB"},
    Fact{"labels.NAME", version, "", "a label that was given to the worker", R"(labels.room == "b4")"},
    Fact{"load", number, "", "load average of the last minute", "load < 1", true},
    Fact{"memory_free", number, "B", "memory that can still be had", "memory_free >= 2GiB", true},
    Fact{"temperature_c", number, "°C", "temperature of the CPU", "temperature_c < 80", true},
    Fact{"throttled", boolean, "", "the CPU runs slower than it could", "!throttled", true},
    Fact{"on_battery", boolean, "", "no mains", "!on_battery", true},
    Fact{"governor", text, "", "governor of the CPU's frequency", R"(governor == "performance")", true},
};

}  // namespace

std::span<const Fact> facts() {
  return kFacts;
}

const Fact* find_fact(std::string_view name) {
  const bool is_label = name.starts_with(kLabels);
  if (is_label && !is_label_name(name.substr(kLabels.size()))) return nullptr;
  const auto found = std::find_if(kFacts.begin(), kFacts.end(), [&](const Fact& fact) {
    return fact.name.starts_with(kLabels) ? is_label : fact.name == name;
  });
  return found == kFacts.end() ? nullptr : &*found;
}

bool is_label_name(std::string_view name) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
  return !name.empty() && name.find_first_not_of(kAllowed) == std::string_view::npos;
}

std::string nearest_fact(std::string_view name) {
  if (name.starts_with("labels")) return "write `labels.` and the label's name: `labels.room`";
  std::string small(name);
  std::transform(small.begin(), small.end(), small.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  std::vector<std::string_view> names;
  for (const auto& fact : kFacts) names.push_back(fact.name);
  return suggestion(small, names);
}

std::string_view to_string(FactType type) {
  switch (type) {
    case text:
      return "text";
    case version:
      return "version";
    case number:
      return "number";
    case boolean:
      return "boolean";
    case texts:
      return "list of texts";
  }
  return "";
}

}  // namespace espalier::match
