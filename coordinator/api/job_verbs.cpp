// What can be done to a job: POST /api/v1/jobs/ID/VERB.
#include "coordinator/api/job_answers.hpp"
#include "coordinator/api/routes.hpp"

namespace espalier::api {

namespace asio = boost::asio;

namespace {

using Change = asio::awaitable<Result<json::object>> (runtime::Coordinator::*)(JobId);

asio::awaitable<void> change_job(Exchange* exchange, Change change) {
  const auto job = co_await job_of_route(exchange);
  if (!job) co_return;
  // Nothing is said in the body, but it has to be out of the way of the next request.
  if (exchange->body_left()) {
    const auto unread = co_await exchange->read_text(kJobTextLimit);
    if (!unread) co_return;
  }
  auto changed = co_await (exchange->services().coordinator.*change)(*job);
  co_await send(exchange, "job", std::move(changed));
}

}  // namespace

asio::awaitable<void> cancel_job(Exchange* exchange) {
  return change_job(exchange, &runtime::Coordinator::cancel);
}

asio::awaitable<void> pause_job(Exchange* exchange) {
  return change_job(exchange, &runtime::Coordinator::pause);
}

asio::awaitable<void> resume_job(Exchange* exchange) {
  return change_job(exchange, &runtime::Coordinator::resume);
}

asio::awaitable<void> retry_job(Exchange* exchange) {
  return change_job(exchange, &runtime::Coordinator::retry);
}

asio::awaitable<void> extend_job(Exchange* exchange) {
  const auto job = co_await job_of_route(exchange);
  if (!job) co_return;
  auto file = co_await read_job_file(exchange);
  if (!file) co_return;
  const auto known = co_await exchange->services().coordinator.job_summary(*job);
  if (known.has_error()) {
    co_await exchange->send_error(known.error());
    co_return;
  }
  auto extended =
      co_await exchange->services().coordinator.extend(*job, std::move(file->text), std::move(file->folder));
  co_await send_submitted(exchange, std::move(extended));
}

}  // namespace espalier::api
