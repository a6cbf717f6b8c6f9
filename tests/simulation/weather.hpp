// How bad a schedule's world is. Each seed draws its own weather, so that some faults are rare in one and
// frequent in another. 0 means never.
#pragma once

#include <cstdint>

#include "tests/simulation/chance.hpp"

namespace espalier::simulation {

struct Weather {
  // of frames
  std::uint64_t lose_one_in = 0;
  std::uint64_t double_one_in = 0;
  std::uint64_t delay_one_in = 0;   // by seconds instead of milliseconds
  std::uint64_t replay_one_in = 0;  // again, up to a minute later
  bool reorders = false;            // otherwise nothing overtakes on one connection

  // of the database
  std::uint64_t doubt_one_in = 0;  // the connection breaks before or after a commit took place
  std::uint64_t slow_one_in = 0;   // a commit takes up to five seconds

  std::uint64_t full_one_in = 0;  // a frame of reports isn't taken in, because too much waits for it

  // once a second of the storm, of one party
  std::uint64_t crash_worker_one_in = 0;
  std::uint64_t stop_worker_one_in = 0;
  std::uint64_t leave_one_in = 0;
  std::uint64_t block_loop_one_in = 0;  // a worker's main loop, where its attempts are carried out
  std::uint64_t twin_one_in = 0;        // a second worker of the same name
  std::uint64_t cut_worker_one_in = 0;  // its network, both ways or one
  std::uint64_t cut_all_one_in = 0;
  std::uint64_t crash_coordinator_one_in = 0;
  std::uint64_t stop_coordinator_one_in = 0;
  std::uint64_t take_over_one_in = 0;  // another coordinator begins while the old one is stopped or cut off
  std::uint64_t lose_database_one_in = 0;
  std::uint64_t forge_one_in = 0;
  std::uint64_t submit_one_in = 0;
  std::uint64_t steer_one_in = 0;  // cancel, pause, resume

  static Weather draw(Chance& chance) {
    const auto pick = [&](std::uint64_t n) { return chance.one_in(2) ? n * (1 + chance.below(4)) : 0; };
    Weather weather;
    weather.lose_one_in = pick(8);
    weather.double_one_in = pick(8);
    weather.delay_one_in = pick(8);
    weather.replay_one_in = pick(20);
    weather.reorders = chance.one_in(2);
    weather.doubt_one_in = pick(8);
    weather.slow_one_in = pick(8);
    weather.full_one_in = pick(10);
    weather.crash_worker_one_in = pick(8);
    weather.stop_worker_one_in = pick(8);
    weather.leave_one_in = pick(20);
    weather.block_loop_one_in = pick(10);
    weather.twin_one_in = pick(20);
    weather.cut_worker_one_in = pick(8);
    weather.cut_all_one_in = pick(15);
    weather.crash_coordinator_one_in = pick(12);
    weather.stop_coordinator_one_in = pick(12);
    weather.take_over_one_in = pick(12);
    weather.lose_database_one_in = pick(15);
    weather.forge_one_in = pick(2);
    weather.submit_one_in = pick(6);
    weather.steer_one_in = pick(6);
    return weather;
  }
};

}  // namespace espalier::simulation
