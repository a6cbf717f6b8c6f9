// What a coordinator says in `GET /metrics` about the messages that reached it.
#pragma once

#include <fmt/format.h>

#include <string>

#include "common/net/blocking_http.hpp"
#include "tests/system/running_system.hpp"

namespace espalier::test {

// -1 while nobody answers.
inline std::int64_t metric(const RunningSystem& system, const std::string& name) {
  const auto reply = net::request("GET", system.address("http").value() + "/metrics", "",
                                  std::chrono::seconds(5), system.access());
  if (!reply || reply->status != 200) return -1;
  const auto at = reply->body.find("\n" + name + " ");
  return at == std::string::npos ? -1 : std::stoll(reply->body.substr(at + name.size() + 2));
}

inline bool counted(const RunningSystem& system, const std::string& reason, std::int64_t wanted) {
  const auto name = fmt::format("espalier_worker_messages_ignored_total{{reason=\"{}\"}}", reason);
  return eventually([&] { return metric(system, name) >= wanted; }) && metric(system, name) == wanted;
}

}  // namespace espalier::test
