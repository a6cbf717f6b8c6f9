#include "cli/coordinator_client.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <pwd.h>
#include <unistd.h>

#include <boost/url.hpp>
#include <optional>

#include "common/net/blocking_http.hpp"

namespace espalier::cli {
namespace {

constexpr std::chrono::seconds kLimit{60};
constexpr std::chrono::hours kLimitOfSubmission{1};  // a million trials take minutes to plan and write

struct Reply {
  bool succeeded = false;
  int status = 0;
  json::object body;
};

Result<Reply> reply_to(const std::string& url, const std::string& method, const std::string& body,
                       std::chrono::milliseconds limit, const net::HttpAccess& access) {
  const auto reply = net::request(method, url, body, limit, access);
  if (!reply) {
    const auto& help = reply.error().help;
    return Error{
        reply.error().kind, reply.error().message,
        help.empty()
            ? "is a coordinator running? `espalier up` starts one, `espalier run FILE` brings its own"
            : help};
  }
  const auto value = parse_json(reply->body);
  if (!value || !value->is_object())
    return Error{ErrorKind::internal, url + " answered " + std::to_string(reply->status) + " without JSON",
                 ""};
  return Reply{reply->succeeded(), reply->status, value->as_object()};
}

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

std::optional<Error> error_in(const Reply& reply) {
  if (reply.succeeded) return std::nullopt;
  const auto* error = reply.body.if_contains("error");
  if (error == nullptr || !error->is_object())
    return Error{ErrorKind::internal,
                 "the coordinator answered status " + std::to_string(reply.status) + " without a reason", ""};
  const auto& said = error->as_object();
  return Error{error_kind_from(text_of(said, "kind")), text_of(said, "message"), text_of(said, "help")};
}

// Who the work is for; with a token it is who that was given to.
std::string user_name() {
  const passwd* entry = ::getpwuid(::geteuid());
  return entry != nullptr ? entry->pw_name : std::to_string(::geteuid());
}

}  // namespace

Result<json::object> CoordinatorClient::ask(const std::string& method, const std::string& path,
                                            const std::string& body) const {
  const auto reply = reply_to(url_ + path, method, body, kLimit, access_);
  if (!reply) return reply.error();
  if (const auto error = error_in(*reply)) return *error;
  return reply->body;
}

Result<CoordinatorClient::Answer> CoordinatorClient::hand_in(const std::string& path,
                                                             const JobFile& file) const {
  const auto reply = reply_to(url_ + path, "POST", file.text, kLimitOfSubmission, access_);
  if (!reply) return reply.error();
  const auto error = error_in(*reply);
  if (!error) return Answer{reply->body.at("job").as_object(), {}};
  Answer answer;
  if (const auto* found = reply->body.at("error").as_object().if_contains("diagnostics"))
    answer.errors = job::diagnostics_from(*found);
  if (answer.errors.empty()) return *error;
  return answer;
}

Result<CoordinatorClient::Answer> CoordinatorClient::submit(const JobFile& job, bool replace) const {
  boost::urls::url target("/api/v1/jobs");
  target.params().append({"folder", job.folder.string()});
  target.params().append({"user", user_name()});
  if (replace) target.params().append({"replace", "1"});
  return hand_in(std::string(target.buffer()), job);
}

Result<json::object> CoordinatorClient::compare(const Comparison& comparison, bool replace) const {
  boost::urls::url target("/api/v1/comparisons");
  auto params = target.params();
  params.append({"trial", std::to_string(comparison.trial)});
  params.append({"against", std::to_string(comparison.against)});
  params.append({"user", user_name()});
  if (!comparison.device.empty()) params.append({"device", comparison.device});
  if (!comparison.batch_sizes.empty())
    params.append({"batch_sizes", fmt::format("{}", fmt::join(comparison.batch_sizes, ","))});
  if (!comparison.threads.empty())
    params.append({"threads", fmt::format("{}", fmt::join(comparison.threads, ","))});
  if (comparison.again) params.append({"again", "1"});
  if (replace) params.append({"replace", "1"});
  return member(ask("POST", std::string(target.buffer())), "job");
}

Result<json::object> CoordinatorClient::comparisons(std::int64_t job) const {
  return ask("GET", "/api/v1/comparisons/" + std::to_string(job));
}

Result<json::object> CoordinatorClient::summary(std::int64_t job) const {
  return member(ask("GET", "/api/v1/jobs/" + std::to_string(job) + "/summary"), "job");
}

Result<json::object> CoordinatorClient::document(std::int64_t job) const {
  return ask("GET", "/api/v1/jobs/" + std::to_string(job));
}

Result<CoordinatorClient::Answer> CoordinatorClient::extend(std::int64_t job, const JobFile& file) const {
  boost::urls::url target("/api/v1/jobs/" + std::to_string(job) + "/extend");
  target.params().append({"folder", file.folder.string()});
  return hand_in(std::string(target.buffer()), file);
}

Result<json::array> CoordinatorClient::jobs() const {
  auto reply = ask("GET", "/api/v1/jobs");
  if (!reply) return reply.error();
  return reply->at("jobs").as_array();
}

Result<json::object> CoordinatorClient::change(std::int64_t job, const std::string& verb) const {
  return member(ask("POST", "/api/v1/jobs/" + std::to_string(job) + "/" + verb), "job");
}

Result<json::array> CoordinatorClient::workers() const {
  auto reply = ask("GET", "/api/v1/workers");
  if (!reply) return reply.error();
  return reply->at("workers").as_array();
}

Result<json::object> CoordinatorClient::cordon(const std::string& worker, const std::string& verb) const {
  boost::urls::url target;
  target.segments() = {"api", "v1", "workers", worker, verb};
  return member(ask("POST", "/" + std::string(target.encoded_path())), "worker");
}

Result<json::array> CoordinatorClient::explanations(const std::string& trial_or_task) const {
  boost::urls::url target("/api/v1/explanations");
  target.params().append({"of", trial_or_task});
  auto reply = ask("GET", std::string(target.buffer()));
  if (!reply) return reply.error();
  return reply->at("tasks").as_array();
}

Result<std::size_t> CoordinatorClient::living_workers() const {
  const auto all = workers();
  if (!all) return all.error();
  std::size_t count = 0;
  for (const auto& worker : *all)
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
