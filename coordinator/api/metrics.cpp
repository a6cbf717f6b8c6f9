// GET /metrics, for Prometheus.
#include "coordinator/api/routes.hpp"

namespace espalier::api {
namespace asio = boost::asio;

asio::awaitable<void> get_metrics(Exchange* exchange) {
  const auto& services = exchange->services();
  const std::string text = services.coordinator.metrics() + to_prometheus(services.refusals);
  auto made = exchange->response(status::ok);
  made.set(http::field::content_type, "text/plain; version=0.0.4; charset=utf-8");
  made.content_length(text.size());
  const bool open = co_await exchange->send_header(std::move(made));
  if (open && !exchange->head()) co_await exchange->write(asio::buffer(text));
}

}  // namespace espalier::api
