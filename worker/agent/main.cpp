// espalier-worker: one worker of a coordinator.
#include <fmt/core.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <exception>
#include <thread>

#include "common/base/files.hpp"
#include "common/base/log.hpp"
#include "common/base/service_notify.hpp"
#include "common/net/key_folder.hpp"
#include "worker/agent/agent.hpp"
#include "worker/agent/doctor.hpp"
#include "worker/agent/facts/static_facts.hpp"

namespace {

namespace asio = boost::asio;
using espalier::agent::Agent;
using espalier::agent::AgentOptions;

std::filesystem::path default_cache(const std::string& name) {
  const char* home = std::getenv("HOME");
  const auto base = home != nullptr && *home != '\0' ? std::filesystem::path(home) / ".cache"
                                                     : std::filesystem::temp_directory_path();
  return base / "espalier" / name;
}

int complain(const espalier::Error& error) {
  espalier::log_end("espalier-worker", error);
  return espalier::exit_code(error.kind);
}

// The key says who the worker is.
espalier::Result<void> know_by_key(const std::string& file, bool is_named, AgentOptions* options) {
  if (file.empty()) return {};
  auto key = espalier::net::read_worker_key(file);
  if (!key) return key.error();
  if (is_named && options->name != key->name)
    return espalier::Error{
        espalier::ErrorKind::usage,
        "the key in " + file + " is that of worker " + key->name + ", not of " + options->name,
        "leave --name out"};
  options->name = key->name;
  options->key = std::move(*key);
  return {};
}

// Said once, since it is for the operator: attempts say nothing of it.
void tell_of_protections() {
  const auto protections = espalier::agent::examine_host();
  if (!protections) return espalier::log::warn("{}", protections.error().message);
  for (const auto& protection : *protections)
    if (!protection.active)
      espalier::log::warn("runners are without the protection \"{}\": {}; `espalier-worker doctor` says more",
                          meaning_of(protection.kind).name, protection.why_not);
}

int examine(bool as_json) {
  const auto protections = espalier::agent::examine_host();
  if (!protections) return complain(protections.error());
  fmt::print("{}", espalier::agent::report(*protections, as_json));
  return 0;
}

// The tenth that is left is the worker's own, the system's, and the caches'.
std::int64_t most_memory() {
  const auto facts = espalier::agent::memory_bytes(espalier::agent::SystemFiles{});
  return facts ? *facts / 10 * 9 : 0;
}

int work(AgentOptions options, const espalier::ServiceNotifier& notifier) {
  asio::io_context io(1);
  options.on_beat = [&] { notifier.alive(); };
  options.on_status = [&](const std::string& status) { notifier.status(status); };
  const std::string waiting = "waiting for the coordinator at " + options.coordinator;
  auto agent = Agent::open(io, std::move(options));
  if (!agent) return complain(agent.error());
  // Also if no coordinator answers yet: workers may be started first.
  notifier.ready(waiting);
  asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([&agent, &notifier](const boost::system::error_code& cancelled, int number) {
    if (cancelled) return;
    espalier::log::info("stopping on signal {}", number);
    notifier.stopping();
    (*agent)->stop();
  });
  espalier::Result<void> outcome;
  asio::co_spawn(io, (*agent)->run(), [&](const std::exception_ptr& defect, espalier::Result<void> ended) {
    if (defect) std::rethrow_exception(defect);
    outcome = std::move(ended);
    signals.cancel();
  });
  io.run();
  return outcome ? 0 : complain(outcome.error());
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "A worker: takes tasks from a coordinator and hands them to runners.\n"
      "Example: espalier-worker --coordinator tcp://10.0.0.5:8471 --slots 4 --key gpu-3.worker",
      "espalier-worker");
  AgentOptions options;
  options.name = espalier::agent::host_name() + "-" + std::to_string(::getpid());
  options.slots = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  std::string cache;
  std::string log_format;
  app.add_option("--log-format", log_format, "text, or json: an object a line; default: $ESPALIER_LOG_FORMAT")
      ->check(CLI::IsMember({"text", "json"}));
  std::string runner = (espalier::program_folder() / "espalier-runner").string();
  app.add_option("--coordinator", options.coordinator,
                 "its ZeroMQ address, and with commas those of coordinators that stand by")
      ->capture_default_str();
  app.add_option("--name", options.name, "unique among its workers")->capture_default_str();
  std::string key_file;
  app.add_option("--key", key_file,
                 "file that `espalier keys add-worker NAME` made: where the coordinator has --keys");
  app.add_option("--slots", options.slots, "tasks that may run at once")
      ->capture_default_str()
      ->check(CLI::Range(1, 4096));
  app.add_option("--cache", cache, "folder for fetched files; default: ~/.cache/espalier/NAME");
  app.add_option("--cache-bytes", options.cache_bytes, "what it may hold, as in 20GiB")
      ->capture_default_str()
      ->transform(CLI::AsSizeValue(true));
  std::vector<std::string> labels;
  app.add_option("--label", labels, "NAME=VALUE: the fact labels.NAME, for jobs that ask for it; repeatable")
      ->allow_extra_args(false);
  app.add_option("--runner", runner, "the program that executes tasks")
      ->envname("ESPALIER_RUNNER")
      ->capture_default_str();
  std::vector<std::string> readable;
  app.add_option(
         "--readable", readable,
         "a folder that all runners may read, besides the system's and the data that a job names; repeatable")
      ->allow_extra_args(false)
      ->check(CLI::ExistingPath);
  options.bounds.disk_bytes = std::int64_t{20} << 30;
  app.add_option("--task-disk", options.bounds.disk_bytes,
                 "what one task may write, as in 20GiB; 0: no limit")
      ->capture_default_str()
      ->transform(CLI::AsSizeValue(true));
  options.bounds.memory_bytes = most_memory();
  app.add_option(
         "--task-memory", options.bounds.memory_bytes,
         "what one task may use that has no limits.memory; default: 90 % of the machine's, 0: no limit")
      ->transform(CLI::AsSizeValue(true));
  bool required = false;
  app.add_flag("--require-confinement", required,
               "end if runners can't be kept from files and system calls that they don't need");
  bool as_json = false;
  auto* doctor = app.add_subcommand("doctor",
                                    "which protections runners have on this host\n"
                                    "Example: espalier-worker doctor --json");
  doctor->add_flag("--json", as_json, "as JSON");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : espalier::exit_code(espalier::ErrorKind::usage);
  }
  if (*doctor) return examine(as_json);
  for (const auto& label : labels)
    if (auto added = espalier::agent::add_label(label, &options.labels); !added)
      return complain(added.error());
  if (auto known = know_by_key(key_file, app.count("--name") > 0, &options); !known)
    return complain(known.error());
  options.cache = cache.empty() ? default_cache(options.name) : std::filesystem::path(cache);
  options.runner = {runner, "serve"};
  options.readable.assign(readable.begin(), readable.end());
  if (const char* datasets = std::getenv("ESPALIER_DATASETS"); datasets != nullptr)
    options.readable.emplace_back(datasets);
  if (required) options.required_confinement = {"landlock", "seccomp", "capabilities", "limits"};
  const espalier::ServiceNotifier notifier;
  if (const auto set = espalier::set_up_log("worker", spdlog::level::info, log_format); !set)
    return complain(set.error());
  tell_of_protections();
  try {
    return work(std::move(options), notifier);
  } catch (const std::exception& defect) {
    return complain({espalier::ErrorKind::internal, defect.what(), ""});
  }
}
