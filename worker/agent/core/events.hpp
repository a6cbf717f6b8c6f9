// What happens to the agent's core. Whatever comes from the coordinator may come twice, late or not at all.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "common/base/json.hpp"
#include "common/wire/messages.hpp"

namespace espalier::agent {

struct Heard {  // from the coordinator, or whoever says so
  wire::ToWorker message;
};

// From the workshop, where attempts are carried out. The core fills in who reports.
struct AttemptProgressed {
  wire::Progress progress;
};
struct AttemptLogged {
  wire::LogText text;
};
struct AttemptComputed {  // its result is there and outlives the loss of the lease
  std::int64_t attempt = 0;
};
struct AttemptEnded {
  std::int64_t attempt = 0;
  std::optional<wire::Finished> finished;  // unset: it was given up with the lease, and nobody waits for it
};

// Those of this machine's facts that change, all of them, when they did.
struct FactsChanged {
  json::object facts;
};

// The frame of the last step that asked for the lease (Hello, Heartbeat) couldn't be handed to the network.
struct NotSent {};
struct Leave {};
struct Tick {};  // time has passed, or everything that came at once has been told

using Event = std::variant<Heard, AttemptProgressed, AttemptLogged, AttemptComputed, AttemptEnded,
                           FactsChanged, NotSent, Leave, Tick>;

}  // namespace espalier::agent
