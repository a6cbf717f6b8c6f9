// What the routes about jobs share: which job it is about, and the shape of the answer.
#pragma once

#include <string>

#include "coordinator/api/exchange.hpp"

namespace espalier::api {

inline constexpr std::uint64_t kJobTextLimit = 8 * 1024 * 1024;

// The job of /api/v1/jobs/ID/…; unset if that is no number, which the peer has then been told.
boost::asio::awaitable<std::optional<JobId>> job_of_route(Exchange* exchange);

// A job file in the body and the folder that paths in it are relative to; unset if the peer was told why not.
struct SentJobFile {
  std::string text;
  std::string folder;
};
boost::asio::awaitable<std::optional<SentJobFile>> read_job_file(Exchange* exchange);

// 201 and the job, or the error with the job file's diagnostics.
using Submitted = boost::system::result<json::object, runtime::SubmitFailure>;
boost::asio::awaitable<void> send_submitted(Exchange* exchange, Submitted submitted);

// {"name": what was found}, or the error.
template <class Json>
boost::asio::awaitable<void> send(Exchange* exchange, std::string name, Result<Json> found) {
  if (found.has_error()) {
    co_await exchange->send_error(found.error());
    co_return;
  }
  json::object body;
  body[name] = std::move(*found);
  co_await exchange->send_json(status::ok, std::move(body));
}

}  // namespace espalier::api
