// GET /metrics, for Prometheus.
#include "coordinator/api/routes.hpp"

namespace espalier::api {
namespace asio = boost::asio;

asio::awaitable<void> get_metrics(Exchange* exchange) {
  const std::string text = exchange->services().coordinator.metrics();
  auto made = exchange->response(status::ok);
  made.set(http::field::content_type, "text/plain; version=0.0.4; charset=utf-8");
  made.content_length(text.size());
  const bool open = co_await exchange->send_header(std::move(made));
  if (open && !exchange->head()) co_await exchange->write(asio::buffer(text));
}

}  // namespace espalier::api
