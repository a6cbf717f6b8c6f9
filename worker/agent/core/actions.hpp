// What the agent's core wants done, in this order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/base/result.hpp"
#include "common/wire/messages.hpp"

namespace espalier::agent {

// The core's own causes are the first two; the others are a workshop's.
enum class StopCause { cancelled, lease_lost, timed_out, out_of_memory, over_limit };

struct Say {  // one frame. What can't be sent is not kept: see NotSent, everything else is repeated
  std::vector<wire::ToCoordinator> messages;
};
struct Welcomed {  // by a coordinator: where its artifacts are from now on
  std::int64_t epoch = 0;
  std::string http;
  std::optional<std::string> http_token;  // a secret
  std::optional<std::string> http_certificate;
};
struct StartAttempt {
  wire::Assign assign;
};
struct StopAttempt {  // AttemptEnded follows, sooner or later
  std::int64_t attempt = 0;
  StopCause cause = StopCause::cancelled;
};
struct EndAgent {  // it can't go on, and says nothing more
  Error error;
};

using Action = std::variant<Say, Welcomed, StartAttempt, StopAttempt, EndAgent>;
using Actions = std::vector<Action>;

}  // namespace espalier::agent
