#include "coordinator/api/job_answers.hpp"
#include "coordinator/api/routes.hpp"

namespace espalier::api {

namespace asio = boost::asio;

asio::awaitable<void> post_job(Exchange* exchange) {
  auto file = co_await read_job_file(exchange);
  if (!file) co_return;
  const bool replace = exchange->parameter("replace") == "1";
  // Who has a token can't work on another's share.
  auto user = exchange->identity().name.empty() ? exchange->parameter("user") : exchange->identity().name;
  auto submitted = co_await exchange->services().coordinator.submit(
      std::move(file->text), std::move(file->folder), replace, std::move(user));
  co_await send_submitted(exchange, std::move(submitted));
}

asio::awaitable<void> get_jobs(Exchange* exchange) {
  auto jobs = co_await exchange->services().coordinator.job_summaries();
  co_await send(exchange, "jobs", std::move(jobs));
}

asio::awaitable<void> get_job(Exchange* exchange) {
  const auto job = co_await job_of_route(exchange);
  if (!job) co_return;
  auto document = co_await exchange->services().coordinator.job_document(*job);
  if (document.has_error()) {
    co_await exchange->send_error(document.error());
  } else {
    co_await exchange->send_json(status::ok, std::move(*document));
  }
}

asio::awaitable<void> get_job_summary(Exchange* exchange) {
  const auto job = co_await job_of_route(exchange);
  if (!job) co_return;
  auto summary = co_await exchange->services().coordinator.job_summary(*job);
  co_await send(exchange, "job", std::move(summary));
}

}  // namespace espalier::api
