// What can befall a process, and which process it befalls.
#pragma once

#include <sys/types.h>

#include <ostream>
#include <string>
#include <vector>

#include "tests/system/running_system.hpp"

namespace espalier::test {

enum class Victim { coordinator, agent, runner, postgres };
enum class Fault {
  kill,       // SIGKILL; the supervisor (`espalier up`, or the agent of a runner) starts it again
  stop_5_s,   // SIGSTOP, and SIGCONT later
  stop_20_s,  // for longer than a lease
  stop_60_s,
  start_again,  // told to end in order, and started again
};
std::string to_string(Victim victim);
inline void PrintTo(Victim victim, std::ostream* out) {
  *out << to_string(victim);
}
std::string to_string(Fault fault);
inline void PrintTo(Fault fault, std::ostream* out) {
  *out << to_string(fault);
}

// Of several the first; of runners those of one agent; of PostgreSQL its postmaster and, with a SIGSTOP, all
// of its processes.
std::vector<pid_t> processes_of(const RunningSystem& system, Victim victim, Fault fault);

struct Struck {
  std::vector<pid_t> processes;
  double at_s = 0;  // seconds since 1970: when
};
// Returns when the fault is over; what was ended is being started again by then.
Struck strike(const RunningSystem& system, Victim victim, Fault fault);

// Seconds since 1970 of an instant of the monotonic clock.
double wall_s(std::int64_t monotonic_ns);

void pass(std::chrono::milliseconds time);  // the fault's own duration, never a wait for something

}  // namespace espalier::test
