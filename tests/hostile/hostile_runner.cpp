// Speaks the runner's protocol, seals itself as the real runner does, and then does what the number of epochs
// of a training tells. All other tasks succeed at once.
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "common/base/json.hpp"
#include "worker/confinement/seal.hpp"

namespace {

using namespace espalier;
constexpr int kAgent = 3;

void say(const json::object& message) {
  const auto line = json::serialize(message) + "\n";
  if (::write(kAgent, line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::_Exit(0);
}

std::string hear() {
  std::string line;
  for (char letter = 0; ::read(kAgent, &letter, 1) == 1; line += letter)
    if (letter == '\n') return line;
  std::_Exit(0);
}

int failure_of(long result) {
  return result < 0 ? errno : 0;
}

[[noreturn]] void wait_for_the_end() {
  hear();
  std::_Exit(0);
}

int fill_memory(const std::string&) {
  std::vector<std::string> hoard;
  for (;;) hoard.emplace_back(std::size_t{8} << 20, 'x');
}

int fill_disk(const std::string& folder) {
  const std::string block(std::size_t{1} << 20, 'x');
  for (int file = 0;; ++file) {
    const int open = ::open((folder + "/" + std::to_string(file)).c_str(), O_WRONLY | O_CREAT, 0600);
    while (::write(open, block.data(), block.size()) > 0) {
    }
  }
}

// Removed at once: no folder shows them. Several, since one alone may not pass the limit.
int fill_disk_unseen(const std::string& folder) {
  const std::string block(std::size_t{1} << 20, 'x');
  for (int file = 0; file < 2; ++file) {
    const int open = ::open((folder + "/unseen").c_str(), O_WRONLY | O_CREAT, 0600);
    ::unlink((folder + "/unseen").c_str());
    for (int written = 0; written < 30; ++written)
      if (::write(open, block.data(), block.size()) < 0) return errno;
  }
  wait_for_the_end();
}

int start_threads(const std::string&) {
  std::vector<std::jthread> all;
  for (int i = 0; i < 3000; ++i) try {
      all.emplace_back([] { ::pause(); });
    } catch (const std::system_error&) {  // the limit of a control group
      break;
    }
  wait_for_the_end();
}

struct Attack {
  const char* name;
  std::function<int(const std::string& folder)> go;  // returns an errno
};

const std::array kAttacks = {
    Attack{"nothing", [](auto&) { return 0; }},
    Attack{"read a file", [](auto&) { return failure_of(::open("/etc/passwd", O_RDONLY)); }},
    Attack{"read a neighbour",
           [](auto& folder) {
             return failure_of(::open((folder + "/../../../../artifacts").c_str(), O_RDONLY));
           }},
    Attack{"write a file",
           [](auto&) { return failure_of(::open("/tmp/espalier-hostile", O_WRONLY | O_CREAT, 0600)); }},
    Attack{"open a socket", [](auto&) { return failure_of(::socket(AF_INET, SOCK_STREAM, 0)); }},
    Attack{"start a process", [](auto&) { return failure_of(::fork()); }},
    Attack{"kill the worker", [](auto&) { return failure_of(::kill(::getppid(), SIGKILL)); }},
    Attack{"leave its group", [](auto&) { return failure_of(::setsid()); }},
    Attack{"fill the memory", fill_memory},
    Attack{"fill the disk", fill_disk},
    Attack{"fill the disk unseen", fill_disk_unseen},
    Attack{"start threads", start_threads},
};

json::object finished(std::int64_t attempt, const json::object& spec, const std::string& folder) {
  const std::string stage(spec.at("stage").as_string());
  if (stage == "train") {
    const auto number = spec.at("settings").at("epochs").to_number<std::size_t>();
    if (number > kAttacks.size())  // the first beyond: hands over what it can't read
      return {{"attempt", attempt},
              {"outcome", "succeeded"},
              {"metrics", json::array{}},
              {"outputs", json::array{json::object{{"name", "model"}, {"path", "/etc/passwd"}}}}};
    const auto& attack = kAttacks.at(number - 1);
    const int failure = attack.go(folder);
    if (number > 1)
      return {{"attempt", attempt},
              {"outcome", "failed"},
              {"reason", std::string(attack.name) + ": " + std::strerror(failure)},
              {"retryable", false}};
  }
  const auto path = folder + "/output";
  std::ofstream(path) << stage << attempt;
  json::array outputs;
  if (stage != "evaluate")
    outputs.push_back(json::object{{"name", stage == "train" ? "model" : "samples"}, {"path", path}});
  return {{"attempt", attempt},
          {"outcome", "succeeded"},
          {"metrics", json::array{}},
          {"outputs", std::move(outputs)}};
}

}  // namespace

int main(int count, char** words) {
  if (count != 4) return 2;
  const auto protections = confinement::seal(confinement::fence_from(words[3]).value(), {kAgent});
  json::array confined;
  for (const auto& name : names_of_active(protections)) confined.emplace_back(name);
  say({{"hello",
        {{"libtorch", "none"},
         {"engines", json::array{}},
         {"isa", "none"},
         {"device_class", "cpu|hostile"},
         {"confinement", std::move(confined)}}}});
  for (;;) {
    const auto run = parse_json(hear()).value().at("run");
    const auto attempt = run.at("attempt").to_number<std::int64_t>();
    say({{"finished",
          finished(attempt, run.at("spec").as_object(), std::string(run.at("folder").as_string()))}});
  }
}
