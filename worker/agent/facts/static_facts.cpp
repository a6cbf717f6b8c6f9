#include "worker/agent/facts/static_facts.hpp"

#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <sstream>
#include <utility>

#include "common/base/cpu_model.hpp"
#include "common/wire/reflection.hpp"
#include "worker/agent/facts/cgroup.hpp"
#include "worker/agent/facts/topology.hpp"

namespace espalier::agent {
namespace {

constexpr double kGiB = 1024.0 * 1024.0 * 1024.0;
constexpr std::size_t kLongestLabel = 200;

using Named = std::pair<std::string_view, std::string_view>;

// The kernel's names of what changes how fast a net runs, and ours.
constexpr std::array kInstructions = {
    // x86
    Named{"sse4_2", "sse4_2"},
    Named{"avx", "avx"},
    Named{"avx2", "avx2"},
    Named{"fma", "fma"},
    Named{"f16c", "f16c"},
    Named{"avx_vnni", "avx_vnni"},
    Named{"avx512f", "avx512"},
    Named{"avx512_vnni", "avx512_vnni"},
    Named{"avx512_bf16", "avx512_bf16"},
    Named{"avx512_fp16", "avx512_fp16"},
    Named{"amx_tile", "amx_tile"},
    Named{"amx_int8", "amx_int8"},
    Named{"amx_bf16", "amx_bf16"},
    // ARM
    Named{"asimd", "neon"},
    Named{"neon", "neon"},
    Named{"asimdhp", "fp16"},
    Named{"asimddp", "dotprod"},
    Named{"sve", "sve"},
    Named{"sve2", "sve2"},
    Named{"i8mm", "i8mm"},
    Named{"bf16", "bf16"},
};

json::array instructions(const std::string& cpuinfo, const std::string& of_runner) {
  std::set<std::string> flags;
  for (const auto* key : {"flags", "Features"})
    if (const auto line = value_of_line(cpuinfo, key)) {
      std::istringstream words(*line);
      for (std::string word; words >> word;) flags.insert(word);
    }
  json::array list;
  std::set<std::string_view> listed;
  for (const auto& [kernel, ours] : kInstructions)
    if (flags.contains(std::string(kernel)) && listed.insert(ours).second) list.emplace_back(ours);
  // What the runner's kernels use, under its own name.
  if (!of_runner.empty() && of_runner != "default" && !listed.contains(of_runner))
    list.emplace_back(of_runner);
  return list;
}

utsname system_name() {
  utsname name{};
  ::uname(&name);
  return name;
}

std::optional<std::int64_t> memory_of_machine(const SystemFiles& files) {
  const auto line = value_of_line(files.text("proc/meminfo").value_or(""), "MemTotal");
  const auto kibibytes = line ? leading_number(*line) : std::nullopt;
  return kibibytes ? std::optional(*kibibytes * 1024) : std::nullopt;
}

std::optional<std::int64_t> free_bytes(const std::filesystem::path& folder) {
  std::error_code unknown;
  const auto room = std::filesystem::space(folder, unknown);
  return unknown ? std::nullopt : std::optional(static_cast<std::int64_t>(room.available));
}

class Facts {
 public:
  template <class T>
  void add(std::string_view name, const std::optional<T>& value) {
    if (value) facts_.emplace(name, *value);
  }
  void add_text(std::string_view name, std::string_view value) {
    if (!value.empty()) facts_.emplace(name, value);
  }
  void add_list(std::string_view name, json::array list) {
    if (!list.empty()) facts_.emplace(name, std::move(list));
  }
  json::object take() { return std::move(facts_); }

