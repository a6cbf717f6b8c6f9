#include "cli/local_system.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <thread>

#include "common/base/files.hpp"
#include "common/base/json.hpp"
#include "common/base/log.hpp"
#include "common/net/key_folder.hpp"

namespace espalier::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

constexpr const char* kUsualAddress = "127.0.0.1:8470";
constexpr const char* kAnyPort = "127.0.0.1:0";
constexpr std::size_t kPatience = 8;  // deaths within a minute before we give up
constexpr seconds kPauseOnFullDisk{2};
constexpr std::uintmax_t kRoomForPostgres = std::uintmax_t{32} << 20;  // two segments of its log

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

std::string worker_name(int number) {
  return host_name() + "-" + std::to_string(number);
}

// What a program said of its own end: the last "error: …" of its log, with the help below it.
Error last_words(const std::filesystem::path& log_file) {
  const auto text = read_file(log_file);
  if (!text) return {};
  // An object a line, if logs are such (see log_end).
  const auto last = text->rfind('\n', text->size() < 2 ? 0 : text->size() - 2);
  if (const auto line = parse_json(std::string_view(*text).substr(last == std::string::npos ? 0 : last + 1));
      line && line->is_object() && line->as_object().contains("message")) {
    const auto& object = line->as_object();
    Error said{ErrorKind::failed, std::string(object.at("message").as_string()), ""};
    if (const auto* help = object.if_contains("help"); help != nullptr && help->is_string())
      said.help = help->get_string();
    return said;
  }
  const auto at = text->rfind("error: ");
  if (at == std::string::npos) return {};
  const auto end = std::min(text->find('\n', at), text->size());
  Error said{ErrorKind::failed, text->substr(at + 7, end - at - 7), ""};
  constexpr std::string_view kHelp = "\n  help: ";
  if (text->compare(end, kHelp.size(), kHelp) == 0)
    said.help = text->substr(end + kHelp.size(), text->find('\n', end + kHelp.size()) - end - kHelp.size());
  return said;
}

bool is_full(const std::filesystem::path& folder) {
  std::error_code unknown;
  const auto room = std::filesystem::space(folder, unknown);
  return !unknown && room.available < kRoomForPostgres;
}

// The line a program prints once it takes work. Ends early if it dies or is interrupted.
Result<std::string> ready_line(ChildProcess& child, Interrupts& interrupts, seconds limit) {
  std::string text;
  const auto deadline = Clock::now() + limit;
  while (Clock::now() < deadline) {
    if (interrupts.wait(milliseconds(100), {child.output_pipe()}))
      return Error{ErrorKind::interrupted, "interrupted", ""};
    pollfd pipe{child.output_pipe(), POLLIN, 0};
    if (::poll(&pipe, 1, 0) != 1) continue;
    std::array<char, 4096> buffer{};
    const auto got = ::read(child.output_pipe(), buffer.data(), buffer.size());
    if (got <= 0) return Error{ErrorKind::failed, "it ended", ""};
    text.append(buffer.data(), static_cast<std::size_t>(got));
    if (const auto end = text.find('\n'); end != std::string::npos) return text.substr(0, end);
  }
  return Error{ErrorKind::unavailable, "it was not ready within " + std::to_string(limit.count()) + " s", ""};
}

// A program that ended said why in its log, and by its exit code of what kind it was.
Error early_end(const std::string& program, const ChildExit& ended, const std::filesystem::path& log_file) {
  auto said = last_words(log_file);
  for (const auto kind :
       {ErrorKind::busy, ErrorKind::unavailable, ErrorKind::missing_dependency, ErrorKind::usage})
    if (ended.code == exit_code(kind)) return {kind, said.message, said.help};
  return {ErrorKind::failed,
          program + " " + ended.in_words() + (said.message.empty() ? "" : ": " + said.message),
          "its log is " + log_file.string()};
}

}  // namespace

