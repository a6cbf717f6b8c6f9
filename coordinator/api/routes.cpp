#include "coordinator/api/routes.hpp"

namespace espalier::api {

namespace asio = boost::asio;
using http::verb;

namespace {

struct Route {
  verb method;               // get answers HEAD too
  std::string_view pattern;  // "{}" stands for any one segment
  asio::awaitable<void> (*handle)(Exchange*);
};

constexpr Route kRoutes[] = {
    {verb::get, "healthz", get_health},
    {verb::get, "readyz", get_readiness},
    {verb::get, "metrics", get_metrics},
    {verb::post, "api/v1/jobs", post_job},
    {verb::get, "api/v1/jobs", get_jobs},
    {verb::get, "api/v1/jobs/{}", get_job},
    {verb::get, "api/v1/jobs/{}/summary", get_job_summary},
    {verb::post, "api/v1/jobs/{}/cancel", cancel_job},
    {verb::post, "api/v1/jobs/{}/pause", pause_job},
    {verb::post, "api/v1/jobs/{}/resume", resume_job},
    {verb::post, "api/v1/jobs/{}/retry", retry_job},
    {verb::post, "api/v1/jobs/{}/extend", extend_job},
    {verb::get, "api/v1/workers", get_workers},
    {verb::post, "api/v1/workers/{}/cordon", cordon_worker},
    {verb::post, "api/v1/workers/{}/drain", drain_worker},
    {verb::post, "api/v1/workers/{}/undrain", undrain_worker},
    {verb::get, "api/v1/explanations", get_explanation},
    {verb::get, "api/v1/events", get_events},
    {verb::get, "api/v1/attempts", get_attempts},
    {verb::get, "api/v1/attempts/{}/log", get_attempt_log},
    {verb::post, "api/v1/gc", post_garbage_collection},
    {verb::put, "api/v1/artifacts/{}", put_artifact},
    {verb::get, "api/v1/artifacts/{}", get_artifact},
};

bool matches(std::string_view pattern, const std::vector<std::string>& segments) {
  for (std::size_t index = 0; index < segments.size(); ++index) {
    const auto slash = pattern.find('/');
    const auto part = pattern.substr(0, slash);
    if (part != "{}" && part != segments[index]) return false;
    const bool last = index + 1 == segments.size();
    if (slash == pattern.npos) return last;
    if (last) return false;
    pattern.remove_prefix(slash + 1);
  }
  return false;
}

asio::awaitable<void> refuse_method(Exchange* exchange, std::string allowed) {
  auto made = exchange->response(status::method_not_allowed);
  const auto document = json::serialize(
      to_json({ErrorKind::usage, std::string(http::to_string(exchange->method())) + " is not possible here",
               "use " + allowed}));
  made.set(http::field::allow, allowed);
  made.set(http::field::content_type, "application/json; charset=utf-8");
  made.content_length(document.size());
  const bool open = co_await exchange->send_header(std::move(made));
  if (open) co_await exchange->write(asio::buffer(document));
}

}  // namespace

asio::awaitable<void> dispatch(Exchange* exchange) {
  if (!exchange->target_is_valid()) {
    Error refusal{ErrorKind::usage, "the request's target is no path", ""};
    co_await exchange->send_error(status::bad_request, std::move(refusal));
    co_return;
  }
  const auto method = exchange->head() ? verb::get : exchange->method();
  if (method != verb::get && exchange->from_another_site()) {
    Error refusal{ErrorKind::usage, "a page of another site may not change anything here", ""};
    co_await exchange->send_error(status::forbidden, std::move(refusal));
    co_return;
  }
  std::string allowed;
  for (const Route& route : kRoutes) {
    if (!matches(route.pattern, exchange->segments())) continue;
    exchange->set_route(route.pattern);
    if (route.method == method) {
      co_await route.handle(exchange);
      co_return;
    }
    if (!allowed.empty()) allowed += ", ";
    allowed += route.method == verb::get ? "GET, HEAD" : std::string(http::to_string(route.method));
  }
  if (!allowed.empty()) {
    co_await refuse_method(exchange, std::move(allowed));
  } else if (!exchange->segments().empty() && exchange->segments().front() == "api") {
    Error missing{ErrorKind::not_found, "there is no such route", "docs/how-it-works.md lists them"};
    co_await exchange->send_error(std::move(missing));
  } else if (method != verb::get) {
    co_await refuse_method(exchange, "GET, HEAD");
  } else {
    exchange->set_route("page");
    co_await get_static_file(exchange);
  }
}

}  // namespace espalier::api
