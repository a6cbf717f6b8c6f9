// Who asks, and whether they may.
#pragma once

#include <optional>
#include <string>

#include "common/base/role.hpp"

namespace espalier::api {

struct Identity {
  Role role = Role::anybody;
  bool is_worker = false;  // of this coordinator's
  std::string name;        // of the token; empty: none was shown
  std::string hash;        // likewise
};

// The least that a route demands.
struct Demand {
  Role role = Role::admin;
  bool or_worker = false;
};

constexpr bool allows(const Demand& demand, const Identity& who) {
  return who.role >= demand.role || (demand.or_worker && who.is_worker);
}

// What a request shows: "Authorization: Bearer …", or else a browser's cookie; empty: nothing.
std::string secret_in(const std::string& authorization, const std::string& cookies, bool is_secure);

// The cookie for a secret; an empty one takes it back. With TLS its name keeps any other host from setting
// it, and the browser from sending it anywhere unencrypted.
std::string session_cookie(const std::string& secret, bool is_secure);

}  // namespace espalier::api
