// What somebody may do over HTTP. Each role may all that those before it may.
#pragma once

#include <optional>
#include <string_view>

namespace espalier {

enum class Role { anybody, reader, submitter, admin };

constexpr std::string_view to_string(Role role) {
  switch (role) {
    case Role::anybody:
      return "anybody";
    case Role::reader:
      return "reader";
    case Role::submitter:
      return "submitter";
    case Role::admin:
      return "admin";
  }
  return "anybody";
}

// Of those that a token can have.
constexpr std::optional<Role> role_from(std::string_view name) {
  for (const auto role : {Role::reader, Role::submitter, Role::admin})
    if (to_string(role) == name) return role;
  return std::nullopt;
}

}  // namespace espalier
