// Which handler answers which request. A handler gets the exchange by pointer: the session owns it until the
// answer is complete.
#pragma once

#include <span>
#include <string_view>

#include "coordinator/api/exchange.hpp"

namespace espalier::api {

struct Route {
  http::verb method;         // get answers HEAD too
  std::string_view pattern;  // "{}" stands for any one segment
  Demand demand;             // who may ask so, where tokens are demanded
  boost::asio::awaitable<void> (*handle)(Exchange*);
};
std::span<const Route> routes();  // all but the page's files, which anybody may read

// The one place that decides whether a request may be answered.
boost::asio::awaitable<void> dispatch(Exchange* exchange);

// session_routes.cpp
boost::asio::awaitable<void> get_session(Exchange* exchange);
boost::asio::awaitable<void> post_session(Exchange* exchange);
boost::asio::awaitable<void> delete_session(Exchange* exchange);

// health_routes.cpp
boost::asio::awaitable<void> get_health(Exchange* exchange);
boost::asio::awaitable<void> get_readiness(Exchange* exchange);
boost::asio::awaitable<void> get_metrics(Exchange* exchange);

// job_routes.cpp
boost::asio::awaitable<void> post_job(Exchange* exchange);
boost::asio::awaitable<void> get_jobs(Exchange* exchange);
boost::asio::awaitable<void> get_job(Exchange* exchange);
boost::asio::awaitable<void> get_job_summary(Exchange* exchange);

// worker_routes.cpp
boost::asio::awaitable<void> get_workers(Exchange* exchange);
boost::asio::awaitable<void> cordon_worker(Exchange* exchange);
boost::asio::awaitable<void> drain_worker(Exchange* exchange);
boost::asio::awaitable<void> undrain_worker(Exchange* exchange);
boost::asio::awaitable<void> get_explanation(Exchange* exchange);

// job_verbs.cpp
boost::asio::awaitable<void> cancel_job(Exchange* exchange);
boost::asio::awaitable<void> pause_job(Exchange* exchange);
boost::asio::awaitable<void> resume_job(Exchange* exchange);
boost::asio::awaitable<void> retry_job(Exchange* exchange);
boost::asio::awaitable<void> extend_job(Exchange* exchange);

// comparison_routes.cpp
boost::asio::awaitable<void> post_comparison(Exchange* exchange);
boost::asio::awaitable<void> get_comparisons(Exchange* exchange);

// event_stream.cpp
boost::asio::awaitable<void> get_events(Exchange* exchange);

// artifact_routes.cpp
boost::asio::awaitable<void> put_artifact(Exchange* exchange);
boost::asio::awaitable<void> get_artifact(Exchange* exchange);

// log_routes.cpp
boost::asio::awaitable<void> get_attempts(Exchange* exchange);
boost::asio::awaitable<void> get_attempt_log(Exchange* exchange);
boost::asio::awaitable<void> post_garbage_collection(Exchange* exchange);

// static_files.cpp
boost::asio::awaitable<void> get_static_file(Exchange* exchange);

}  // namespace espalier::api
