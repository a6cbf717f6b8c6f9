#include "coordinator/api/job_answers.hpp"

#include <charconv>

namespace espalier::api {

boost::asio::awaitable<std::optional<JobId>> job_of_route(Exchange* exchange) {
  const auto text = exchange->segments().at(3);
  JobId job;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), job.value);
  if (failure == std::errc{} && end == text.data() + text.size() && job.value > 0) co_return job;
  Error missing{ErrorKind::not_found, "there is no job \"" + text + "\"", "GET /api/v1/jobs lists them"};
  co_await exchange->send_error(std::move(missing));
  co_return std::nullopt;
}

boost::asio::awaitable<std::optional<SentJobFile>> read_job_file(Exchange* exchange) {
  auto text = co_await exchange->read_text(kJobTextLimit);
  if (!text) co_return std::nullopt;
  auto folder = exchange->parameter("folder");
  if (!folder.empty() && !folder.starts_with('/')) {
    Error relative{ErrorKind::usage, "folder has to be an absolute path, not \"" + folder + "\"", ""};
    co_await exchange->send_error(std::move(relative));
    co_return std::nullopt;
  }
  SentJobFile file{std::move(*text), std::move(folder)};
  co_return file;
}

boost::asio::awaitable<void> send_submitted(Exchange* exchange, Submitted submitted) {
  if (submitted.has_error()) {
    auto body = to_json(submitted.error().error);
    body["error"].as_object()["diagnostics"] = job::to_json(submitted.error().diagnostics);
    const auto code = status_of(submitted.error().error.kind);
    co_await exchange->send_json(code, std::move(body));
    co_return;
  }
  json::object body;
  body["job"] = std::move(*submitted);
  co_await exchange->send_json(status::created, std::move(body));
}

}  // namespace espalier::api
