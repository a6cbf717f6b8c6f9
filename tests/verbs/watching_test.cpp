// What those see who watch over a coordinator and its workers: probes, Prometheus, systemd, logs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "common/base/files.hpp"
#include "common/net/blocking_http.hpp"
#include "tests/system/exposition.hpp"
#include "tests/system/running_system.hpp"

namespace espalier::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

net::HttpReply get(const RunningSystem& system, const std::string& path) {
  const auto reply = net::request("GET", system.address("http").value() + path, "", std::chrono::seconds(20));
  EXPECT_TRUE(reply.has_value());
  return reply ? *reply : net::HttpReply{};
}

TEST(Metrics, AreReadByAStrictParserAndCountWhatHappened) {
  RunningSystem system;
  ASSERT_TRUE(system.start()) << system.said();
  const auto job = system.submit(wide_job(3));
  ASSERT_TRUE(eventually([&] { return system.state(job) == "succeeded"; })) << system.said();
  system.hold();
  system.submit(wide_job(9, 0, "second"), "second.toml");
  ASSERT_TRUE(eventually([&] { return system.busy() == 4; })) << system.said();
  get(system, "/no/such/page");
  get(system, "/api/v1/nothing");
  get(system, "/api/v1/jobs/1/summary");
  get(system, "/api/v1/jobs/77/summary");
  ASSERT_TRUE(eventually([&] {
    return Exposition(get(system, "/metrics").body).value("espalier_tasks{state=\"running\"}") >= 4;
  }));

  const auto text = get(system, "/metrics").body;
  const Exposition metrics(text);
  EXPECT_THAT(metrics.faults, IsEmpty());
  const auto tasks = [&](const char* state) {
    return metrics.value("espalier_tasks{state=\"" + std::string(state) + "\"}");
  };
  EXPECT_EQ(tasks("ready") + tasks("assigned") + tasks("running"), 6)
      << "of the nine the first job has had three; short tasks are given out ahead";
  EXPECT_EQ(metrics.value("espalier_queue_depth"), tasks("ready"));
  EXPECT_EQ(metrics.value("espalier_attempts_under_way"), tasks("assigned") + tasks("running"));
  EXPECT_EQ(metrics.value("espalier_tasks{state=\"waiting\"}"), 12);
  EXPECT_EQ(metrics.value("espalier_attempts_ended_total{outcome=\"succeeded\"}"), 9);
  EXPECT_EQ(metrics.value("espalier_attempts_ended_total{outcome=\"lost\"}"), 0);
  EXPECT_EQ(metrics.value("espalier_jobs{state=\"running\"}"), 1);
  EXPECT_EQ(metrics.value("espalier_workers{state=\"alive\"}"), 2);
  EXPECT_EQ(metrics.value("espalier_slots"), 4);
  EXPECT_EQ(metrics.value("espalier_database_up"), 1);
  EXPECT_EQ(metrics.value("espalier_epoch"), 1);
  EXPECT_GT(metrics.value("espalier_last_commit_timestamp_seconds"), 1.7e9);
  EXPECT_GT(metrics.value("espalier_commit_duration_seconds_count"), 0);
  EXPECT_GE(metrics.value("espalier_commit_rows_sum"), 27);
  EXPECT_GT(metrics.value("espalier_pass_duration_seconds_count"), 0);
  EXPECT_GT(metrics.value("espalier_loop_lag_seconds_count"), 0);
  EXPECT_GT(metrics.value("espalier_artifact_free_bytes"), 0);
  EXPECT_EQ(metrics.value("espalier_artifact_transfers_total{direction=\"in\"}"), 6)
      << "of three models and samples";
  EXPECT_GT(metrics.value("espalier_artifact_bytes_total{direction=\"in\"}"), 30'000);
  EXPECT_EQ(metrics.value("espalier_http_requests_total{method=\"GET\",route=\"/page\",status=\"404\"}"), 1);
  EXPECT_EQ(metrics.value("espalier_http_requests_total{method=\"GET\",route=\"/unknown\",status=\"404\"}"),
            1);
  EXPECT_EQ(
      metrics.value(
          "espalier_http_requests_total{method=\"GET\",route=\"/api/v1/jobs/{}/summary\",status=\"404\"}"),
      1);
  EXPECT_EQ(text.find("jobs/77"), std::string::npos) << "nothing that comes from outside is a label";

  if (std::system("command -v promtool > /dev/null") != 0) return;
  const auto file = system.sandbox().write("metrics.txt", text);
  EXPECT_EQ(std::system(("promtool check metrics < " + file.string()).c_str()), 0);
}

TEST(Readiness, SaysWhichPartIsNotReady) {
  RunningSystem system;
  ASSERT_TRUE(system.start()) << system.said();
  const auto ask = [&] {
    const auto reply = get(system, "/readyz");
    const auto body = parse_json(reply.body);
    EXPECT_TRUE(body && body->is_object()) << reply.body;
    return std::make_pair(reply.status, body ? body->as_object() : json::object());
  };
  const auto well = ask();
  EXPECT_EQ(well.first, 200);
  EXPECT_EQ(
      json::serialize(well.second),
      R"({"ready":true,"checks":{"reign":{"ok":true},"database":{"ok":true},"artifacts":{"ok":true}}})");

  const auto incoming = system.sandbox().state() / "artifacts" / "incoming";
  fs::rename(incoming, incoming.string() + "-away");
  const auto unwritable = ask();
  EXPECT_EQ(unwritable.first, 503);
  EXPECT_EQ(unwritable.second.at("ready"), false);
  EXPECT_EQ(unwritable.second.at("checks").at("database").at("ok"), true);
  EXPECT_THAT(std::string(unwritable.second.at("checks").at("artifacts").at("message").as_string()),
              HasSubstr("can't be written"));
  EXPECT_EQ(get(system, "/healthz").status, 200) << "it lives";
  fs::rename(incoming.string() + "-away", incoming);
  EXPECT_EQ(ask().first, 200);

  const auto servers = descendants(system.pid(), "postgres");
  for (const auto server : servers) ::kill(server, SIGSTOP);
  EXPECT_TRUE(eventually([&] {
    const auto reply =
        net::request("GET", system.address("http").value() + "/metrics", "", std::chrono::seconds(20));
    return reply && Exposition(reply->body).value("espalier_database_up") == 0;
  })) << "it says so though the database hangs";
  const auto hanging =
      net::request("GET", system.address("http").value() + "/healthz", "", std::chrono::seconds(20));
  ASSERT_TRUE(hanging) << "any answer says that the coordinator lives";
  EXPECT_EQ(hanging->status, 503);
  for (const auto server : servers) ::kill(server, SIGCONT);
  EXPECT_TRUE(eventually([&] { return ask().first == 200; }));
}

// The other end of $NOTIFY_SOCKET.
class Supervisor {
 public:
  explicit Supervisor(const fs::path& path)
      : path_(path), socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const auto text = path.string();
    text.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  ~Supervisor() { ::close(socket_); }
  Supervisor(const Supervisor&) = delete;
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> environment() const {
    return {{"NOTIFY_SOCKET", path_.string()}, {"WATCHDOG_USEC", "5000000"}};
  }
  // Whether a message with that line has come.
  bool heard(const std::string& line) {
    char buffer[4096];
    for (;;) {
      const auto got = ::recv(socket_, buffer, sizeof buffer, MSG_DONTWAIT);
      if (got <= 0) break;
      all_ += std::string(buffer, static_cast<std::size_t>(got)) + "\n";
    }
    return ("\n" + all_).find("\n" + line) != std::string::npos;
  }
  void forget() { all_.clear(); }
  [[nodiscard]] const std::string& all() const { return all_; }

 private:
  fs::path path_;
  int socket_;
  std::string all_;
};

ChildProcess start(const RunningSystem& system, std::vector<std::string> arguments,
                   const Supervisor& supervisor, const std::string& log, const std::string& format = "text") {
  ChildOptions child;
  arguments.front() = std::string(ESPALIER_BIN) + "/" + arguments.front();
  child.arguments = std::move(arguments);
  child.environment = supervisor.environment();
  child.environment.emplace_back("ESPALIER_RUNNER", ESPALIER_FAKE_RUNNER);
  child.environment.emplace_back("ESPALIER_LOG_FORMAT", format);
  child.output_file = system.sandbox().folder() / log;
  auto started = ChildProcess::spawn(child);
  EXPECT_TRUE(started.has_value());
  return std::move(*started);
}

TEST(Service, TellsSystemdWhenItIsReadyThatItLivesAndThatItStops) {
  RunningSystem system;
  ASSERT_TRUE(system.start_database());
  const auto folder = system.sandbox().folder();
  const auto file = folder / "at-work.json";
  const std::vector<std::string> coordinator{"espalier-coordinator",
                                             "--database",
                                             system.database(),
                                             "--artifacts",
                                             (folder / "artifacts").string(),
                                             "--http",
                                             "127.0.0.1:0",
                                             "--zmq",
                                             "tcp://127.0.0.1:0",
                                             "--state-file",
                                             file.string()};
  Supervisor of_first(folder / "first.socket");
  auto first = start(system, coordinator, of_first, "first.log", "json");
  ASSERT_TRUE(eventually([&] { return of_first.heard("READY=1"); }));
  EXPECT_TRUE(of_first.heard("STATUS=at work: http://127.0.0.1:"));
  EXPECT_TRUE(fs::exists(file)) << "it is ready when it says so";
  EXPECT_TRUE(eventually([&] { return of_first.heard("WATCHDOG=1"); }));

  Supervisor of_second(folder / "second.socket");
  auto second = start(system, coordinator, of_second, "second.log");
  EXPECT_TRUE(eventually([&] { return of_second.heard("STATUS=standing by"); })) << of_second.all();
  EXPECT_TRUE(of_second.heard("READY=1"));
  EXPECT_TRUE(eventually([&] { return of_second.heard("WATCHDOG=1"); }));

  const auto zmq = parse_json(read_file(file).value()).value().at("zmq").as_string();
  Supervisor of_worker(folder / "worker.socket");
  auto worker = start(system,
                      {"espalier-worker", "--coordinator", std::string(zmq), "--name", "w1", "--slots", "1",
                       "--cache", (folder / "cache").string()},
                      of_worker, "worker.log", "json");
  EXPECT_TRUE(eventually([&] { return of_worker.heard("READY=1"); }));
  EXPECT_TRUE(eventually([&] { return of_worker.heard("STATUS=at work for the coordinator at tcp://"); }));
  EXPECT_TRUE(eventually([&] { return of_worker.heard("WATCHDOG=1"); }));
  EXPECT_EQ(worker.stop(SIGTERM, std::chrono::seconds(30)).code, 0);
  EXPECT_TRUE(of_worker.heard("STOPPING=1"));
  EXPECT_EQ(first.stop(SIGTERM, std::chrono::seconds(30)).code, 0);
  EXPECT_TRUE(of_first.heard("STOPPING=1"));
  EXPECT_TRUE(eventually([&] { return of_second.heard("STATUS=at work"); }));
  EXPECT_EQ(second.stop(SIGTERM, std::chrono::seconds(30)).code, 0);

  // Their logs are an object a line, with what the line is about.
  bool welcomed = false;
  for (const char* log : {"first.log", "worker.log"}) {
    std::istringstream lines(read_file(folder / log).value());
    for (std::string line; std::getline(lines, line);) {
      const auto object = parse_json(line);
      ASSERT_TRUE(object && object->is_object()) << line;
      if (object->as_object().contains("ready")) continue;  // the coordinator's standard output
      for (const char* field : {"time", "level", "program", "message"})
        EXPECT_TRUE(object->as_object().contains(field)) << line;
      const auto* epoch = object->as_object().if_contains("epoch");
      welcomed = welcomed || (epoch != nullptr && object->at("program").as_string() == "worker" &&
                              object->at("worker").as_string() == "w1");
    }
  }
  EXPECT_TRUE(welcomed);
}

TEST(Service, UnitsAreFoundGoodBySystemd) {
  if (std::system("command -v systemd-analyze > /dev/null") != 0) GTEST_SKIP() << "systemd isn't installed";
  const Sandbox sandbox;
  std::string units;
  for (const char* unit : {"espalier-coordinator.service", "espalier-worker.service"}) {
    auto text = read_file(fs::path(ESPALIER_BIN).parent_path() / "systemd" / unit).value();
    EXPECT_THAT(text, HasSubstr("Type=notify"));
    // Where the programs are now, instead of where they will be installed.
    const auto begin = text.find("ExecStart=") + 10;
    const auto slash = text.rfind('/', text.find(' ', begin));
    text.replace(begin, slash - begin, ESPALIER_BIN);
    units += " " + sandbox.write(unit, text).string();
  }
  const auto said = sandbox.folder() / "said";
  EXPECT_EQ(
      std::system(("systemd-analyze verify --man=no" + units + " > " + said.string() + " 2>&1").c_str()), 0);
  EXPECT_EQ(read_file(said).value(), "");
}

TEST(Installation, WorksFromWhereverItIsPut) {
  const RunningSystem system;  // for its database, which is made already
  const auto build = fs::path(ESPALIER_BIN).parent_path();
  const auto prefix = system.sandbox().folder() / "prefix";
  for (const char* component : {"programs", "page", "units", "documents"}) {
    const auto command = "cmake --install " + build.string() + " --prefix " + prefix.string() +
                         " --component " + component + " > /dev/null";
    ASSERT_EQ(std::system(command.c_str()), 0) << component;
  }
  for (const char* file :
       {"lib/systemd/system/espalier-coordinator.service", "lib/systemd/system/espalier-worker.service",
        "share/espalier/env/coordinator.env", "share/espalier/jobs/quickstart.toml"})
    EXPECT_TRUE(fs::exists(prefix / file)) << file;
  ChildOptions version;
  version.arguments = {prefix / "bin" / "espalier", "--version"};
  const auto said = run_to_end(version, std::chrono::seconds(20));
  ASSERT_TRUE(said.has_value());
  EXPECT_THAT(said->text, HasSubstr("espalier "));

  ChildOptions up;
  up.arguments = {prefix / "bin" / "espalier", "up",     "--state",
                  system.sandbox().state(),    "--http", "127.0.0.1:0"};
  up.environment = {{"ESPALIER_RUNNER", ESPALIER_FAKE_RUNNER}};
  up.output_file = system.sandbox().folder() / "up.log";
  auto running = ChildProcess::spawn(up);
  ASSERT_TRUE(running.has_value());
  ASSERT_TRUE(eventually([&] { return system.address("http").has_value(); })) << system.said();
  EXPECT_TRUE(eventually([&] {
    const auto reply = net::request("GET", *system.address("http") + "/readyz", "", std::chrono::seconds(5));
    return reply && reply->status == 200;
  }));
  if (fs::exists(build / "share/espalier/web/index.html")) {
    const auto page = net::request("GET", *system.address("http") + "/", "", std::chrono::seconds(5));
    ASSERT_TRUE(page.has_value());
    EXPECT_THAT(page->body, HasSubstr("<html"));
  }
  running->stop(SIGINT, std::chrono::seconds(60));
}

}  // namespace
}  // namespace espalier::test
