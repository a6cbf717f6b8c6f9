// How fast an artifact comes to a worker and goes to the store, beside `cp` of the same file; and whether the
// coordinator's loop stays free meanwhile. The server is a process of its own, as in real life.
//   artifact_transfer [MEGABYTES] [ROUNDS]   prints one JSON object a round
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <future>
#include <iostream>
#include <random>

#include "common/base/hash.hpp"
#include "coordinator/api/server.hpp"
#include "tests/unit/api/fake_coordinator.hpp"
#include "worker/agent/transfers.hpp"

namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using namespace espalier;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Measures how late a timer of ten milliseconds comes: the longest is how long the loop was busy.
struct Lateness {
  explicit Lateness(asio::io_context& io) : timer(io) { wait(); }
  void wait() {
    due = Clock::now() + std::chrono::milliseconds(10);
    timer.expires_at(due);
    timer.async_wait([this](const boost::system::error_code& cancelled) {
      if (cancelled) return;
      longest = std::max(longest, std::chrono::duration<double>(Clock::now() - due).count());
      wait();
    });
  }
  asio::steady_timer timer;
  Clock::time_point due;
  double longest = 0;
};

// The child: serves `folder` until it is told to stop, and then says how late its loop was. Its port first.
[[noreturn]] void serve(const fs::path& folder, int to_parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  asio::io_context io{1};
  api::testing::FakeCoordinator coordinator(artifact::ArtifactStore::open(folder / "store").value());
  const auto server = api::Server::listen(io, coordinator, "127.0.0.1:0", folder).value();
  const auto line = server->address() + "\n";
  if (::write(to_parent, line.data(), line.size()) < 0) std::_Exit(1);
  Lateness lateness(io);
  asio::signal_set signals(io, SIGTERM);
  signals.async_wait([&](const boost::system::error_code&, int) { io.stop(); });
  io.run();
  const auto late = std::to_string(lateness.longest) + "\n";
  std::_Exit(::write(to_parent, late.data(), late.size()) < 0 ? 1 : 0);
}

std::string read_line(int from) {
  std::string line;
  for (char byte = 0; ::read(from, &byte, 1) == 1 && byte != '\n';) line += byte;
  return line;
}

template <class T>
T run(asio::io_context& io, asio::awaitable<T> work, double* late = nullptr) {
  Lateness lateness(io);
  auto result = asio::co_spawn(io, std::move(work), asio::use_future);
  io.restart();
  while (result.wait_for(std::chrono::seconds(0)) != std::future_status::ready) io.run_one();
  if (late != nullptr) *late = std::max(*late, lateness.longest);
  return result.get();
}

double time_cp(const fs::path& from, const fs::path& to) {
  fs::remove(to);
  const auto start = Clock::now();
  const auto command = "cp " + from.string() + " " + to.string();
  if (std::system(command.c_str()) != 0) std::exit(1);
  const auto seconds = seconds_since(start);
  fs::remove(to);
  return seconds;
}

std::string make_file(const fs::path& path, std::size_t bytes) {
  std::mt19937_64 random(1);
  std::vector<std::uint64_t> block(1 << 17);
  std::ofstream file(path, std::ios::binary);
  for (std::size_t written = 0; written < bytes; written += block.size() * 8) {
    for (auto& word : block) word = random();
    file.write(reinterpret_cast<const char*>(block.data()), static_cast<std::streamsize>(block.size() * 8));
  }
  file.close();
  return sha256_hex_of_file(path).value();
}

}  // namespace

int main(int argc, char** argv) {
  const auto megabytes = argc > 1 ? std::stoul(argv[1]) : 1000UL;
  const auto rounds = argc > 2 ? std::stoi(argv[2]) : 3;
  std::string pattern = (fs::temp_directory_path() / "artifact_transfer-XXXXXX").string();
  const fs::path folder = ::mkdtemp(pattern.data());
  const auto file = folder / "file";
  const auto hash = make_file(file, megabytes * 1'000'000);
  const auto bytes = fs::file_size(file);
  int pipe[2];
  if (::pipe(pipe) != 0) return 1;
  const auto child = ::fork();
  if (child == 0) serve(folder, pipe[1]);
  const auto address = read_line(pipe[0]);
  {
    asio::io_context io{1};
    agent::DiskThreads disk;
    double late = 0;
    for (int round = 0; round < rounds; ++round) {
      const auto worker = folder / "worker";
      agent::Transfers transfers(io, disk, agent::Cache::open(worker, std::int64_t{1} << 40).value());
      const auto cp = time_cp(file, folder / "copy");
      const auto prepared = run(io, transfers.prepare("model", file, agent::KeepCopy::no));
      auto start = Clock::now();
      const auto sent = run(io, transfers.send(address, &*prepared), &late);
      const auto up = seconds_since(start);
      const auto another_cp = time_cp(file, folder / "copy");
      start = Clock::now();
      const auto fetched = run(io, transfers.fetch(address, wire::Input{"model", hash, 0}), &late);
      const auto down = seconds_since(start);
      if (!sent || !fetched) {
        std::cerr << (sent ? fetched.error().message : sent.error().message) << "\n";
        return 1;
      }
      const auto rate = [&](double seconds) { return static_cast<double>(bytes) / 1e6 / seconds; };
      std::cout << json::serialize(json::object{{"cp", rate((cp + another_cp) / 2)},
                                                {"up", rate(up)},
                                                {"down", rate(down)},
                                                {"worker_late_s", late}})
                << std::endl;
      fs::remove_all(worker);
      fs::remove_all(folder / "store" / hash.substr(0, 2));
    }
  }
  ::kill(child, SIGTERM);
  std::cout << json::serialize(json::object{{"coordinator_late_s", std::stod(read_line(pipe[0]))}})
            << std::endl;
  ::waitpid(child, nullptr, 0);
  fs::remove_all(folder);
  return 0;
}
