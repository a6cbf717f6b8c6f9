#include "tests/chaos/network.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include "common/base/child_process.hpp"

namespace espalier::test {
namespace {

constexpr const char* kNobody = "02:00:00:00:00:01";  // an address that no interface has

}  // namespace

// Of the process's number, so that tests beside each other have networks of their own.
CutNetwork::CutNetwork()
    : name_("esp" + std::to_string(::getpid() % 100'000)),
      subnet_("10.213." + std::to_string(::getpid() % 250)) {
  const std::vector<std::vector<std::string>> steps = {
      {"netns", "add", name_},
      {"link", "add", name_ + "a", "type", "veth", "peer", "name", name_ + "b", "netns", name_},
      {"addr", "add", subnet_ + ".1/24", "dev", name_ + "a"},
      {"link", "set", name_ + "a", "up"},
      {"-n", name_, "addr", "add", subnet_ + ".2/24", "dev", name_ + "b"},
      {"-n", name_, "link", "set", name_ + "b", "up"},
      {"-n", name_, "link", "set", "lo", "up"}};
  if (::geteuid() != 0) objection_ = "network namespaces need root";
  for (const auto& step : steps)
    if (objection_.empty()) objection_ = ip(step);
}

CutNetwork::~CutNetwork() {
  if (::geteuid() != 0) return;
  ip({"link", "del", name_ + "a"});
  ip({"netns", "del", name_});
}

std::string CutNetwork::ip(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), "ip");
  ChildOptions options;
  options.arguments = std::move(arguments);
  options.output_file = "/dev/null";
  const auto ran = run_to_end(options, std::chrono::seconds(10));
  if (!ran) return "`ip` (package iproute2) can't be run: " + ran.error().message;
  if (ran->exit.succeeded()) return "";
  std::string words = "a network namespace can't be made here:";
  for (const auto& word : options.arguments) words += " " + word;
  return words + " " + ran->exit.in_words();
}

std::vector<std::string> CutNetwork::run_there() const {
  return {"ip", "netns", "exec", name_};
}

void CutNetwork::cut() const {
  EXPECT_EQ(
      ip({"neigh", "replace", subnet_ + ".2", "lladdr", kNobody, "dev", name_ + "a", "nud", "permanent"}),
      "");
  EXPECT_EQ(ip({"-n", name_, "neigh", "replace", subnet_ + ".1", "lladdr", kNobody, "dev", name_ + "b", "nud",
                "permanent"}),
            "");
}

void CutNetwork::heal() const {
  EXPECT_EQ(ip({"neigh", "del", subnet_ + ".2", "dev", name_ + "a"}), "");
  EXPECT_EQ(ip({"-n", name_, "neigh", "del", subnet_ + ".1", "dev", name_ + "b"}), "");
}

}  // namespace espalier::test
