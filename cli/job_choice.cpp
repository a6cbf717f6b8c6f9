#include "cli/job_choice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <iostream>
#include <vector>

#include "common/base/files.hpp"
#include "common/base/private_file.hpp"

namespace espalier::cli {
namespace {

std::string_view name_of(const json::value& summary) {
  return summary.at("name").as_string();
}

std::int64_t count(const json::object& summary, const char* of, const char* what) {
  return summary.at(of).at(what).to_number<std::int64_t>();
}

}  // namespace

void add_options(CLI::App& command, CoordinatorChoice& choice) {
  command.add_option("--coordinator", choice.url, "Its address, http[s]://HOST:PORT");
  command.add_option("--state", choice.state.root, "Find the coordinator that works in this folder")
      ->capture_default_str();
  command.add_option("--token-file", choice.token_file,
                     "File with the token for a coordinator that asks for one; or set ESPALIER_TOKEN");
  command
      .add_option("--ca", choice.authorities, "PEM file with who signed an https coordinator's certificate")
      ->envname("ESPALIER_CA");
}

namespace {

// Never from an option: those are for all to see in `ps`.
Result<std::string> token_of(const CoordinatorChoice& choice) {
  std::string token;
  if (!choice.token_file.empty()) {
    const auto text = read_private_file(choice.token_file);
    if (!text) return text.error();
    token = *text;
  } else if (const char* given = std::getenv("ESPALIER_TOKEN"); given != nullptr) {
    token = given;
  }
  while (!token.empty() && std::isspace(static_cast<unsigned char>(token.back())) != 0) token.pop_back();
  const bool is_one =
      std::all_of(token.begin(), token.end(), [](unsigned char c) { return std::isgraph(c) != 0; });
  if (!is_one)
    return Error{
        ErrorKind::usage,
        (choice.token_file.empty() ? std::string("ESPALIER_TOKEN") : choice.token_file) + " holds no token",
        "a token is one word, as `espalier tokens add` printed it"};
  return token;
}

Result<net::HttpAccess> access_of(const CoordinatorChoice& choice,
                                  const std::optional<std::string>& certificate) {
  net::HttpAccess access;
  auto token = token_of(choice);
  if (!token) return token.error();
  access.token = std::move(*token);
  if (choice.authorities.empty() && !certificate) return access;
  const auto pem =
      choice.authorities.empty() ? Result<std::string>(*certificate) : read_file(choice.authorities);
  if (!pem) return pem.error();
  auto tls = choice.authorities.empty() ? net::TlsClient::pinned(*pem) : net::TlsClient::trusting(*pem);
  if (!tls)
    return Error{tls.error().kind,
                 "the certificates in " + choice.authorities + " can't be used: " + tls.error().message,
                 tls.error().help};
  access.tls = std::move(*tls);
  return access;
}

}  // namespace

Result<CoordinatorClient> client_of(const CoordinatorChoice& choice) {
  RunningCoordinator found{choice.url, std::nullopt};
  if (choice.url.empty()) {
    auto running = coordinator_of(choice.state);
    if (!running)
      return Error{ErrorKind::unavailable, "no coordinator is running in " + choice.state.root.string(),
                   "start one with `espalier up`, or name another with --coordinator"};
    found = std::move(*running);
  }
  auto access = access_of(choice, found.certificate);
  if (!access) return access.error();
  return CoordinatorClient(std::move(found.http), std::move(*access));
}

void add_options(CLI::App& command, JobChoice& choice) {
  command.add_option("JOB", choice.job, "The job's number, or its name if only one has it")->required();
  add_options(command, choice.coordinator);
  command.add_flag("--json", choice.json, "Print the job as JSON");
}

Result<std::int64_t> find_job(const CoordinatorClient& client, const std::string& job) {
  std::int64_t number = 0;
  const auto [end, failure] = std::from_chars(job.data(), job.data() + job.size(), number);
  if (failure == std::errc{} && end == job.data() + job.size()) return number;
  const auto jobs = client.jobs();
  if (!jobs) return jobs.error();
  std::vector<std::int64_t> found;
  for (const auto& summary : *jobs)
    if (name_of(summary) == job) found.push_back(summary.at("id").to_number<std::int64_t>());
  if (found.size() == 1) return found.front();
  if (found.empty())
    return Error{ErrorKind::not_found, "there is no job \"" + job + "\"", "`espalier jobs` lists them"};
  return Error{ErrorKind::usage,
               fmt::format("{} jobs are called \"{}\": {}", found.size(), job, fmt::join(found, ", ")),
               fmt::format("say which by its number, for example {}", found.front())};
}

Result<int> change_job(const JobChoice& choice, const std::string& verb) {
  const auto client = client_of(choice.coordinator);
  if (!client) return client.error();
  const auto job = find_job(*client, choice.job);
  if (!job) return job.error();
  const auto summary = client->change(*job, verb);
  if (!summary) return summary.error();
  print_job(*summary, choice.json);
  return 0;
}

void print_job(const json::object& summary, bool as_json) {
  if (as_json) {
    std::cout << json::serialize(summary) << "\n";
    return;
  }
  std::cout << fmt::format("job {} ({}) is {}: {} of {} trials succeeded, {} tasks are running\n",
                           summary.at("id").to_number<std::int64_t>(), name_of(summary),
                           std::string_view(summary.at("state").as_string()),
                           count(summary, "trials", "succeeded"), count(summary, "trials", "total"),
                           count(summary, "tasks", "running"));
}

}  // namespace espalier::cli