Result<std::unique_ptr<LocalSystem>> LocalSystem::start(LocalOptions options, Interrupts& interrupts) {
  auto lock = StateLock::take(options.state);
  if (!lock) return lock.error();
  std::unique_ptr<LocalSystem> system(new LocalSystem(std::move(options), std::move(*lock), interrupts));
  if (auto started = system->start_database(); !started) return started.error();
  for (int number = 1; number <= system->options_.workers; ++number)  // before the coordinator reads them
    if (auto key = system->key_of(worker_name(number)); !key) return key.error();
  if (auto started = system->start_first_coordinator(); !started) return started.error();
  system->workers_.resize(static_cast<std::size_t>(system->options_.workers));
  for (int number = 1; number <= system->options_.workers; ++number)
    if (auto started = system->start_worker(number); !started) return started.error();
  return system;
}

Result<void> LocalSystem::start_database() {
  if (options_.database) {
    database_ = *options_.database;
    return {};
  }
  auto cluster = store::PrivateCluster::start(options_.state.postgres());
  if (!cluster) return cluster.error();
  cluster_.reset();
  cluster_.emplace(std::move(*cluster));
  database_ = cluster_->connection();
  return {};
}

// PostgreSQL can't start on a full disk: it is started once there is room.
Result<void> LocalSystem::start_database_again() {
  if (Clock::now() < database_due_) return {};
  auto started = start_database();
  if (started || !is_full(options_.state.postgres())) return started;
  if (database_due_ == Clock::time_point())
    log::error("the disk that holds {} is full: PostgreSQL starts, and all goes on, when there is room",
               options_.state.postgres().string());
  database_due_ = Clock::now() + kPauseOnFullDisk;
  return {};
}

Result<void> LocalSystem::start_first_coordinator() {
  const auto zmq = options_.zmq.value_or("tcp://127.0.0.1:0");
  if (options_.http) return start_coordinator(*options_.http, zmq);
  auto started = start_coordinator(kUsualAddress, zmq);
  if (!started && started.error().kind == ErrorKind::busy) return start_coordinator(kAnyPort, zmq);
  return started;
}

Result<void> LocalSystem::start_coordinator(const std::string& http, const std::string& zmq) {
  const auto log_file = options_.state.log("coordinator");
  ChildOptions child;
  child.arguments = {program_folder() / "espalier-coordinator",
                     "--database",
                     database_,
                     "--artifacts",
                     options_.state.artifacts(),
                     "--http",
                     http,
                     "--zmq",
                     zmq,
                     "--state-file",
                     options_.state.coordinator_file(),
                     "--standby-s",
                     "20"};
  if (options_.insecure_bind) child.arguments.emplace_back("--insecure-bind");
  if (!options_.keys.empty()) child.arguments.insert(child.arguments.end(), {"--keys", options_.keys});
  if (options_.require_tokens) child.arguments.emplace_back("--require-tokens");
  if (!options_.certificate.empty())
    child.arguments.insert(child.arguments.end(),
                           {"--tls-certificate", options_.certificate, "--tls-key", options_.key});
  for (const auto& folder : options_.job_files)
    child.arguments.insert(child.arguments.end(), {"--job-files", folder});
  child.pipe_output = true;
  child.error_file = log_file;
  child.own_group = true;
  auto spawned = ChildProcess::spawn(child);
  if (!spawned) return spawned.error();
  coordinator_ = std::move(*spawned);
  const auto line = ready_line(coordinator_, interrupts_, seconds(60));
  if (!line) {
    const auto ended = coordinator_.wait_for(seconds(2));
    if (ended && line.error().kind != ErrorKind::interrupted)
      return early_end("the coordinator", *ended, log_file);
    return Error{line.error().kind, "the coordinator can't be used: " + line.error().message,
                 "its log is " + log_file.string()};
  }
  const auto ready = parse_json(*line);
  if (!ready) return Error{ErrorKind::internal, "the coordinator said: " + *line, ""};
  const auto& addresses = ready->at("ready").as_object();
  http_ = addresses.at("http").as_string();
  zmq_ = addresses.at("zmq").as_string();
  return {};
}

