// Who is connected to whom. A worker's connection lasts until its end or that of its coordinator; a frame
// that was sent on an earlier one reaches nobody.
#include <fmt/format.h>

#include <utility>

#include "common/wire/codec.hpp"
#include "tests/simulation/world.hpp"

namespace espalier::simulation {

std::string World::peer_of(const Worker& worker) const {
  return fmt::format("{}", worker.connection);
}

// A coordinator that has come up is found after a while, also by workers of one that is only stopped.
void World::connect() {
  const auto newest = static_cast<int>(coordinators_.size()) - 1;
  for (const auto& worker : workers_) {
    const bool lost =
        worker->coordinator < 0 || !coordinators_[static_cast<std::size_t>(worker->coordinator)]->runs();
    const bool moves = worker->coordinator != newest && (calm_ || once(6));
    if (!coordinators_.back()->runs() || (!lost && !moves) || (worker->cut_off() && !calm_)) continue;
    worker->coordinator = newest;
    worker->connection = next_connection_++;
  }
}

bool World::send_up(Worker& from, std::vector<wire::ToCoordinator> messages) {
  if (from.coordinator < 0) return false;
  auto& to = *coordinators_[static_cast<std::size_t>(from.coordinator)];
  if (!to.runs()) return false;
  network_.carry(from.up, [this, &to, peer = peer_of(from), messages = std::move(messages)] {
    to.later(std::chrono::microseconds(10), [this, &to, peer, messages] {
      trace_.tell([&] {
        return fmt::format("{:.3f} epoch {} hears {}", time(), to.epoch(), wire::encode_all(messages));
      });
      to.hear(peer, messages);
    });
  });
  return true;
}

void World::send_down(std::size_t coordinator, const std::string& peer,
                      std::vector<wire::ToWorker> messages) {
  for (const auto& worker : workers_) {
    if (peer_of(*worker) != peer || worker->coordinator != static_cast<int>(coordinator)) continue;
    auto& to = *worker;
    network_.carry(to.down, [this, &to, peer, messages = std::move(messages)] {
      to.later(std::chrono::microseconds(10), [this, &to, peer, messages] {
        if (peer_of(to) != peer) return;
        trace_.tell(
            [&] { return fmt::format("{:.3f} {} hears {}", time(), to.name(), wire::encode_all(messages)); });
        to.hear(messages);
      });
    });
    return;
  }
}

}  // namespace espalier::simulation
