#include "cli/follow.hpp"

namespace espalier::cli {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

Error interrupted() {
  return {ErrorKind::interrupted, "interrupted; what is finished is kept",
          "run the same command again to go on"};
}

Pause supervising(LocalSystem& system, Interrupts& interrupts) {
  return [&system, &interrupts](milliseconds limit) -> Result<void> {
    if (auto alive = system.supervise(limit); !alive) return alive.error();
    if (interrupts.came()) return interrupted();
    return {};
  };
}

Pause until_interrupted(Interrupts& interrupts, std::string help) {
  return [&interrupts, help = std::move(help)](milliseconds limit) -> Result<void> {
    if (interrupts.wait(limit)) return Error{ErrorKind::interrupted, "interrupted", help};
    return {};
  };
}

Result<void> wait_for_workers(const CoordinatorClient& client, const Pause& pause) {
  const auto deadline = Clock::now() + std::chrono::seconds(60);
  while (Clock::now() < deadline) {
    const auto living = client.living_workers();
    if (living && *living > 0) return {};
    if (auto waited = pause(milliseconds(20)); !waited) return waited.error();
  }
  return Error{ErrorKind::unavailable, "no worker registered within 60 s",
               "see the logs in the state folder"};
}

Result<json::object> follow(const CoordinatorClient& client, std::int64_t job, LiveProgress& progress,
                            const Pause& pause) {
  while (true) {
    if (auto summary = client.summary(job)) {
      progress.show(*summary);
      if (summary->at("finished_at").is_string()) return summary;
    } else if (summary.error().kind != ErrorKind::unavailable) {
      return summary.error();
    }
    if (auto waited = pause(milliseconds(150)); !waited) return waited.error();
  }
}

}  // namespace espalier::cli
