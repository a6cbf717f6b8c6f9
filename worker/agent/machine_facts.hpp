// What placement may want to know about this machine and its runner.
#pragma once

#include "common/base/json.hpp"
#include "worker/agent/runner_protocol.hpp"

namespace espalier::agent {

// {"host", "arch", "cores", "memory_bytes", "libtorch", "engines", "isa"}
json::object machine_facts(const RunnerHello& runner);
std::string host_name();

}  // namespace espalier::agent
