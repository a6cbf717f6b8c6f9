// Decides what a worker says and does. A deterministic state machine: the same events at the same times give
// the same actions. No clock, no chance, no I/O; `coordinator_link` feeds it, on a thread that nothing
// stalls, and the simulation runs it as it is.
//
// An attempt's way through it:
//
//   Assign ─▶ computing ─▶ computed ─▶ ended ─▶ done
//                 │   (result there)  (in the outbox until it is acknowledged)
//                 └─▶ given away ────────────▶ done
//           (lease ran out: no longer ours, though its runner may still be ending)
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/json.hpp"
#include "worker/agent/core/actions.hpp"
#include "worker/agent/core/events.hpp"
#include "worker/agent/core/outbox.hpp"
#include "worker/agent/core/session.hpp"

namespace espalier::agent {

struct Identity {
  std::string worker;   // unique among the coordinator's workers
  std::string session;  // random per process
  int slots = 1;
  std::string device_class;
  json::object facts;
};

class AgentCore {
 public:
  // `frame`: how many messages it puts into one at most.
  AgentCore(Identity identity, MonotonicTime now, std::size_t frame = 200)
      : identity_(std::move(identity)), frame_(frame), session_(now), now_(now) {}

  // `now` never goes back. It speaks only at a Tick (and when it leaves), so that what comes at once is told
  // first and answered in as few frames as possible.
  Actions step(MonotonicTime now, Event event);

  // When the next Tick is due if nothing else happens; not later than now if there is something to say.
  [[nodiscard]] MonotonicTime next_deadline() const;

  // What it calls its own towards the coordinator: computing, or ended and not acknowledged.
  [[nodiscard]] std::vector<std::int64_t> held_attempts() const;
  [[nodiscard]] std::size_t unacknowledged_points() const { return outbox_.points(); }
  [[nodiscard]] std::int64_t epoch() const { return session_.epoch(); }
  [[nodiscard]] bool holds_lease(MonotonicTime now) const { return session_.holds_lease(now); }

 private:
  enum class Stage { computing, computed, given_away };

  void handle(Heard& event);
  void handle(AttemptProgressed& event);
  void handle(AttemptLogged& event);
  void handle(AttemptComputed& event);
  void handle(AttemptEnded& event);
  void handle(FactsChanged& event);
  void handle(NotSent& event);
  void handle(Leave& event);
  void handle(Tick& event);

  void hear(wire::Welcome& message);
  void hear(wire::Beat& message);
  void hear(wire::Rejected& message);
  void hear(wire::Assign& message);
  void hear(wire::Cancel& message);
  void hear(wire::Acknowledge& message);
  void hear(wire::WhoAreYou& message);

  void give_away_attempts();
  void report(wire::Finished finished);
  void remember_done(std::int64_t attempt);
  void say(std::vector<wire::ToCoordinator> messages);
  [[nodiscard]] std::vector<wire::ToCoordinator> due_messages();
  [[nodiscard]] wire::Hello hello(std::int64_t beat);
  [[nodiscard]] wire::Heartbeat heartbeat(std::int64_t beat);
  void facts_answered(std::int64_t beat);

  Identity identity_;
  std::size_t frame_;
  Session session_;
  Outbox outbox_;
  std::map<std::int64_t, wire::Progress>
      passing_;  // of an attempt the latest that carries nothing to keep: said once
  std::map<std::int64_t, Stage> attempts_;
  std::set<std::int64_t> done_;  // the latest attempts that are over: a late Assign must not start one again
  json::object changing_facts_;
  // Told from this Hello or heartbeat on, in each one until one of them is answered.
  std::optional<std::int64_t> facts_told_from_;
  bool facts_are_news_ = false;
  bool over_ = false;
  MonotonicTime now_;
  Actions actions_;
};

}  // namespace espalier::agent
