#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "tests/simulation/world.hpp"

namespace espalier::simulation {
namespace {

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::stoull(text) : otherwise;
}

void run(std::uint64_t seed) {
  World world(seed);
  try {
    world.run();
  } catch (const Broken& broken) {
    FAIL() << "seed " << seed << " (SIMULATION_SEED=" << seed << " runs it again), at " << world.time()
           << " s: " << broken.what();
  }
}

// In four parts, so that they run side by side.
class Simulation : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(Simulation, HoldsItsInvariantsOnEverySchedule) {
  if (std::getenv("SIMULATION_SEED") != nullptr) return run(from_environment("SIMULATION_SEED", 1));
  const auto schedules = from_environment("SIMULATION_SCHEDULES", 10'000);
  for (auto seed = 1 + GetParam(); seed <= schedules && !HasFailure(); seed += 4) run(seed);
}

INSTANTIATE_TEST_SUITE_P(Quarter, Simulation, ::testing::Values(0, 1, 2, 3));

TEST(Replay, OfASeedIsExact) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    World first(seed);
    World second(seed);
    first.run();
    second.run();
    ASSERT_EQ(first.trace(), second.trace()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace espalier::simulation
