#include "coordinator/api/http_metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace espalier::api {
namespace {

// Methods that somebody invents are all one.
std::string known(std::string_view method) {
  static constexpr std::array<std::string_view, 4> kMethods = {"GET", "HEAD", "POST", "PUT"};
  return std::find(kMethods.begin(), kMethods.end(), method) == kMethods.end() ? "other"
                                                                               : std::string(method);
}

const prometheus::Histogram::BucketBoundaries kTimes{0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100};

}  // namespace

struct HttpMetrics::State {
  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& requests =
      prometheus::BuildCounter()
          .Name("espalier_http_requests_total")
          .Help("HTTP requests that were answered, by method, route and status.")
          .Register(registry);
  prometheus::Family<prometheus::Histogram>& times =
      prometheus::BuildHistogram()
          .Name("espalier_http_request_duration_seconds")
          .Help("From a request's header to the end of its answer, by route; without live events.")
          .Register(registry);
  prometheus::Family<prometheus::Counter>& transfers =
      prometheus::BuildCounter()
          .Name("espalier_artifact_transfers_total")
          .Help("Artifacts that came in or went out as a whole.")
          .Register(registry);
  prometheus::Family<prometheus::Counter>& bytes = prometheus::BuildCounter()
                                                       .Name("espalier_artifact_bytes_total")
                                                       .Help("Bytes of these artifacts.")
                                                       .Register(registry);
  struct Direction {
    prometheus::Counter& transfers;
    prometheus::Counter& bytes;
  };
  Direction in{transfers.Add({{"direction", "in"}}), bytes.Add({{"direction", "in"}})};
  Direction out{transfers.Add({{"direction", "out"}}), bytes.Add({{"direction", "out"}})};
  prometheus::Gauge& free = prometheus::BuildGauge()
                                .Name("espalier_artifact_free_bytes")
                                .Help("Free space of the disk with the artifacts; -1: unknown.")
                                .Register(registry)
                                .Add({});
};

HttpMetrics::HttpMetrics() : state_(std::make_unique<State>()) {}
HttpMetrics::~HttpMetrics() = default;

void HttpMetrics::count_request(std::string_view method, std::string_view route, unsigned status,
                                std::chrono::steady_clock::duration time, bool lasting) {
  const std::string pattern = "/" + std::string(route);
  state_->requests
      .Add({{"method", known(method)},
            {"route", pattern},
            {"status", status == 0 ? "none" : std::to_string(status)}})
      .Increment();
  if (!lasting)
    state_->times.Add({{"route", pattern}}, kTimes).Observe(std::chrono::duration<double>(time).count());
}

void HttpMetrics::count_artifact(Direction direction, std::int64_t bytes) {
  auto& counts = direction == Direction::in ? state_->in : state_->out;
  counts.transfers.Increment();
  counts.bytes.Increment(static_cast<double>(bytes));
}

std::string HttpMetrics::text(std::optional<std::uint64_t> free_bytes) {
  state_->free.Set(free_bytes ? static_cast<double>(*free_bytes) : -1);
  return prometheus::TextSerializer().Serialize(state_->registry.Collect());
}

}  // namespace espalier::api
