// Workers: who there is, who is to be given nothing, and why a task isn't given to which.
#include "coordinator/api/job_answers.hpp"
#include "coordinator/api/routes.hpp"

namespace espalier::api {

namespace asio = boost::asio;

namespace {

asio::awaitable<void> cordon(Exchange* exchange, runtime::Cordon wish) {
  if (exchange->body_left()) {
    const auto unread = co_await exchange->read_text(kJobTextLimit);
    if (!unread) co_return;
  }
  WorkerName worker;
  worker.value = exchange->segments().at(3);
  auto changed = co_await exchange->services().coordinator.cordon(worker, wish);
  co_await send(exchange, "worker", std::move(changed));
}

}  // namespace

asio::awaitable<void> get_workers(Exchange* exchange) {
  auto workers = co_await exchange->services().coordinator.workers();
  co_await send(exchange, "workers", std::move(workers));
}

asio::awaitable<void> cordon_worker(Exchange* exchange) {
  return cordon(exchange, runtime::Cordon::cordon);
}

asio::awaitable<void> drain_worker(Exchange* exchange) {
  return cordon(exchange, runtime::Cordon::drain);
}

asio::awaitable<void> undrain_worker(Exchange* exchange) {
  return cordon(exchange, runtime::Cordon::lift);
}

asio::awaitable<void> get_explanation(Exchange* exchange) {
  auto tasks = co_await exchange->services().coordinator.explain(exchange->parameter("of"));
  co_await send(exchange, "tasks", std::move(tasks));
}

}  // namespace espalier::api
