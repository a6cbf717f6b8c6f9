#include "worker/agent/doctor.hpp"

#include <fmt/format.h>

#include "common/base/json.hpp"
#include "worker/confinement/groups.hpp"
#include "worker/confinement/seal.hpp"

namespace espalier::agent {
using confinement::Kind;
using confinement::Protection;

Result<std::vector<Protection>> examine_host() {
  auto all = confinement::probe();
  if (!all) return all.error();
  const auto possible = confinement::Groups::can_be_had();
  all->push_back({Kind::cgroup, possible.has_value(), possible ? std::string() : possible.error().message});
  return all;
}

std::string report(const std::vector<Protection>& protections, bool as_json) {
  json::array list;
  std::string table;
  for (const auto& protection : protections) {
    const auto& meaning = meaning_of(protection.kind);
    list.push_back(json::object{{"protection", meaning.name},
                                {"active", protection.active},
                                {"keeps_from", meaning.keeps},
                                {"why_not", protection.why_not},
                                {"what_to_do", protection.active ? "" : meaning.to_get_it}});
    table += fmt::format("{:<13} {:<7} keeps from {}\n", meaning.name,
                         protection.active ? "active" : "MISSING", meaning.keeps);
    if (!protection.active)
      table += fmt::format("{0:<21} why: {1}\n{0:<21} to get it: {2}\n", "", protection.why_not,
                           meaning.to_get_it);
  }
  return as_json ? json::serialize(list) + "\n" : table;
}

}  // namespace espalier::agent
