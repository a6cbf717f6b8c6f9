// Whether it is well, whether it may be given work, and what it counts: for whoever watches over it.
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>

#include "common/net/run_on.hpp"
#include "coordinator/api/http_metrics.hpp"
#include "coordinator/api/routes.hpp"

namespace espalier::api {

namespace asio = boost::asio;

namespace {

constexpr std::uintmax_t kLeastRoom = std::uintmax_t{64} << 20;  // bytes: a model of the zoo fits

struct AskForRoom {
  std::filesystem::path folder;
  std::optional<std::uint64_t> operator()() const {
    std::error_code unknown;
    const auto room = std::filesystem::space(folder, unknown);
    return unknown ? std::nullopt : std::optional<std::uint64_t>(room.available);
  }
};

// By a file of its own, since rights tell nothing of a disk that is broken or read-only.
struct TryToWrite {
  std::filesystem::path folder;
  Result<void> operator()() const {
    const auto room = AskForRoom{folder}();
    if (room && *room < kLeastRoom)
      return Error{ErrorKind::unavailable,
                   fmt::format("the disk that holds {} has {} MiB left", folder.string(), *room >> 20),
                   "free some space: `espalier gc` removes what nobody needs"};
    std::string name = (folder / "incoming" / "ready-XXXXXX").string();
    const int file = ::mkstemp(name.data());
    if (file < 0)
      return Error{ErrorKind::unavailable, folder.string() + " can't be written: " + std::strerror(errno),
                   ""};
    ::close(file);
    ::unlink(name.c_str());
    return {};
  }
};

void add_check(json::object& checks, bool& ready, const char* name, const Result<void>& outcome) {
  json::object check{{"ok", outcome.has_value()}};
  if (outcome.has_error()) {
    check["message"] = outcome.error().message;
    check["help"] = outcome.error().help;
  }
  ready = ready && outcome.has_value();
  checks[name] = std::move(check);
}

}  // namespace

asio::awaitable<void> get_health(Exchange* exchange) {
  const auto answers = co_await exchange->services().coordinator.database_answers();
  if (answers.has_error()) {
    co_await exchange->send_error(status::service_unavailable, answers.error());
  } else {
    json::object body;
    body["status"] = "ok";
    co_await exchange->send_json(status::ok, std::move(body));
  }
}

asio::awaitable<void> get_readiness(Exchange* exchange) {
  auto& coordinator = exchange->services().coordinator;
  bool ready = true;
  json::object checks;
  add_check(checks, ready, "reign", coordinator.is_at_work());
  const auto database = co_await coordinator.database_answers();
  add_check(checks, ready, "database", database);
  TryToWrite work{coordinator.artifacts().folder()};
  const auto written = co_await net::run_on(exchange->services().files, std::move(work));
  add_check(checks, ready, "artifacts", written);
  json::object body;
  body["ready"] = ready;
  body["checks"] = std::move(checks);
  const auto code = ready ? status::ok : status::service_unavailable;
  co_await exchange->send_json(code, std::move(body));
}

asio::awaitable<void> get_metrics(Exchange* exchange) {
  auto& coordinator = exchange->services().coordinator;
  AskForRoom ask{coordinator.artifacts().folder()};
  const auto room = co_await net::run_on(exchange->services().files, std::move(ask));
  const std::string text = coordinator.metrics() + to_prometheus(exchange->services().refusals) +
                           exchange->services().metrics.text(room);
  auto made = exchange->response(status::ok);
  made.set(http::field::content_type, "text/plain; version=0.0.4; charset=utf-8");
  made.content_length(text.size());
  const bool open = co_await exchange->send_header(std::move(made));
  if (open && !exchange->head()) co_await exchange->write(asio::buffer(text));
}

}  // namespace espalier::api
