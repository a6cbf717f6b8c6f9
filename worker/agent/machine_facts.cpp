#include "worker/agent/machine_facts.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include <thread>

#include "common/wire/reflection.hpp"

namespace espalier::agent {
namespace {

utsname system_name() {
  utsname name{};
  ::uname(&name);
  return name;
}

}  // namespace

std::string host_name() {
  return system_name().nodename;
}

json::object machine_facts(const RunnerHello& runner) {
  const auto name = system_name();
  return {{"host", name.nodename},
          {"arch", name.machine},
          {"cores", std::thread::hardware_concurrency()},
          {"memory_bytes", std::int64_t{::sysconf(_SC_PHYS_PAGES)} * ::sysconf(_SC_PAGESIZE)},
          {"libtorch", runner.libtorch},
          {"engines", wire::to_json(runner.engines)},
          {"isa", runner.isa}};
}

}  // namespace espalier::agent
