// Workers come, beat, leave, are lost. A worker that is in the table holds a lease; when it runs out, its
// attempts go to others. The worker stops them by its own copy of the lease, which ends earlier.
#include <algorithm>

#include <fmt/format.h>

#include "common/match/facts.hpp"
#include "common/match/worker_facts.hpp"
#include "coordinator/core/core.hpp"

namespace espalier::core {

namespace {

double in_seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

std::int64_t in_ms(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

std::int64_t integer_fact(const json::object& facts, const char* name) {  // 0: unknown
  const auto* fact = facts.if_contains(name);
  std::int64_t value = 0;
  if (fact != nullptr && fact->is_number()) {
    boost::system::error_code out_of_range;
    value = fact->to_number<std::int64_t>(out_of_range);
    if (out_of_range) value = 0;
  }
  return std::max<std::int64_t>(value, 0);
}

std::string objection(const wire::Hello& message) {
  if (message.protocol != wire::kProtocolVersion) {
    return fmt::format(
        "the worker speaks protocol {}, this coordinator {}: install the same version of Espalier",
        message.protocol, wire::kProtocolVersion);
  }
  if (message.worker.empty() || message.session.empty()) return "a worker needs a name and a session";
  if (message.slots < 1) return "a worker needs at least one slot";
  return "";
}

}  // namespace

void Core::handle(const WorkerHello& event) {
  const wire::Hello& message = event.message;
  const std::string wrong = objection(message);
  if (!wrong.empty()) return send(event.peer, wire::Rejected{wrong});
  const WorkerName name{message.worker};
  Worker* worker = workers_.find(name);
  if (worker != nullptr && worker->alive() && worker->session != message.session) {
    return send(event.peer,
                wire::Rejected{fmt::format(
                    "a worker named \"{}\" is connected already: choose another name, or start again in "
                    "{:.0f} s if that one is dead",
                    message.worker, in_seconds(settings_.lease))});
  }
  const bool has_returned = worker != nullptr && !worker->alive();
  const bool is_new = worker == nullptr;
  if (is_new) worker = &workers_.add(name, now_ + settings_.lease);
  worker->cordoned = cordoned_.contains(name);
  if (is_new || has_returned) worker->first_attempt = next_attempt_;
  // Only a process that was there until the restart knows what became of its attempts; another one of the
  // same name doesn't.
  const bool knows_all = has_returned && message.epoch == epoch_ - 1;
  if (knows_all) worker->inherits_until.reset();
  worker->session = message.session;
  worker->peer = event.peer;
  worker->device_class = message.device_class;
  worker->slots = message.slots;
  worker->overslept = false;
  take_facts(*worker, message.facts);
  workers_.set_lease(*worker, now_ + settings_.lease);
  write(SeeWorker{name, message.session, message.device_class, message.slots, message.facts, true});
  send(event.peer, wire::Welcome{epoch_, in_ms(settings_.beat), in_ms(settings_.lease), "", message.beat,
                                 worker->first_attempt});
  reconcile(*worker, message.attempts, knows_all);
  worker->device = paces_.class_of(message.device_class);
  count_slots(*worker);
  workers_.reorder_host(*worker->host);
  targets_.refresh_choosy();  // it may have been preferred, or be so now
  workers_changed_ = true;
}

void Core::take_facts(Worker& worker, const json::object& facts) {
  worker.facts = match::worker_facts(facts, worker.name.value, worker.slots, worker.device_class);
  worker.ranks.clear();
  worker.memory_bytes = integer_fact(facts, "memory");
  Host share;
  share.attempts = worker.attempts.size();
  for (const AttemptId id : worker.attempts) {
    share.reserved_bytes += live(id.value)->memory_bytes;
    share.exclusive += live(id.value)->is_exclusive ? 1 : 0;
  }
  stop_draining(*worker.host);
  const auto* host = facts.if_contains("host");
  workers_.set_host(worker, host != nullptr && host->is_string() ? std::string(host->get_string()) : "",
                    share);
}

void Core::handle(const WorkerCordoned& event) {
  const bool changes = event.cordoned ? cordoned_.insert(event.name).second : cordoned_.erase(event.name) > 0;
  if (changes) write(CordonWorker{event.name, event.cordoned});
  Worker* worker = workers_.find(event.name);
  if (worker == nullptr) return;
  worker->cordoned = event.cordoned;
  count_slots(*worker);
  stop_draining(*worker->host);
  if (event.drain) {
    for (const AttemptId attempt : std::vector<AttemptId>(worker->attempts)) {
      if (tasks_[live(attempt.value)->task].preemptible) give_back(attempt, "its worker is being drained");
    }
  }
  workers_.reorder_host(*worker->host);
  targets_.refresh_choosy();  // it may have been preferred, or be so now
  workers_changed_ = true;
}

void Core::handle(const WorkerHeartbeat& event) {
  const wire::Heartbeat& message = event.message;
  Worker* worker = workers_.find(WorkerName{message.worker});
  if (worker == nullptr || worker->session != message.session)
    return send(event.peer, wire::WhoAreYou{epoch_});
  worker->peer = event.peer;
  worker->overslept = false;
  workers_.set_lease(*worker, now_ + settings_.lease);
  send(event.peer, wire::Beat{epoch_, message.beat});
  if (message.facts) take_changed_facts(*worker, *message.facts);
  reconcile(*worker, message.attempts, false);
}

// All that changes while it lives; what isn't there it doesn't know any more.
void Core::take_changed_facts(Worker& worker, const json::object& facts) {
  for (const match::Fact& fact : match::facts()) {
    if (!fact.changes) continue;
    const auto* value = facts.if_contains(fact.name);
    if (value != nullptr) {
      worker.facts[fact.name] = *value;
    } else {
      worker.facts.erase(fact.name);
    }
  }
  worker.ranks.clear();
  workers_.reorder_host(*worker.host);
  targets_.refresh_choosy();
}

void Core::handle(const WorkerGoodbye& event) {
  Worker* worker = workers_.find(WorkerName{event.message.worker});
  if (worker == nullptr || worker->session != event.message.session) return;
  if (worker->inherits_until && now_ < *worker->inherits_until) return forget_session(*worker);
  lose_worker(*worker, fmt::format("worker {} left", event.message.worker));
}

// Its own copy of the lease still runs, so a task may run there for a while beside its next attempt: but what
// it reports isn't heard.
void Core::handle(const WorkerRevoked& event) {
  if (Worker* worker = workers_.find(event.name); worker != nullptr)
    lose_worker(*worker, fmt::format("the key of worker {} was revoked", event.name.value));
}

void Core::handle(const AssignmentsSent& event) {
  for (const AttemptId id : event.attempts) {
    LiveAttempt* attempt = live(id.value);
    if (attempt != nullptr && !attempt->heard) attempt->heard = now_;
  }
}

void Core::handle(const Tick&) {}

void Core::expire_leases() {
  for (Worker* worker = workers_.first_to_expire(); worker != nullptr && worker->lease_end <= now_;
       worker = workers_.first_to_expire()) {
    // A lease is looked at when it ends. If that was long ago, it was us who were stopped, and the heartbeats
    // are still in the socket: hear them first.
    if (now_ - worker->lease_end > settings_.beat && !worker->overslept) {
      worker->overslept = true;
      workers_.set_lease(*worker, now_ + 2 * settings_.beat);
      continue;
    }
    lose_worker(*worker, fmt::format("worker {} sent no heartbeat for {:.0f} s", worker->name.value,
                                     in_seconds(settings_.lease)));
  }
}

void Core::lose_worker(Worker& worker, const std::string& reason) {
  for (const AttemptId attempt : std::vector<AttemptId>(worker.attempts)) lose_attempt(attempt, reason);
  SeeWorker gone;
  gone.name = worker.name;
  gone.alive = false;
  write(std::move(gone));
  stop_draining(*worker.host);
  end_patience(worker);
  worker.session.clear();
  count_slots(worker);
  workers_.remove(worker.name);
  targets_.refresh_choosy();
  workers_changed_ = true;
}

// A namesake of the process that may still come back has left.
void Core::forget_session(Worker& worker) {
  worker.session.clear();
  count_slots(worker);
  workers_.set_lease(worker, *worker.inherits_until);
  workers_.reorder_host(*worker.host);
  SeeWorker gone;
  gone.name = worker.name;
  gone.alive = false;
  write(std::move(gone));
  workers_changed_ = true;
}

void Core::lose_attempt(AttemptId attempt, const std::string& reason) {
  const TaskIndex task = live(attempt.value)->task;
  end_attempt(attempt, AttemptState::lost, reason, 0, "");
  set_state(task, TaskState::ready, reason);
}

// Compares what the worker says it holds with what it was given.
void Core::reconcile(Worker& worker, std::vector<std::int64_t> held, bool knows_all) {
  std::sort(held.begin(), held.end());
  held.erase(std::unique(held.begin(), held.end()), held.end());
  for (const AttemptId id : std::vector<AttemptId>(worker.attempts)) {
    LiveAttempt& attempt = *live(id.value);
    if (std::binary_search(held.begin(), held.end(), id.value)) {
      hear_of(id, attempt);
    } else if (knows_all) {
      lose_attempt(id, fmt::format("worker {} came back without it", worker.name.value));
    } else if (attempt.heard && now_ - *attempt.heard >= settings_.lease) {
      // It has dropped it, or its Assign is still under way: it is to make sure that it won't start, and says
      // so.
      send(worker.peer, wire::Cancel{id.value});
    }
  }
  for (const std::int64_t id : held) {
    const LiveAttempt* attempt = live(id);
    if (attempt == nullptr || attempt->worker != worker.name) send(worker.peer, wire::Cancel{id});
  }
}

void Core::hear_of(AttemptId id, LiveAttempt& attempt) {
  attempt.heard = now_;
  if (tasks_[attempt.task].state != TaskState::assigned) return;
  apply_state(attempt.task, TaskState::running);
  write(SetProgress{id, 0});
}

}  // namespace espalier::core
