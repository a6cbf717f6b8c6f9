// `espalier-worker doctor`: which protections runners have on this host, and what to do about the others.
#pragma once

#include <string>
#include <vector>

#include "common/base/result.hpp"
#include "worker/confinement/protection.hpp"

namespace espalier::agent {

// Tries each of them, in a child; before this process has other threads.
Result<std::vector<confinement::Protection>> examine_host();

// A table, or the same in JSON: [{"protection", "active", "keeps_from", "why_not", "what_to_do"}].
std::string report(const std::vector<confinement::Protection>& protections, bool as_json);

}  // namespace espalier::agent