Result<void> LocalSystem::start_worker(int number) {
  const int cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  const int slots = options_.slots > 0 ? options_.slots : std::max(1, cores / options_.workers);
  // A worker that takes another's place has a name of its own: the old one's lease may still run.
  const bool replaces_another = ++worker_starts_ > options_.workers;
  const auto name = worker_name(replaces_another ? worker_starts_ : number);
  const auto key = key_of(name);
  if (!key) return key.error();
  ChildOptions child;
  child.arguments = {program_folder() / "espalier-worker",
                     "--coordinator",
                     zmq_,
                     "--name",
                     name,
                     "--slots",
                     std::to_string(slots),
                     "--cache",
                     options_.state.worker(number)};
  if (*key) child.arguments.insert(child.arguments.end(), {"--key", **key});
  child.output_file = options_.state.log("worker-" + std::to_string(number));
  child.own_group = true;
  auto spawned = ChildProcess::spawn(child);
  if (!spawned) return spawned.error();
  workers_[static_cast<std::size_t>(number - 1)] = std::move(*spawned);
  return {};
}

Result<std::optional<std::filesystem::path>> LocalSystem::key_of(const std::string& worker) const {
  if (options_.keys.empty()) return std::optional<std::filesystem::path>();
  const net::KeyFolder keys(options_.keys);
  std::error_code unknown;
  if (std::filesystem::exists(keys.worker_file(worker), unknown))
    return std::optional(keys.worker_file(worker));
  auto made = keys.add_worker(worker);
  if (!made) return made.error();
  return std::optional(std::move(*made));
}

Result<void> LocalSystem::note_death(const std::string& program, const ChildExit& ended,
                                     const std::filesystem::path& log_file) {
  const auto now = Clock::now();
  deaths_.push_back(now);
  while (now - deaths_.front() > std::chrono::minutes(1)) deaths_.pop_front();
  if (deaths_.size() > kPatience || ended.code == exit_code(ErrorKind::usage) ||
      ended.code == exit_code(ErrorKind::missing_dependency))
    return early_end(program, ended, log_file);
  log::warn("{} {}; starting it again (its log: {})", program, ended.in_words(), log_file.string());
  return {};
}

Result<void> LocalSystem::supervise(milliseconds limit) {
  std::vector<int> watched{coordinator_.exit_descriptor()};
  for (const auto& worker : workers_) watched.push_back(worker.exit_descriptor());
  if (cluster_) watched.push_back(cluster_->process().exit_descriptor());
  if (!cluster_ && !options_.database) {  // what else has ended is seen to when there is a database again
    watched.clear();
    limit = std::min<milliseconds>(limit, kPauseOnFullDisk);
  }
  if (interrupts_.wait(limit, watched)) return {};

  if (cluster_)
    if (const auto ended = cluster_->process().poll()) {
      if (auto noted = note_death("postgres", *ended, options_.state.postgres() / "postgres.log"); !noted)
        return noted;
      cluster_.reset();
      database_due_ = {};
    }
  if (!cluster_ && !options_.database) {
    if (auto started = start_database_again(); !started || !cluster_) return started;
  }
  if (const auto ended = coordinator_.poll()) {
    if (auto noted = note_death("coordinator", *ended, options_.state.log("coordinator")); !noted)
      return noted;
    const auto address = http_.substr(http_.find("//") + 2);
    if (auto started = start_coordinator(address, zmq_); !started) return started;
  }
  for (int number = 1; number <= options_.workers; ++number)
    if (const auto ended = workers_[static_cast<std::size_t>(number - 1)].poll()) {
      const auto name = "worker-" + std::to_string(number);
      if (auto noted = note_death(name, *ended, options_.state.log(name)); !noted) return noted;
      if (auto started = start_worker(number); !started) return started;
    }
  return {};
}

LocalSystem::~LocalSystem() {
  for (const auto& worker : workers_) worker.signal(SIGTERM);
  for (auto& worker : workers_)
    if (worker.spawned()) worker.stop(SIGTERM, seconds(10));
  if (coordinator_.spawned()) coordinator_.stop(SIGTERM, seconds(10));
}

}  // namespace espalier::cli
