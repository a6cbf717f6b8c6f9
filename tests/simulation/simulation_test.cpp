#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "tests/simulation/world.hpp"

namespace espalier::simulation {
namespace {

constexpr std::uint64_t kSchedules = 500;

void run(std::uint64_t seed) {
  try {
    World(seed).run();
  } catch (const Broken& broken) {
    FAIL() << "seed " << seed << " (SIMULATION_SEED=" << seed << " runs it again): " << broken.what();
  }
}

TEST(Simulation, holds_its_invariants_on_every_schedule) {
  if (const char* seed = std::getenv("SIMULATION_SEED")) return run(std::stoull(seed));
  for (std::uint64_t seed = 1; seed <= kSchedules && !HasFailure(); ++seed) run(seed);
}

}  // namespace
}  // namespace espalier::simulation
