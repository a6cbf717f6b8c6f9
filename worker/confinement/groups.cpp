#include "worker/confinement/groups.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <fstream>
#include <sstream>
#include <string_view>
#include <utility>

#include "worker/confinement/refusal.hpp"

namespace espalier::confinement {
namespace fs = std::filesystem;
namespace {

constexpr const char* kAgent = "agent";

// These files hardly say their size, and take one write at a time.
std::string text_of(const fs::path& file) {
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

Result<void> put(const fs::path& file, const std::string& text) {
  const int opened = ::open(file.c_str(), O_WRONLY | O_CLOEXEC);
  if (opened < 0) return refusal(file.string());
  const bool written = ::write(opened, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const auto error = refusal(file.string());
  ::close(opened);
  if (!written) return error;
  return {};
}

bool has_word(const std::string& text, std::string_view word) {
  std::istringstream words(text);
  for (std::string next; words >> next;)
    if (next == word) return true;
  return false;
}

std::string limit_text(std::int64_t limit) {
  return limit > 0 ? std::to_string(limit) : "max";
}

Error impossible(std::string why) {
  return {ErrorKind::failed, std::move(why), ""};
}

// Unset if version 2 isn't mounted, or not with us in it.
std::optional<fs::path> own_group(const fs::path& root) {
  const auto mount = root / "sys/fs/cgroup";
  std::error_code failed;
  if (!fs::exists(mount / "cgroup.controllers", failed)) return std::nullopt;
  std::istringstream lines(text_of(root / "proc/self/cgroup"));
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("0::/")) continue;
    auto folder = mount / line.substr(4);
    return fs::exists(folder / "cgroup.procs", failed) ? std::optional(folder) : std::nullopt;
  }
  return std::nullopt;
}

Result<void> is_alone_in(const fs::path& folder) {
  const auto self = std::to_string(::getpid());
  std::istringstream processes(text_of(folder / "cgroup.procs"));
  for (std::string process; processes >> process;)
    if (process != self)
      return impossible("other processes are in the worker's control group " + folder.string());
  if (::access((folder / "cgroup.procs").c_str(), W_OK) != 0) return refusal(folder.string());
  return {};
}

Result<void> step_down(const fs::path& folder) {
  std::error_code failed;
  fs::create_directory(folder / kAgent, failed);
  if (failed) return impossible((folder / kAgent).string() + ": " + failed.message());
  return put(folder / kAgent / "cgroup.procs", std::to_string(::getpid()));
}

bool hands_down(const fs::path& folder) {
  const auto controllers = text_of(folder / "cgroup.subtree_control");
  return has_word(controllers, "memory") && has_word(controllers, "pids");
}

// Our group, if it can have others below: they hold limits already, or nobody else is in it, whom we couldn't
// move.
Result<fs::path> usable_group(const fs::path& root) {
  auto folder = own_group(root);
  if (!folder) return impossible("the worker is in no control group of version 2");
  const auto offered = text_of(*folder / "cgroup.controllers");
  for (const auto* controller : {"memory", "pids"})
    if (!has_word(offered, controller))
      return impossible(folder->string() + " has no controller \"" + controller + "\"");
  if (hands_down(*folder)) return std::move(*folder);
  if (auto alone = is_alone_in(*folder); !alone) return alone.error();
  return std::move(*folder);
}

}  // namespace

Result<void> Groups::can_be_had(const fs::path& root) {
  const auto folder = usable_group(root);
  if (!folder) return folder.error();
  return {};
}

Result<Groups> Groups::open(const fs::path& root) {
  auto folder = usable_group(root);
  if (!folder) return folder.error();
  if (hands_down(*folder)) return Groups(std::move(*folder));
  if (auto stepped = step_down(*folder); !stepped) return stepped.error();
  if (auto done = put(*folder / "cgroup.subtree_control", "+memory +pids"); !done) return done.error();
  return Groups(std::move(*folder));
}

Result<Group> Groups::make(const std::string& name) const {
  std::error_code failed;
  const auto folder = folder_ / name;
  fs::create_directory(folder, failed);  // one that is there is an earlier process's
  if (failed) return impossible(folder.string() + ": " + failed.message());
  return Group(folder);
}

Group::Group(Group&& other) noexcept : folder_(std::exchange(other.folder_, {})) {}

Group::~Group() {
  if (!folder_.empty()) ::rmdir(folder_.c_str());
}

Result<void> Group::limit(const GroupLimits& limits) {
  if (auto done = put(folder_ / "memory.max", limit_text(limits.memory_bytes)); !done) return done;
  if (auto done = put(folder_ / "pids.max", limit_text(limits.tasks)); !done) return done;
  // What can't be had of these is no matter: a kernel without swap, or before 4.19.
  (void)put(folder_ / "memory.swap.max", limits.memory_bytes > 0 ? "0" : "max");
  (void)put(folder_ / "memory.oom.group", "1");
  return {};
}

Result<void> Group::add(pid_t process) {
  return put(folder_ / "cgroup.procs", std::to_string(process));
}

std::int64_t Group::out_of_memory_kills() const {
  std::istringstream events(text_of(folder_ / "memory.events"));
  std::string name;
  std::int64_t count = 0;
  while (events >> name >> count)
    if (name == "oom_kill") return count;
  return 0;
}

}  // namespace espalier::confinement
