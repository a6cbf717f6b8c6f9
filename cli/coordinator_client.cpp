#include "cli/coordinator_client.hpp"

#include <fmt/format.h>

#include <boost/url.hpp>

#include "common/net/blocking_http.hpp"

namespace espalier::cli {
namespace {

constexpr std::chrono::seconds kLimit{60};

Result<json::object> member(Result<json::object> reply, const char* name) {
  if (!reply) return reply.error();
  const auto* value = reply->if_contains(name);
  if (value == nullptr || !value->is_object())
    return Error{ErrorKind::internal, std::string("the coordinator's answer has no ") + name, ""};
  return value->as_object();
}

std::string text_of(const json::object& object, const char* name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

}  // namespace

Result<json::object> CoordinatorClient::ask(const std::string& method, const std::string& path,
                                            const std::string& body) const {
  auto reply = net::request(method, url_ + path, body, kLimit);
  if (!reply)
    return Error{reply.error().kind, reply.error().message,
                 "is a coordinator running? `espalier up` starts one, `espalier run FILE` brings its own"};
  auto value = parse_json(reply->body);
  if (!value || !value->is_object())
    return Error{ErrorKind::internal,
                 url_ + path + " answered " + std::to_string(reply->status) + " without JSON", ""};
  if (reply->succeeded()) return value->as_object();
  const auto* error = value->as_object().if_contains("error");
  if (error == nullptr || !error->is_object())
    return Error{ErrorKind::internal, url_ + path + " answered " + std::to_string(reply->status), ""};
  const auto& said = error->as_object();
  return Error{error_kind_from(text_of(said, "kind")), text_of(said, "message"), text_of(said, "help")};
}

Result<json::object> CoordinatorClient::submit(const std::string& toml, const std::filesystem::path& folder,
                                               bool replace) const {
  boost::urls::url target("/api/v1/jobs");
  target.params().append({"folder", folder.string()});
  if (replace) target.params().append({"replace", "1"});
  return member(ask("POST", std::string(target.buffer()), toml), "job");
}

Result<json::object> CoordinatorClient::summary(std::int64_t job) const {
  return member(ask("GET", "/api/v1/jobs/" + std::to_string(job) + "/summary"), "job");
}

Result<json::object> CoordinatorClient::document(std::int64_t job) const {
  return ask("GET", "/api/v1/jobs/" + std::to_string(job));
}

Result<json::object> CoordinatorClient::extend(std::int64_t job, const std::string& toml,
                                               const std::filesystem::path& folder) const {
  boost::urls::url target("/api/v1/jobs/" + std::to_string(job) + "/extend");
  target.params().append({"folder", folder.string()});
  return member(ask("POST", std::string(target.buffer()), toml), "job");
}

Result<json::array> CoordinatorClient::jobs() const {
  auto reply = ask("GET", "/api/v1/jobs");
  if (!reply) return reply.error();
  return reply->at("jobs").as_array();
}

Result<json::object> CoordinatorClient::change(std::int64_t job, const std::string& verb) const {
  return member(ask("POST", "/api/v1/jobs/" + std::to_string(job) + "/" + verb), "job");
}

Result<std::size_t> CoordinatorClient::living_workers() const {
  auto reply = ask("GET", "/api/v1/workers");
  if (!reply) return reply.error();
  std::size_t count = 0;
  for (const auto& worker : reply->at("workers").as_array())
    if (text_of(worker.as_object(), "state") == "alive") ++count;
  return count;
}

Result<json::object> CoordinatorClient::attempts(const std::string& trial_or_task) const {
  boost::urls::url target("/api/v1/attempts");
  target.params().append({"of", trial_or_task});
  return ask("GET", std::string(target.buffer()));
}

Result<json::object> CoordinatorClient::attempt_log(std::int64_t attempt, std::int64_t from) const {
  return ask("GET", fmt::format("/api/v1/attempts/{}/log?from={}", attempt, from));
}

Result<json::object> CoordinatorClient::collect_garbage(bool dry_run, int keep_days) const {
  auto path = fmt::format("/api/v1/gc?dry_run={}", dry_run ? 1 : 0);
  if (keep_days > 0) path += fmt::format("&keep_days={}", keep_days);
  return ask("POST", path);
}

}  // namespace espalier::cli
