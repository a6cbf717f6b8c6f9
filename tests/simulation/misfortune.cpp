// What goes wrong, once a second of the storm.
#include <algorithm>

#include "tests/simulation/world.hpp"

namespace espalier::simulation {

using std::chrono::seconds;

void World::misfortune() {
  trouble_a_worker();
  trouble_coordinators();
  trouble_users();
  if (once(weather_.forge_one_in)) forge();
  if (once(weather_.lose_database_one_in)) database_.lose_until(clockwork_.now() + some_time(60));
  if (once(weather_.cut_all_one_in)) {
    const auto until = clockwork_.now() + some_time(25);
    for (const auto& worker : workers_) worker->up.cut_until = worker->down.cut_until = until;
  }
}

void World::trouble_a_worker() {
  Worker& worker = *workers_[chance_.below(workers_.size())];
  if (!worker.runs()) {
    if (once(4)) worker.start(next_session_++);
    return;
  }
  if (once(weather_.cut_worker_one_in)) {
    const auto until = clockwork_.now() + some_time(25);
    const auto direction = chance_.below(3);
    if (direction != 1) worker.up.cut_until = until;
    if (direction != 2) worker.down.cut_until = until;
  }
  if (once(weather_.block_loop_one_in)) worker.block_loop_for(some_time(30));
  if (once(weather_.stop_worker_one_in)) worker.stop_for(some_time(60));
  if (once(weather_.leave_one_in) && !worker.stopped()) return worker.leave();
  if (once(weather_.crash_worker_one_in)) return worker.crash();
  if (workers_.size() < 6 && once(weather_.twin_one_in)) add_worker(worker.name());
}

void World::trouble_coordinators() {
  if (!leader().runs()) {
    if (once(3)) start_coordinator();
    return;
  }
  if (once(weather_.stop_coordinator_one_in)) leader().stop_for(some_time(60));
  if (once(weather_.crash_coordinator_one_in))
    leader().crash();
  else if (once(weather_.take_over_one_in) || (leader().stopped() && once(8)))
    start_coordinator();
}

void World::trouble_users() {
  if (!leader().runs() || leader().stopped()) return;
  if (once(weather_.submit_one_in)) submit();
  const JobId job{1 + static_cast<std::int64_t>(chance_.below(static_cast<std::uint64_t>(next_job_)))};
  if (!once(weather_.steer_one_in)) return;
  switch (chance_.below(6)) {
    case 4:
    case 5: {
      const WorkerName worker{workers_[chance_.below(workers_.size())]->name()};
      return leader().happen(core::WorkerCordoned{worker, once(2), once(2)});
    }
    case 0:
      return cancel(job);
    case 1:
      return leader().happen(core::JobPaused{job});
    default:
      return leader().happen(core::JobResumed{job});
  }
}

// What nobody who belongs here would say. It changes nothing.
void World::forge() {
  if (!leader().runs()) return;
  const auto attempts = static_cast<std::uint64_t>(database_.store.last_attempt()) + 3;
  const auto attempt = 1 + static_cast<std::int64_t>(chance_.below(attempts));
  const std::string name = workers_[chance_.below(workers_.size())]->name();
  wire::ToCoordinator message;
  switch (chance_.below(6)) {
    case 0: {
      wire::Finished finished;
      finished.worker = "nobody";
      finished.attempt = attempt;
      finished.seq = 1;
      message = finished;
      break;
    }
    case 1: {
      wire::Progress progress;
      progress.worker = "nobody";
      progress.attempt = attempt;
      progress.seq = 1;
      progress.points.push_back({"forged", -1, 0});
      message = progress;
      break;
    }
    case 2:
      message = wire::Heartbeat{name, "another session", {attempt}, 1};
      break;
    case 3:
      message = wire::Goodbye{name, "another session"};
      break;
    case 4: {
      wire::Hello hello;
      hello.worker = name;
      hello.session = "s0";
      hello.protocol = wire::kProtocolVersion + 1;
      message = hello;
      break;
    }
    default:
      message = wire::Heartbeat{"nobody", "s0", {attempt}, 1};
  }
  leader().later(seconds(0), [to = &leader(), message] { to->hear("forger", {message}); });
}

void World::calm_down() {
  calm_ = true;
  network_.calm_down();
  database_.calm_down();
  // Whoever runs the place ends what has been replaced, and lets everything else go on.
  for (const auto& coordinator : coordinators_)
    if (coordinator != coordinators_.back() && coordinator->runs()) coordinator->crash();
  if (!leader().runs() || leader().stopped()) start_coordinator();
}

}  // namespace espalier::simulation
