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

}  // namespace espalier::api
