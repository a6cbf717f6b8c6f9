#include <charconv>

#include "coordinator/api/job_answers.hpp"
#include "coordinator/api/routes.hpp"

namespace espalier::api {

namespace asio = boost::asio;

namespace {

std::optional<std::int64_t> parse_number(const std::string& text, std::int64_t fallback) {
  if (text.empty()) return fallback;
  std::int64_t number = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (wrong != std::errc{} || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

asio::awaitable<void> send_document(Exchange* exchange, Result<json::object> found) {
  if (found.has_error()) {
    co_await exchange->send_error(found.error());
    co_return;
  }
  co_await exchange->send_json(status::ok, std::move(*found));
}

asio::awaitable<void> refuse(Exchange* exchange, std::string message) {
  Error wrong{ErrorKind::usage, std::move(message), ""};
  co_await exchange->send_error(std::move(wrong));
}

}  // namespace

asio::awaitable<void> get_attempts(Exchange* exchange) {
  auto found = co_await exchange->services().coordinator.attempts_of(exchange->parameter("of"));
  co_await send_document(exchange, std::move(found));
}

asio::awaitable<void> get_attempt_log(Exchange* exchange) {
  const auto attempt = parse_number(exchange->segments().at(3), 0);
  const auto from = parse_number(exchange->parameter("from"), 0);
  if (!attempt || !from) {
    co_await refuse(exchange, "attempt and from have to be whole numbers");
    co_return;
  }
  auto found = co_await exchange->services().coordinator.attempt_log(AttemptId{*attempt}, *from);
  co_await send_document(exchange, std::move(found));
}

asio::awaitable<void> post_garbage_collection(Exchange* exchange) {
  if (exchange->body_left()) {
    const auto unread = co_await exchange->read_text(kJobTextLimit);
    if (!unread) co_return;
  }
  const auto days = parse_number(exchange->parameter("keep_days"), -1);
  if (!days || *days > 36'500) {
    co_await refuse(exchange, "keep_days has to be a number of days");
    co_return;
  }
  runtime::GarbageOptions options;
  options.dry_run = exchange->parameter("dry_run") == "1";
  if (*days > 0) options.grace = std::chrono::hours(24) * *days;
  auto collected = co_await exchange->services().coordinator.collect_garbage(options);
  co_await send_document(exchange, std::move(collected));
}

}  // namespace espalier::api
