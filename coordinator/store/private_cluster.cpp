#include "coordinator/store/private_cluster.hpp"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <random>
#include <sstream>
#include <utility>
#include <vector>

#include "common/base/files.hpp"
#include "common/base/hash.hpp"
#include "common/base/log.hpp"

namespace fs = std::filesystem;

namespace espalier::store {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

using User = std::pair<uid_t, gid_t>;

// Unset: as we are. PostgreSQL refuses root, so root lends its package's user.
Result<std::optional<User>> server_user() {
  if (::geteuid() != 0) return std::optional<User>{};
  const passwd* entry = ::getpwnam("postgres");
  if (entry == nullptr)
    return Error{ErrorKind::missing_dependency, "there is no user postgres to run PostgreSQL as",
                 "apt-get install postgresql"};
  return std::optional<User>{User{entry->pw_uid, entry->pw_gid}};
}

Result<fs::path> find_programs(const fs::path& data) {
  const fs::path root = "/usr/lib/postgresql";
  std::string wanted;
  if (auto version = read_file(data / "PG_VERSION")) wanted = version->substr(0, version->find('\n'));
  fs::path best;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(root, missing)) {
    const auto name = entry.path().filename().string();
    if (!fs::exists(entry.path() / "bin/postgres") || (!wanted.empty() && name != wanted)) continue;
    if (best.empty() || std::atoi(name.c_str()) > std::atoi(best.filename().c_str())) best = entry.path();
  }
  if (!best.empty()) return best / "bin";
  const std::string package = wanted.empty() ? "postgresql" : "postgresql-" + wanted;
  return Error{ErrorKind::missing_dependency,
               "PostgreSQL" + (wanted.empty() ? "" : " " + wanted) + " is not installed",
               "apt-get install " + package};
}

bool others_may_enter(const fs::path& folder) {
  for (fs::path part = folder; part.has_relative_path(); part = part.parent_path()) {
    struct stat status {};
    if (::stat(part.c_str(), &status) != 0 || (status.st_mode & S_IXOTH) == 0) return false;
  }
  return true;
}

std::string random_name() {
  std::random_device entropy;
  return sha256_hex(std::to_string(entropy()) + "-" + std::to_string(entropy())).substr(0, 16);
}

// Where the cluster's files lie. Under a folder that `postgres` can't enter (/root, say) they go to
// /var/lib/espalier, with a link in their usual place.
Result<fs::path> place_data(const fs::path& folder, const std::optional<User>& user) {
  const auto data = folder / "data";
  std::error_code failed;
  if (fs::exists(data / "PG_VERSION", failed)) return fs::canonical(data);
  fs::path home = folder;
  if (user && !others_may_enter(folder)) home = fs::path("/var/lib/espalier") / random_name();
  fs::create_directories(home, failed);
  if (failed) return Error{ErrorKind::failed, home.string() + " can't be made: " + failed.message(), ""};
  if (home != folder) {
    fs::remove(data, failed);
    fs::create_directory_symlink(home / "data", data, failed);
    if (failed) return Error{ErrorKind::failed, data.string() + " can't be linked: " + failed.message(), ""};
  }
  if (user && ::chown(home.c_str(), user->first, user->second) != 0)
    return Error{ErrorKind::failed, home.string() + " can't be handed to postgres: " + std::strerror(errno),
                 ""};
  return home / "data";
}

// A socket's path is limited to 107 bytes, so it can't lie in the state folder.
fs::path socket_folder(const fs::path& data) {
  return "/tmp/espalier-" + std::to_string(::geteuid()) + "-" + sha256_hex(data.string()).substr(0, 12);
}

// Only its owner may reach the sockets in it; that is the whole of the server's authentication.
Result<void> secure_folder(const fs::path& folder, const std::optional<User>& user) {
  const uid_t owner = user ? user->first : ::geteuid();
  const bool made = ::mkdir(folder.c_str(), 0700) == 0;
  if (made && user && ::chown(folder.c_str(), user->first, user->second) != 0)
    return Error{ErrorKind::failed, folder.string() + " can't be handed to postgres: " + std::strerror(errno),
                 ""};
  struct stat status {};
  if (::lstat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode) || status.st_uid != owner ||
      (status.st_mode & 077) != 0)
    return Error{ErrorKind::busy, folder.string() + " is there already and is not ours alone",
                 "remove that folder and run again"};
  return {};
}

Result<void> initialise(const fs::path& programs, const fs::path& data, const std::optional<User>& user) {
  const auto unfinished = data.string() + ".new";
  std::error_code ignored;
  fs::remove_all(unfinished, ignored);
  ChildOptions options;
  options.arguments = {
      programs / "initdb", "--pgdata", unfinished, "--username", "espalier",         "--auth", "trust",
      "--encoding",        "UTF8",     "--locale", "C.UTF-8",    "--no-instructions"};
  options.run_as = user;
  options.folder = "/";
  options.error_file = data.parent_path() / "initdb.log";
  auto output = run_to_end(options, seconds(120));
  if (!output) return output.error();
  if (!output->exit.succeeded())
    return Error{ErrorKind::failed, "initdb " + output->exit.in_words(),
                 "see " + options.error_file->string()};
  fs::rename(unfinished, data, ignored);
  if (ignored) return Error{ErrorKind::failed, data.string() + " can't be made: " + ignored.message(), ""};
  return {};
}

// postmaster.pid: the first line is the process, the eighth its state ("ready" once connections are taken).
struct Postmaster {
  pid_t pid = 0;
  bool ready = false;
};

