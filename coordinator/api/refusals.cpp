#include "coordinator/api/refusals.hpp"

#include <fmt/format.h>

#include "common/base/log.hpp"

namespace espalier::api {

std::string_view to_string(Refusal reason) {
  switch (reason) {
    case Refusal::no_token:
      return "no_token";
    case Refusal::role:
      return "role";
    case Refusal::other_site:
      return "other_site";
    case Refusal::host:
      return "host";
    case Refusal::garbled:
      return "garbled";
    case Refusal::path:
      return "path";
    case Refusal::header_too_large:
      return "header_too_large";
    case Refusal::body_too_large:
      return "body_too_large";
    case Refusal::slow:
      return "slow";
    case Refusal::tls:
      return "tls";
    case Refusal::connections:
      return "connections";
    case Refusal::address:
      return "address";
  }
  return "";
}

void Refusals::count(Refusal reason, const std::string& peer, MonotonicTime now) {
  auto& tally = tallies_[static_cast<std::size_t>(reason)];
  const bool first = tally.count++ == 0;
  if (!first && now - tally.last_told < std::chrono::seconds(1)) return;
  const auto others = tally.count - tally.told - 1;
  log::warn("HTTP: refused {}: {}{}", peer, to_string(reason),
            others > 0 ? fmt::format(", and {} more since the last such line", others) : "");
  tally.told = tally.count;
  tally.last_told = now;
}

std::string to_prometheus(const Refusals& refusals) {
  std::string text =
      "# HELP espalier_requests_refused_total What was asked over HTTP and not done, by reason.\n"
      "# TYPE espalier_requests_refused_total counter\n";
  for (std::size_t reason = 0; reason < kRefusals; ++reason)
    text +=
        fmt::format("espalier_requests_refused_total{{reason=\"{}\"}} {}\n",
                    to_string(static_cast<Refusal>(reason)), refusals.counted(static_cast<Refusal>(reason)));
  return text;
}

}  // namespace espalier::api
