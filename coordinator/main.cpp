// espalier-coordinator: schedules, stores, serves the API and the page.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string>

#include "common/base/files.hpp"
#include "common/base/json.hpp"
#include "common/base/log.hpp"
#include "common/base/open_files.hpp"
#include "common/base/service_notify.hpp"
#include "common/net/key_folder.hpp"
#include "coordinator/addresses.hpp"
#include "coordinator/api/server.hpp"
#include "coordinator/http_options.hpp"
#include "coordinator/runtime/coordinator.hpp"
#include "coordinator/runtime/reign.hpp"

namespace asio = boost::asio;
using namespace espalier;

namespace {

constexpr auto kExample = R"(
Example, with a database of your own:
  espalier-coordinator --database postgresql://espalier@localhost/espalier --artifacts /var/lib/espalier/artifacts
Then start workers with: espalier-worker --coordinator tcp://127.0.0.1:8471
For workers on other hosts, with keys that `espalier keys init` and `espalier keys add-worker NAME` made:
  espalier-coordinator … --keys .espalier/keys --zmq tcp://10.0.0.5:8471
A second one on the same database stands by and takes over when the first is gone; workers that may have to follow are
given both: --coordinator tcp://10.0.0.5:8471,tcp://10.0.0.6:8471

Exit codes: 0 stopped in order, 2 wrong options or key files, 4 no keys there, 6 port in use, 7 no database, or another coordinator has taken it over.
)";

struct Options {
  runtime::CoordinatorOptions coordinator;
  std::string http = "127.0.0.1:8470";
  std::string public_http;
  std::filesystem::path web;
  std::filesystem::path state_file;
  HttpOptions http_options;
  api::Security security;  // of those, once they are known to be right
  bool insecure_bind = false;
  std::optional<std::chrono::seconds> patience;
  std::string log_format;
};

std::optional<Error> objection_to_zmq(const Options& options) {
  if (!options.coordinator.keys.empty()) {  // now, not only when another coordinator's place is taken
    const auto own = net::KeyFolder(options.coordinator.keys).server();
    return own ? std::nullopt : std::optional(own.error());
  }
  if (options.insecure_bind || is_loopback(options.coordinator.zmq)) return std::nullopt;
  return Error{
      ErrorKind::usage,
      "refusing to listen for workers on " + options.coordinator.zmq +
          " without keys: whoever can reach it could read tasks and hand in results, and nothing would be "
          "encrypted",
      "run `espalier keys init`, and `espalier keys add-worker NAME` for each worker, then give --keys DIR "
      "here and --key NAME.worker there"};
}

int fail(const Error& error) {
  log_end("espalier-coordinator", error);
  return exit_code(error.kind);
}

// The file that tells other programs where this one is; gone when it is.
class StateFile {
 public:
  static Result<std::optional<StateFile>> write(const std::filesystem::path& path, json::object ready) {
    if (path.empty()) return std::optional<StateFile>();
    ready["pid"] = static_cast<std::int64_t>(::getpid());
    if (auto written = write_file_atomically(path, json::serialize(ready) + "\n"); !written)
      return written.error();
    return std::optional<StateFile>(StateFile(path));
  }
  StateFile(StateFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  StateFile& operator=(StateFile&&) = delete;
  ~StateFile() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove(path_, ignored);
  }

