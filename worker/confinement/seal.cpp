#include "worker/confinement/seal.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <utility>

#include "common/base/json.hpp"
#include "worker/confinement/landlock.hpp"
#include "worker/confinement/privileges.hpp"
#include "worker/confinement/sanitizers.hpp"
#include "worker/confinement/system_calls.hpp"

namespace espalier::confinement {
namespace {

Protection outcome_of(Kind kind, const Result<void>& result) {
  return {kind, result.has_value(), result ? std::string() : result.error().message};
}

// The kernel forgets it where credentials change.
void end_with_parent() {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
}

bool has_one_thread() {
  std::error_code unknown;
  std::filesystem::directory_iterator thread("/proc/self/task", unknown), end;
  if (unknown || thread == end) return false;
  return thread.increment(unknown) == end && !unknown;
}

std::string to_text(const std::vector<Protection>& protections) {
  json::array list;
  for (const auto& protection : protections)
    list.push_back(json::array{protection.active, protection.why_not});
  return json::serialize(list);
}

std::string read_to_end(int descriptor) {
  std::string text;
  std::array<char, 4096> buffer{};
  for (;;) {
    const auto got = ::read(descriptor, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

constexpr std::array kOfASeal = {Kind::limits, Kind::network, Kind::capabilities, Kind::landlock,
                                 Kind::seccomp};

}  // namespace

std::vector<std::string> names_of_active(const std::vector<Protection>& protections) {
  std::vector<std::string> names;
  for (const auto& protection : protections)
    if (protection.active) names.emplace_back(meaning_of(protection.kind).name);
  return names;
}

std::vector<Protection> seal(const Fence& fence, std::vector<int> kept) {
  close_descriptors(std::move(kept));
  const bool single = has_one_thread();
  std::vector<Protection> all;
  all.push_back(outcome_of(Kind::limits, limit_resources(fence)));
  all.push_back(outcome_of(Kind::network, leave_network()));
  all.push_back(outcome_of(Kind::capabilities, drop_capabilities(landlock_version() > 0 && single)));
  Result<void> files = Error{ErrorKind::internal, "this process has several threads already", ""};
  if (single) files = restrict_files(fence);
  all.push_back(outcome_of(Kind::landlock, files));
  all.push_back(outcome_of(Kind::seccomp, restrict_system_calls()));
  end_with_parent();
  tell_sanitizers();
  return all;
}

Result<std::vector<Protection>> probe() {
  const auto failed = [](const char* what) {
    return Error{ErrorKind::failed, std::string("the protections can't be tried: ") + what, ""};
  };
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return failed(std::strerror(errno));
  const pid_t child = ::fork();
  if (child == 0) {
    const auto text = to_text(seal(Fence{}, {ends[1]}));
    const auto written = ::write(ends[1], text.data(), text.size());
    ::_exit(written == static_cast<ssize_t>(text.size()) ? 0 : 1);
  }
  ::close(ends[1]);
  const auto text = child > 0 ? read_to_end(ends[0]) : std::string();
  ::close(ends[0]);
  if (child < 0) return failed(std::strerror(errno));
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  const auto list = parse_json(text);
  if (!list || !list->is_array() || list->get_array().size() != kOfASeal.size())
    return failed("the process that tried them ended before it had");
  std::vector<Protection> all;
  for (std::size_t i = 0; i < kOfASeal.size(); ++i) {
    const auto& pair = list->get_array()[i].as_array();
    all.push_back({kOfASeal[i], pair.at(0).as_bool(), std::string(pair.at(1).as_string())});
  }
  return all;
}

}  // namespace espalier::confinement
