// Runs a loop until something has come true, or too much time has passed for it still to come.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>

namespace espalier::testing {

template <class Condition>
bool run_until(boost::asio::io_context& io, Condition condition,
               std::chrono::seconds limit = std::chrono::seconds(30)) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    if (io.stopped()) io.restart();
    io.run_one_for(std::chrono::milliseconds(50));
  }
  return true;
}

}  // namespace espalier::testing