 private:
  explicit StateFile(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

// The page as it is installed, or as it lies in the source tree; empty if it was not built.
std::filesystem::path usual_web_folder() {
  for (const char* place : {"../share/espalier/web", "../../../web/dist"}) {
    std::error_code none;
    auto folder = std::filesystem::weakly_canonical(program_folder() / place, none);
    if (!none && std::filesystem::is_directory(folder, none)) return folder;
  }
  return {};
}

// The one place that says in which order things end: first no new requests, then what was decided is
// committed.
asio::awaitable<void> stop(asio::io_context& io, api::Server& server, runtime::Coordinator& coordinator) {
  co_await server.stop();
  co_await coordinator.stop();
  io.stop();
}

// What they show with a request, and by what they know us.
void tell_workers_of(const api::Security& security, runtime::Coordinator& coordinator) {
  std::optional<std::string> token;
  std::optional<std::string> certificate;
  if (security.demands_tokens) token = security.worker_token;
  if (security.tls) certificate = security.tls->certificate();
  coordinator.set_http_access(std::move(token), std::move(certificate));
}

int serve(Options options, const ServiceNotifier& notifier) {
  asio::io_context io{1};
  std::optional<Error> fatal;
  bool stopping = false;
  asio::signal_set signals(io, SIGTERM, SIGINT);
  // While we are stopping another signal would kill us.
  options.coordinator.on_fatal = [&](const Error& error) {
    if (fatal) return;
    log::error("{}", error.message);
    fatal = error;
    if (!stopping) ::kill(::getpid(), SIGTERM);
  };
  options.coordinator.on_beat = [&] { notifier.alive(); };
  bool stop_standing_by = false;
  bool told = false;
  signals.async_wait([&](const boost::system::error_code& error, int) { stop_standing_by = !error; });
  const auto reign = runtime::Reign::wait_for(options.coordinator.database, options.patience, [&] {
    io.poll();
    // All that one that stands by has to do, it does.
    if (!std::exchange(told, true)) notifier.ready("standing by: another coordinator is at work");
    notifier.alive();
    return stop_standing_by;
  });
  if (!reign) return reign.error().kind == ErrorKind::interrupted ? 0 : fail(reign.error());
  signals.cancel();
  io.restart();
  // From the beginning: what was unfinished may take long to read.
  (*reign)->keep(
      [&](const Error& error) { asio::post(io, [&, error] { options.coordinator.on_fatal(error); }); });
  options.coordinator.reads_tokens = options.security.demands_tokens;
  options.coordinator.job_files = job_folders_of(options.http_options, options.security);
  auto coordinator = runtime::Coordinator::start(io, **reign, options.coordinator);
  if (!coordinator) return fail(coordinator.error());
  auto server = api::Server::listen(io, **coordinator, options.http, options.web, options.security);
  if (!server) return fail(server.error());
  const std::string http = (*server)->address();
  (*coordinator)->set_http_address(options.public_http.empty() ? http : options.public_http);
  tell_workers_of(options.security, **coordinator);

  if (auto begun = (*coordinator)->begin(); !begun) return fail(begun.error());

  json::object ready{{"http", http}, {"zmq", (*coordinator)->zmq_endpoint()}};
  if (options.security.tls) ready["certificate"] = options.security.tls->certificate();
  const auto state_file = StateFile::write(options.state_file, ready);
  if (!state_file) return fail(state_file.error());
  std::cout << json::serialize(json::object{{"ready", ready}}) << std::endl;
  notifier.ready("at work: " + http);

  signals.async_wait([&](const boost::system::error_code& error, int) {
    if (error) return;
    stopping = true;
    signals.clear();  // a second signal ends the program at once
    notifier.stopping();
    asio::co_spawn(io, stop(io, **server, **coordinator), [&](const std::exception_ptr& failure) {
      if (failure) io.stop();
    });
  });
  io.run();
  log::info("stopped");
  return fatal ? fail(*fatal) : 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"Schedules jobs, keeps their results in PostgreSQL, serves the API and the page."};
  app.footer(kExample);
  app.add_option("--database", options.coordinator.database, "PostgreSQL: a URL or a libpq connection string")
      ->required();
  app.add_option("--artifacts", options.coordinator.artifacts,
                 "Folder for models and other files that tasks make")
      ->required();
  options.coordinator.zmq = "tcp://127.0.0.1:8471";
  app.add_option("--http", options.http, "Address of API and page; port 0: any free one")
      ->capture_default_str();
  app.add_option("--zmq", options.coordinator.zmq, "Address for workers; port 0: any free one")
      ->capture_default_str();
  app.add_option(
      "--keys", options.coordinator.keys,
      "Folder that `espalier keys init` made: workers have to come with a key, and all is encrypted");
  app.add_option("--web", options.web, "Folder of the page's files; default: as installed");
  app.add_option("--public-http", options.public_http,
                 "URL under which workers reach --http, if it is another than that");
  app.add_option("--state-file", options.state_file,
                 "Where to write {\"http\", \"zmq\", \"pid\"} as JSON once ready; removed at the end");
  app.add_option("--beat-ms", options.coordinator.beat_ms, "Workers send a heartbeat this often")
      ->capture_default_str()
      ->check(CLI::Range(10, 600'000));
  app.add_option("--lease-ms", options.coordinator.lease_ms,
                 "A worker that is silent for so long has lost its tasks")
      ->capture_default_str()
      ->check(CLI::Range(30, 3'600'000));
  std::vector<std::pair<std::string, double>> shares;
  app.add_option("--share", shares,
                 "A user and their weight when slots are shared, as in --share ann 3; default: 1")
      ->check([](const std::string& text) -> std::string {
        // Of each pair CLI11 checks both halves; a name may be anything.
        char* end = nullptr;
        const double weight = std::strtod(text.c_str(), &end);
        const bool is_number = end != text.c_str() && *end == '\0';
        return is_number && !(weight > 0 && weight < 1e9) ? "a weight has to be above 0" : "";
      });
  int standby_s = -1;
  app.add_option(
         "--standby-s", standby_s,
         "How long to stand by while another coordinator is at work on the database; default: for ever")
      ->check(CLI::NonNegativeNumber);
  add_http_options(app, options.http_options);
  app.add_option("--log-format", options.log_format,
                 "text, or json: an object a line; default: $ESPALIER_LOG_FORMAT")
      ->check(CLI::IsMember({"text", "json"}));
  app.add_flag("--insecure-bind", options.insecure_bind, "Allow addresses that others can reach");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : exit_code(ErrorKind::usage);
  }
  const ServiceNotifier notifier;
  if (const auto set = set_up_log("coordinator", spdlog::level::info, options.log_format); !set)
    return fail(set.error());
  allow_many_open_files();
  options.coordinator.shares = {shares.begin(), shares.end()};
  if (standby_s >= 0) options.patience = std::chrono::seconds(standby_s);
  if (options.web.empty()) options.web = usual_web_folder();
  if (const auto wrong = objection_to_zmq(options)) return fail(*wrong);
  auto security = security_of(options.http_options, options.http, options.public_http, options.insecure_bind);
  if (!security) return fail(security.error());
  options.security = std::move(*security);
  try {
    return serve(std::move(options), notifier);
  } catch (const ErrorException& error) {
    return fail(error.error());
  } catch (const std::exception& error) {
    return fail({ErrorKind::internal, error.what(), ""});
  }
}
