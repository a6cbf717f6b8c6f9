// How far the HTTP side trusts whom, and for how long it waits.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/net/tls.hpp"
#include "coordinator/api/connections.hpp"

namespace espalier::api {

struct Patience {
  std::chrono::milliseconds first_byte{20'000};  // of a new connection
  std::chrono::milliseconds next_request{75'000};
  std::chrono::milliseconds header{10'000};  // from its first byte to its last; a handshake likewise
};

struct Security {
  std::optional<net::TlsServer> tls{};  // unset: plain HTTP
  bool demands_tokens = false;          // else everybody is an admin
  std::string worker_token{};           // a secret: what this coordinator's workers show
  // Unset: any. Else only requests to this machine's own loopback names, or to these, are answered: a web
  // site may have its name resolved to 127.0.0.1, so that the browser of somebody who looks at it takes us
  // for that site.
  std::optional<std::vector<std::string>> names{};
  std::uint64_t largest_artifact = std::uint64_t{64} << 30;  // bytes
  ConnectionLimits connections{};
  Patience patience{};
};

}  // namespace espalier::api
