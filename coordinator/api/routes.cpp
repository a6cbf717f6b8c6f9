#include "coordinator/api/routes.hpp"

namespace espalier::api {

namespace asio = boost::asio;
using http::verb;

namespace {

constexpr Demand kAnybody{Role::anybody};
constexpr Demand kReader{Role::reader};
constexpr Demand kReaderOrWorker{Role::reader, true};
constexpr Demand kSubmitter{Role::submitter};
constexpr Demand kAdmin{Role::admin};
constexpr Demand kAdminOrWorker{Role::admin, true};

constexpr Route kRoutes[] = {
    {verb::get, "healthz", kAnybody, get_health},
    {verb::get, "readyz", kAnybody, get_readiness},
    {verb::get, "metrics", kReader, get_metrics},
    {verb::get, "api/v1/session", kReader, get_session},
    {verb::post, "api/v1/session", kReader, post_session},
    {verb::delete_, "api/v1/session", kAnybody, delete_session},
    {verb::post, "api/v1/jobs", kSubmitter, post_job},
    {verb::get, "api/v1/jobs", kReader, get_jobs},
    {verb::get, "api/v1/jobs/{}", kReader, get_job},
    {verb::get, "api/v1/jobs/{}/summary", kReader, get_job_summary},
    {verb::post, "api/v1/jobs/{}/cancel", kSubmitter, cancel_job},
    {verb::post, "api/v1/jobs/{}/pause", kSubmitter, pause_job},
    {verb::post, "api/v1/jobs/{}/resume", kSubmitter, resume_job},
    {verb::post, "api/v1/jobs/{}/retry", kSubmitter, retry_job},
    {verb::post, "api/v1/jobs/{}/extend", kSubmitter, extend_job},
    {verb::post, "api/v1/comparisons", kSubmitter, post_comparison},
    {verb::get, "api/v1/comparisons/{}", kReader, get_comparisons},
    {verb::get, "api/v1/workers", kReader, get_workers},
    {verb::post, "api/v1/workers/{}/cordon", kAdmin, cordon_worker},
    {verb::post, "api/v1/workers/{}/drain", kAdmin, drain_worker},
    {verb::post, "api/v1/workers/{}/undrain", kAdmin, undrain_worker},
    {verb::get, "api/v1/explanations", kReader, get_explanation},
    {verb::get, "api/v1/events", kReader, get_events},
    {verb::get, "api/v1/attempts", kReader, get_attempts},
    {verb::get, "api/v1/attempts/{}/log", kReader, get_attempt_log},
    {verb::post, "api/v1/gc", kAdmin, post_garbage_collection},
    {verb::put, "api/v1/artifacts/{}", kAdminOrWorker, put_artifact},
    {verb::get, "api/v1/artifacts/{}", kReaderOrWorker, get_artifact},
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

constexpr auto kHowToGetOne =
    "`espalier tokens add NAME --role reader` on the coordinator's machine makes one; the command line takes "
    "it from "
    "ESPALIER_TOKEN or --token-file, anything else sends it as \"Authorization: Bearer TOKEN\"";

asio::awaitable<void> demand_token(Exchange* exchange) {
  exchange->refuse(Refusal::no_token);
  auto made = exchange->response(status::unauthorized);
  const auto document = json::serialize(
      to_json({ErrorKind::usage, "a token is needed here, and none that is valid was shown", kHowToGetOne}));
  made.set(http::field::www_authenticate, "Bearer realm=\"espalier\"");
  made.set(http::field::content_type, "application/json; charset=utf-8");
  made.content_length(document.size());
  const bool open = co_await exchange->send_header(std::move(made));
  if (open && !exchange->head()) co_await exchange->write(asio::buffer(document));
}

asio::awaitable<void> refuse_role(Exchange* exchange, Role needed) {
  exchange->refuse(Refusal::role);
  const auto& who = exchange->identity();
  std::string message(who.is_worker
                          ? "a worker"
                          : "the token " + who.name + " of the role " + std::string(to_string(who.role)));
  message.append(" may not do this: it takes the role ").append(to_string(needed));
  Error refusal{
      ErrorKind::usage, std::move(message),
      "`espalier tokens add NAME --role " + std::string(to_string(needed)) + "` makes a token that may"};
  co_await exchange->send_error(status::forbidden, std::move(refusal));
}

// True if the request may go on; else the peer has been told why not.
asio::awaitable<bool> admit(Exchange* exchange, Demand demand) {
  if (demand.role == Role::anybody) co_return true;
  auto who = co_await exchange->identify();
  if (!who) {
    co_await demand_token(exchange);
    co_return false;
  }
  exchange->set_identity(std::move(*who));
  const bool allowed = allows(demand, exchange->identity());
  if (!allowed) co_await refuse_role(exchange, demand.role);
  co_return allowed;
}

// What no request may be, whatever it asks for. False if the peer has been told so.
asio::awaitable<bool> is_proper(Exchange* exchange) {
  constexpr std::size_t kMostFields = 100;
  if (exchange->header_count() > kMostFields) {
    exchange->refuse(Refusal::header_too_large);
    Error refusal{ErrorKind::usage, "the request has more than 100 header fields", ""};
    co_await exchange->send_error(status::request_header_fields_too_large, std::move(refusal));
    co_return false;
  }
  if (!exchange->target_is_valid()) {
    exchange->refuse(Refusal::garbled);
    Error refusal{ErrorKind::usage, "the request's target is no path, or not UTF-8", ""};
    co_await exchange->send_error(status::bad_request, std::move(refusal));
    co_return false;
  }
  if (exchange->to_another_host()) {
    exchange->refuse(Refusal::host);
    Error refusal{ErrorKind::usage, "this coordinator isn't known as " + exchange->header(http::field::host),
                  "start it with --public-http URL if it may be asked under that name"};
    co_await exchange->send_error(status::misdirected_request, std::move(refusal));
    co_return false;
  }
  const bool changes = exchange->method() != verb::get && !exchange->head();
  if (changes && exchange->from_another_site()) {
    exchange->refuse(Refusal::other_site);
    Error refusal{ErrorKind::usage, "a page of another site may not change anything here", ""};
    co_await exchange->send_error(status::forbidden, std::move(refusal));
    co_return false;
  }
  co_return true;
}

}  // namespace

std::span<const Route> routes() {
  return kRoutes;
}

asio::awaitable<void> dispatch(Exchange* exchange) {
  const bool proper = co_await is_proper(exchange);
  if (!proper) co_return;
  const auto method = exchange->head() ? verb::get : exchange->method();
  std::string allowed;
  for (const Route& route : kRoutes) {
    if (!matches(route.pattern, exchange->segments())) continue;
    exchange->set_route(route.pattern);
    if (route.method == method) {
      const bool admitted = co_await admit(exchange, route.demand);
      if (admitted) co_await route.handle(exchange);
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
