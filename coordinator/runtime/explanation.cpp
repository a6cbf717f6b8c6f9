#include "coordinator/runtime/explanation.hpp"

#include <fmt/format.h>

#include <map>

#include "common/match/requirement.hpp"
#include "common/match/worker_facts.hpp"

namespace espalier::runtime {
namespace {
void add(std::vector<core::Obstacle>& obstacles, std::string what, std::string change) {
  core::Obstacle& it = obstacles.emplace_back();
  it.what = std::move(what);
  it.change = std::move(change);
}

json::array to_json(const std::vector<core::Obstacle>& obstacles) {
  json::array list;
  for (const auto& each : obstacles) list.push_back({{"what", each.what}, {"change", each.change}});
  return list;
}

std::vector<core::Obstacle> obstacles_of_lost(const json::object& worker, const job::Target& target) {
  const std::string name(worker.at("name").as_string());
  std::vector<core::Obstacle> found;
  add(found, "it is lost", fmt::format("start espalier-worker --name {} there", name));
  if (worker.at("cordoned").as_bool())
    add(found, "it is cordoned", fmt::format("`espalier workers undrain {}`", name));
  const auto requirement = match::requirement_of(target.require, target.any_of);
  if (!requirement) {
    add(found, "its target can't be read: " + requirement.error().message, "");
    return found;
  }
  for (const auto& term : requirement->what_fails(match::worker_facts(worker)))
    add(found, fmt::format("{}: it has {}", term.term, term.has), term.wants);
  return found;
}

}  // namespace

json::object explanation_of(const store::TaskToExplain& task,
                            const std::optional<core::Core::Explanation>& core, const json::array& workers) {
  json::object result{{"task", task.key.value},
                      {"stage", task.stage},
                      {"state", task.state},
                      {"reason", task.reason},
                      {"obstacles", core ? to_json(core->obstacles) : json::array{}}};
  std::map<std::string, const core::Explained*> with_lease;
  if (core) {
    for (const auto& each : core->workers) with_lease.emplace(each.worker.value, &each);
  }
  json::array& list = result["workers"].emplace_array();
  for (const auto& worker : workers) {
    const auto& name = worker.at("name").as_string();
    const auto found = with_lease.find(std::string(name));
    if (found != with_lease.end()) {
      list.push_back({{"name", name}, {"state", "alive"}, {"obstacles", to_json(found->second->obstacles)}});
    } else if (core) {
      list.push_back({{"name", name},
                      {"state", "lost"},
                      {"obstacles", to_json(obstacles_of_lost(worker.as_object(), task.target))}});
    }
  }
  return result;
}

}  // namespace espalier::runtime