std::optional<Postmaster> postmaster_of(const fs::path& data) {
  std::ifstream file(data / "postmaster.pid");
  std::string line;
  Postmaster found;
  for (int number = 1; std::getline(file, line); ++number) {
    if (number == 1) found.pid = std::atoi(line.c_str());
    if (number == 8) found.ready = line.starts_with("ready");
  }
  if (found.pid <= 0) return std::nullopt;
  // The number may be another process's by now: only one that works in this folder counts.
  std::error_code gone;
  const auto folder = fs::read_symlink("/proc/" + std::to_string(found.pid) + "/cwd", gone);
  if (gone || folder != data) return std::nullopt;
  return found;
}

// Waits without spinning for something that has no descriptor to wait on.
void pause(milliseconds time) {
  timespec interval{0, std::chrono::nanoseconds(time).count()};
  ::nanosleep(&interval, nullptr);
}

// A killed server's processes end one after the other; each works in the cluster's folder as long as it
// lives.
bool anybody_works_in(const fs::path& data) {
  std::error_code gone;
  for (const auto& process : fs::directory_iterator("/proc", gone))
    if (fs::read_symlink(process.path() / "cwd", gone) == data && !gone) return true;
  return false;
}

Result<void> stop_leftover(const fs::path& data) {
  const auto deadline = std::chrono::steady_clock::now() + seconds(30);
  for (bool told = false; anybody_works_in(data); pause(milliseconds(20))) {
    if (const auto found = postmaster_of(data); found && !std::exchange(told, true)) {
      log::info("stopping the PostgreSQL that an earlier run left behind (process {})", found->pid);
      ::kill(found->pid, SIGINT);
    }
    if (std::chrono::steady_clock::now() > deadline)
      return Error{ErrorKind::busy, "PostgreSQL of an earlier run doesn't stop working in " + data.string(),
                   "kill it and run again"};
  }
  // What a killed server leaves would stop the next one while the number in it belongs to any process at all.
  std::error_code ignored;
  fs::remove(data / "postmaster.pid", ignored);
  fs::remove_all(socket_folder(data), ignored);
  return {};
}

std::string connection_to(const fs::path& data) {
  return "host=" + socket_folder(data).string() + " dbname=postgres user=espalier";
}

// Memory for pages: a small board has little, and beyond this a million tasks gain nothing.
std::string shared_buffers() {
  const auto memory = ::sysconf(_SC_PHYS_PAGES) / 1024 * ::sysconf(_SC_PAGESIZE) / 1024;  // MiB
  return "shared_buffers=" + std::to_string(std::clamp(memory / 32, 64L, 512L)) + "MB";
}

Result<ChildProcess> launch(const fs::path& programs, const fs::path& data, const std::optional<User>& user) {
  const auto log_file = data.parent_path() / "postgres.log";
  ChildOptions options;
  options.arguments = {programs / "postgres", "-D", data, "-k", socket_folder(data)};
  for (const char* setting :
       {"listen_addresses=", "jit=off", "max_connections=50", "max_wal_size=1GB", "checkpoint_timeout=15min",
        "log_min_messages=warning", "log_min_error_statement=panic", "timezone=UTC"}) {
    options.arguments.insert(options.arguments.end(), {"-c", setting});
  }
  options.arguments.insert(options.arguments.end(), {"-c", shared_buffers()});
  options.run_as = user;
  options.folder = "/";
  options.output_file = log_file;
  options.own_group = true;
  options.signal_on_parent_death = SIGINT;  // its fast and clean shutdown
  auto server = ChildProcess::spawn(options);
  if (!server) return server.error();
  const auto deadline = std::chrono::steady_clock::now() + seconds(60);
  while (true) {
    if (const auto found = postmaster_of(data); found && found->ready && found->pid == server->pid()) break;
    if (const auto ended = server->wait_for(milliseconds(5)))
      return Error{ErrorKind::failed, "PostgreSQL " + ended->in_words() + " while starting",
                   "its log is " + log_file.string()};
    if (std::chrono::steady_clock::now() > deadline)
      return Error{ErrorKind::failed, "PostgreSQL was not ready within 60 s",
                   "its log is " + log_file.string()};
  }
  return server;
}

}  // namespace

Result<PrivateCluster> PrivateCluster::start(const fs::path& folder) {
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed) return Error{ErrorKind::failed, folder.string() + " can't be made: " + failed.message(), ""};
  auto user = server_user();
  if (!user) return user.error();
  auto data = place_data(fs::canonical(folder), *user);
  if (!data) return data.error();
  auto programs = find_programs(*data);
  if (!programs) return programs.error();
  if (auto stopped = stop_leftover(*data); !stopped) return stopped.error();
  if (!fs::exists(*data / "PG_VERSION"))
    if (auto made = initialise(*programs, *data, *user); !made) return made.error();
  if (auto secured = secure_folder(socket_folder(*data), *user); !secured) return secured.error();
  auto server = launch(*programs, *data, *user);
  if (!server) return server.error();
  return PrivateCluster(std::move(*server), connection_to(*data));
}

std::optional<std::string> PrivateCluster::running(const fs::path& folder) {
  std::error_code missing;
  const auto data = fs::canonical(folder / "data", missing);
  if (missing) return std::nullopt;
  const auto found = postmaster_of(data);
  if (!found || !found->ready) return std::nullopt;
  return connection_to(data);
}

PrivateCluster::~PrivateCluster() {
  if (!server_.spawned() || server_.poll()) return;
  const auto ended = server_.stop(SIGINT, seconds(30));
  if (!ended.succeeded()) log::warn("PostgreSQL {}", ended.in_words());
}

}  // namespace espalier::store
