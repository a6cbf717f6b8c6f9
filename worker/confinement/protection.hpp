// The protections there are, and which of them a process has.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace espalier::confinement {

enum class Kind { landlock, seccomp, network, capabilities, limits, cgroup };

struct Protection {
  Kind kind;
  bool active = false;
  std::string why_not;  // if it isn't active
};

struct Meaning {
  Kind kind;
  std::string_view name;   // as facts and options spell it
  std::string_view keeps;  // from what it keeps a hostile model
  std::string_view to_get_it;
};

inline constexpr std::array kMeanings{
    Meaning{Kind::landlock, "landlock", "reading and writing files other than its own and its inputs",
            "run Linux 5.13 or later with landlock in the kernel's lsm= list; a container must allow its "
            "system calls"},
    Meaning{Kind::seccomp, "seccomp",
            "sockets, new processes and programs, tracing, kernel interfaces it doesn't need",
            "run a kernel with CONFIG_SECCOMP_FILTER on x86-64 or aarch64"},
    Meaning{Kind::network, "network", "seeing the host's network at all: it has an empty one of its own",
            "allow user namespaces (kernel.unprivileged_userns_clone=1, user.max_user_namespaces > 0; in a "
            "container a profile that lets unshare pass)"},
    Meaning{Kind::capabilities, "capabilities", "root's powers, and gaining new ones from setuid programs",
            "nothing: every Linux since 3.5 has it"},
    Meaning{Kind::limits, "limits", "core dumps, endless files, memory beyond the machine's",
            "nothing: every Linux has it"},
    Meaning{Kind::cgroup, "cgroup", "using memory or threads beyond its limit even for a moment",
            "start the worker as a systemd service with Delegate=memory pids, on cgroup v2"},
};

constexpr const Meaning& meaning_of(Kind kind) {
  for (const auto& meaning : kMeanings)
    if (meaning.kind == kind) return meaning;
  return kMeanings.front();
}

std::vector<std::string> names_of_active(const std::vector<Protection>& protections);

}  // namespace espalier::confinement
