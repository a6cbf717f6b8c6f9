// What has come in from workers, or from whoever else reaches their port, and how much of it changed nothing.
#pragma once

#include <cstdint>
#include <string>

#include "common/net/refusals.hpp"
#include "coordinator/core/actions.hpp"
#include "coordinator/core/events.hpp"

namespace espalier::runtime {

struct MessageCounts {
  std::uint64_t understood = 0;       // messages, whatever became of them
  std::uint64_t undecodable = 0;      // frames that are no messages of ours
  std::uint64_t oversized = 0;        // frames larger than any of ours
  std::uint64_t refused_workers = 0;  // of another protocol, or of a name that is in use
  std::uint64_t unknown_workers = 0;  // heartbeats and goodbyes of no session that we know
  std::uint64_t forged = 0;           // reports about an attempt by another worker than the one that has it
  std::uint64_t late = 0;        // reports about no live attempt: repeated, given up since, never given out
  std::uint64_t put_off = 0;     // reports not taken in, because too much waits for the database
  std::uint64_t other_name = 0;  // in the name of another worker than the one whose key they came with

  // By what the core did about it.
  void add(const core::Event& event, const core::Actions& actions);
};

// Text exposition format 0.0.4.
std::string to_prometheus(const MessageCounts& counts);
std::string to_prometheus(const net::Refusals& refusals);

}  // namespace espalier::runtime