 private:
  json::object facts_;
};

void add_system(const SystemFiles& files, Facts* facts) {
  const auto name = system_name();
  facts->add_text("host", files.text("proc/sys/kernel/hostname").value_or(name.nodename));
  facts->add_text("arch", files.text("proc/sys/kernel/arch").value_or(name.machine));  // since Linux 6.1
  std::string os = name.sysname;
  std::transform(os.begin(), os.end(), os.begin(), [](unsigned char c) { return std::tolower(c); });
  facts->add_text("os", os);
  facts->add_text("kernel", files.text("proc/sys/kernel/osrelease").value_or(name.release));
}

void add_processor(const SystemFiles& files, const std::optional<double>& quota, Facts* facts) {
  auto topology = topology_of(files);
  // A share of the machine's time is worth so many of its processors.
  const auto capped = [&quota](std::optional<int> count) {
    if (count && quota) count = std::clamp(static_cast<int>(*quota), 1, *count);
    return count;
  };
  facts->add("cores", capped(topology.cores ? topology.cores : topology.threads));
  facts->add("threads", capped(topology.threads));
  facts->add("numa_nodes", topology.numa_nodes);
  facts->add("l1d", topology.l1d);
  facts->add("l2", topology.l2);
  facts->add("l3", topology.l3);
}

std::optional<std::int64_t> lower_of(std::optional<std::int64_t> machine, std::optional<std::int64_t> limit) {
  return !machine || (limit && *limit < *machine) ? limit : machine;
}

void add_memory(std::optional<std::int64_t> machine, Facts* facts) {
  facts->add("memory", machine);
  facts->add("memory_bytes", machine);  // the name that workers used first
  if (machine) facts->add("memory_gib", std::optional(static_cast<double>(*machine) / kGiB));
}

}  // namespace

std::optional<std::int64_t> memory_bytes(const SystemFiles& files) {
  return lower_of(memory_of_machine(files), cgroup_limits(files).memory_bytes);
}

std::string host_name() {
  return system_name().nodename;
}

Result<void> add_label(const std::string& text, Labels* labels) {
  const auto equals = text.find('=');
  const auto name = text.substr(0, equals);
  const auto is_good = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-'; };
  const auto wrong = [&text](const char* what) {
    return Error{ErrorKind::usage, "the label " + text + " " + what, "write --label rack=b7"};
  };
  if (equals == std::string::npos) return wrong("is not NAME=VALUE");
  if (name.empty() || std::isalpha(static_cast<unsigned char>(name.front())) == 0 ||
      !std::all_of(name.begin(), name.end(), is_good))
    return wrong("has a name with other characters than letters, digits, \"_\" and \"-\"");
  if (text.size() > kLongestLabel) return wrong("is longer than 200 bytes");
  if (!labels->emplace(name, text.substr(equals + 1)).second) return wrong("is given twice");
  return {};
}

json::object static_facts(const SystemFiles& files, const RunnerHello& runner, const Labels& labels,
                          const std::filesystem::path& cache) {
  Facts facts;
  const auto limits = cgroup_limits(files);
  const auto cpuinfo = files.text("proc/cpuinfo").value_or("");
  add_system(files, &facts);
  facts.add_text("cpu", cpu_model_in(cpuinfo));
  add_processor(files, limits.cpus, &facts);
  add_memory(lower_of(memory_of_machine(files), limits.memory_bytes), &facts);
  facts.add_list("isa", instructions(cpuinfo, runner.isa));
  facts.add_text("libtorch", runner.libtorch);
  facts.add_list("engines", wire::to_json(runner.engines).as_array());
  facts.add_text("allocator", runner.allocator.value_or(""));
  facts.add_text("device", runner.device.value_or("cpu"));
  facts.add_list("device_names",
                 wire::to_json(runner.device_names.value_or(std::vector<std::string>{})).as_array());
  facts.add_list("confinement",
                 wire::to_json(runner.confinement.value_or(std::vector<std::string>{})).as_array());
  facts.add("disk_free", free_bytes(cache));
  for (const auto& [name, value] : labels) facts.add_text("labels." + name, value);
  return facts.take();
}

}  // namespace espalier::agent
