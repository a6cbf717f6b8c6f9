// What is counted of HTTP, for GET /metrics. Used on the loop only.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace espalier::api {

class HttpMetrics {
 public:
  HttpMetrics();
  ~HttpMetrics();

  // A request has been answered. `route` is a pattern of routes.cpp, or a word of ours for what matched none:
  // never a path, which anybody may invent. `lasting`: it was meant to last (live events), and tells nothing
  // of how fast we are.
  void count_request(std::string_view method, std::string_view route, unsigned status,
                     std::chrono::steady_clock::duration time, bool lasting);
  enum class Direction { in, out };
  void count_artifact(Direction direction, std::int64_t bytes);

  // In Prometheus' text format. `free_bytes`: of the disk with the artifacts; unset if it doesn't say.
  std::string text(std::optional<std::uint64_t> free_bytes);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace espalier::api
