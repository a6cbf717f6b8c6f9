#include "worker/agent/facts/topology.hpp"

#include <hwloc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

namespace espalier::agent {
namespace {

struct Destroy {
  void operator()(hwloc_topology* topology) const { hwloc_topology_destroy(topology); }
};
using TopologyHandle = std::unique_ptr<hwloc_topology, Destroy>;

// hwloc takes another root from the environment alone. Only tests have one.
class OtherRoot {
 public:
  explicit OtherRoot(const SystemFiles& files) : needed_(!files.of_this_machine()) {
    if (needed_) ::setenv(kName, files.root().c_str(), 1);
  }
  OtherRoot(const OtherRoot&) = delete;
  OtherRoot& operator=(const OtherRoot&) = delete;
  ~OtherRoot() {
    if (needed_) ::unsetenv(kName);
  }

 private:
  static constexpr const char* kName = "HWLOC_FSROOT";
  bool needed_;
};

TopologyHandle load(const SystemFiles& files) {
  const OtherRoot root(files);
  hwloc_topology_t made = nullptr;
  if (hwloc_topology_init(&made) != 0) return nullptr;
  TopologyHandle topology(made);
#if HWLOC_API_VERSION >= 0x00020500
  if (files.of_this_machine())
    hwloc_topology_set_flags(made,
                             HWLOC_TOPOLOGY_FLAG_IS_THISSYSTEM | HWLOC_TOPOLOGY_FLAG_RESTRICT_TO_CPUBINDING);
#endif
  // It would ask this machine's processor for what the files don't say.
  if (!files.of_this_machine())
    hwloc_topology_set_components(made, HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST, "x86");
  hwloc_topology_set_io_types_filter(made, HWLOC_TYPE_FILTER_KEEP_NONE);
  if (hwloc_topology_load(made) != 0) return nullptr;
  return topology;
}

std::optional<int> count(const TopologyHandle& topology, hwloc_obj_type_t type) {
  const int number = hwloc_get_nbobjs_by_type(topology.get(), type);
  return number > 0 ? std::optional(number) : std::nullopt;
}

std::optional<std::int64_t> bytes(const TopologyHandle& topology, hwloc_obj_type_t cache) {
  std::int64_t largest = 0;
  for (hwloc_obj_t found = hwloc_get_next_obj_by_type(topology.get(), cache, nullptr); found != nullptr;
       found = hwloc_get_next_obj_by_type(topology.get(), cache, found))
    largest = std::max(largest, static_cast<std::int64_t>(found->attr->cache.size));
  return largest > 0 ? std::optional(largest) : std::nullopt;
}

}  // namespace

Topology topology_of(const SystemFiles& files) {
  const auto topology = load(files);
  if (!topology) return {};
  return {count(topology, HWLOC_OBJ_CORE),     count(topology, HWLOC_OBJ_PU),
          count(topology, HWLOC_OBJ_NUMANODE), bytes(topology, HWLOC_OBJ_L1CACHE),
          bytes(topology, HWLOC_OBJ_L2CACHE),  bytes(topology, HWLOC_OBJ_L3CACHE)};
}

}  // namespace espalier::agent
