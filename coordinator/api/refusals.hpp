// What was asked and not done, by reason: counted for `GET /metrics`, and told in the log once a second at
// most.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/clock.hpp"

namespace espalier::api {

enum class Refusal {
  no_token,          // none, or none that is valid
  role,              // a valid one of too small a role
  other_site,        // a page of another site wants to change something
  host,              // a name that isn't ours: of a site that has itself resolved to this host
  garbled,           // no HTTP, or a target that is no path
  path,              // a path out of its folder
  header_too_large,  // or with too many fields
  body_too_large,
  slow,         // a header or a handshake that isn't there in time
  tls,          // a handshake that failed
  connections,  // too many at once: the longest idle one was closed, or the new one
  address,      // likewise, too many from one address
};
inline constexpr std::size_t kRefusals = 12;
std::string_view to_string(Refusal reason);

class Refusals {
 public:
  void count(Refusal reason, const std::string& peer, MonotonicTime now);
  [[nodiscard]] std::uint64_t counted(Refusal reason) const { return of(reason).count; }

 private:
  struct Tally {
    std::uint64_t count = 0;
    std::uint64_t told = 0;  // how many of them the log knows
    MonotonicTime last_told{};
  };
  [[nodiscard]] const Tally& of(Refusal reason) const { return tallies_[static_cast<std::size_t>(reason)]; }
  std::array<Tally, kRefusals> tallies_{};
};

std::string to_prometheus(const Refusals& refusals);  // text exposition format 0.0.4

}  // namespace espalier::api
