// The port for workers, where it wants keys: who has one comes through, nobody else gets in, each is counted,
// and the service goes on.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <filesystem>
#include <random>
#include <regex>

#include "common/base/files.hpp"
#include "common/base/open_files.hpp"
#include "common/net/blocking_http.hpp"
#include "common/net/key_folder.hpp"
#include "common/wire/codec.hpp"
#include "tests/bad_input/stranger.hpp"
#include "tests/chaos/network.hpp"
#include "tests/security/recording_proxy.hpp"
#include "tests/system/counts.hpp"

namespace espalier::test {
namespace {

namespace fs = std::filesystem;
namespace asio = boost::asio;
using asio::ip::tcp;
using ::testing::HasSubstr;
using ::testing::Not;

RunningSystem::Options with_keys() {
  RunningSystem::Options options;
  options.keys = true;
  return options;
}

class WorkersPort : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(system_.start_database());
    coordinator_ = system_.start_coordinator("127.0.0.1");
    zmq_ = system_.address("zmq").value();
  }
  void TearDown() override {
    for (auto* child : {&worker_, &other_, &coordinator_})
      if (child->spawned()) child->stop(SIGTERM, std::chrono::seconds(10));
  }

  [[nodiscard]] std::int64_t refused(const std::string& reason) const {
    return metric(system_, fmt::format("espalier_handshakes_refused_total{{reason=\"{}\"}}", reason));
  }
  [[nodiscard]] bool are_refused(const std::string& reason, std::int64_t times) const {
    return eventually([&] { return refused(reason) >= times; });
  }
  // Both sides notice that they don't speak alike. Where the stranger hangs up first, the port only sees that
  // it never finished: then another one tries.
  [[nodiscard]] bool are_refused_without_encryption() const {
    const auto before = refused("other_encryption");
    for (int tries = 0; tries < 100; ++tries) {
      const Stranger plain(zmq_);
      if (eventually([&] { return refused("other_encryption") > before; }, std::chrono::seconds(1)))
        return true;
    }
    return false;
  }
  [[nodiscard]] bool says(const std::string& worker, const std::string& text) const {
    return eventually([&] { return system_.log_of(worker).find(text) != std::string::npos; });
  }
  [[nodiscard]] bool is_known(const std::string& worker) const {
    return !system_.sql("select 1 from v1.workers where name = '" + worker + "'").empty();
  }
  ChildProcess start(const fs::path& key, const std::string& name = "") const {
    RunningSystem::WorkerStart start;
    start.key = key;
    start.name = name;
    return system_.start_worker(start);
  }
  ChildProcess start_known(const std::string& name) {
    auto worker = start(system_.add_key(name));
    EXPECT_TRUE(eventually([&] { return system_.worker_is_alive(name); })) << system_.said();
    return worker;
  }
  void expect_work_is_done(const std::string& name) const {
    const auto job = system_.submit(wide_job(2, 0, name));
    EXPECT_TRUE(eventually([&] { return system_.state(job) == "succeeded"; })) << system_.said();
  }
  [[nodiscard]] bool is_healthy() const {
    const auto reply =
        net::request("GET", system_.address("http").value() + "/healthz", "", std::chrono::seconds(5));
    return reply && reply->status == 200;
  }

  RunningSystem system_{with_keys()};
  ChildProcess coordinator_;
  ChildProcess worker_;
  ChildProcess other_;
  std::string zmq_;
};

TEST_F(WorkersPort, AWorkerWithItsKeyWorksAndItsSecretStandsNowhere) {
  worker_ = start_known("a");
  expect_work_is_done("first");
  const auto key = net::read_worker_key(system_.add_key("a")).value();
  const auto server = net::KeyFolder(system_.keys()).server().value();
  std::string shown = system_.said();
  for (const auto& child : {&coordinator_, &worker_})
    for (const auto* file : {"cmdline", "environ"})
      shown += read_file(fmt::format("/proc/{}/{}", child->pid(), file)).value();
  for (const auto* view : {"workers", "attempts", "events", "jobs", "tasks"})
    shown += json::serialize(system_.sql(fmt::format("select * from v1.{}", view)));
  EXPECT_THAT(shown, HasSubstr("espalier-worker")) << "it was looked at";
  EXPECT_THAT(shown, Not(HasSubstr(key.own.secret_key)));
  EXPECT_THAT(shown, Not(HasSubstr(server.secret_key)));
}

TEST_F(WorkersPort, AWorkerWithoutAKeyIsRefusedAndToldWhatItNeeds) {
  worker_ = start("", "a");
  EXPECT_TRUE(are_refused("other_encryption", 1));
  EXPECT_TRUE(says("a", "it wants a key: `espalier keys add-worker NAME` there makes a file"))
      << system_.said();
  EXPECT_FALSE(is_known("a"));
  // It tries again and again: they may be several by the time that the coordinator says so.
  const std::regex complaint("the workers' port refused [0-9]+ connections?, the last from 127\\.0\\.0\\.1:");
  EXPECT_TRUE(eventually([&] { return std::regex_search(system_.said(), complaint); })) << system_.said();
}

TEST_F(WorkersPort, AWorkerThatKnowsAnotherServersKeyIsRefused) {
  const net::KeyFolder elsewhere(system_.sandbox().folder() / "elsewhere");
  ASSERT_TRUE(elsewhere.init());
  worker_ = start(elsewhere.add_worker("a").value());
  EXPECT_TRUE(are_refused("bad_cryptography", 1));
  EXPECT_TRUE(says("a", "it may have another key than the one that this worker's file names"))
      << system_.said();
  EXPECT_FALSE(is_known("a"));
}

TEST_F(WorkersPort, AKeyThatIsntAdmittedIsRefusedUntilItIs) {
  const auto key = system_.add_key("a");
  const auto admitted = net::KeyFolder(system_.keys()).workers() / "a.pub";
  fs::rename(admitted, system_.sandbox().folder() / "a.pub");
  worker_ = start(key);
  EXPECT_TRUE(are_refused("unknown_key", 1));
  EXPECT_TRUE(says("a", "the coordinator doesn't know its key")) << system_.said();
  EXPECT_FALSE(is_known("a"));
  fs::rename(system_.sandbox().folder() / "a.pub", admitted);
  EXPECT_TRUE(eventually([&] { return system_.worker_is_alive("a"); })) << system_.said();
  expect_work_is_done("healed");
}

TEST_F(WorkersPort, NobodySpeaksInTheNameOfAnother) {
  worker_ = start_known("a");
  start_known("b").stop(SIGTERM,
                        std::chrono::seconds(10));  // so that its key is admitted: a Stranger tries only once
  Stranger b(zmq_, net::read_worker_key(system_.add_key("b")).value());
  wire::Hello hello;
  hello.worker = "c";
  hello.session = "s";
  hello.device_class = "cpu|fake";
  EXPECT_TRUE(b.say(wire::encode(wire::ToCoordinator(hello))));
  wire::Goodbye goodbye;
  goodbye.worker = "a";
  goodbye.session = "s";
  EXPECT_TRUE(b.say(wire::encode(wire::ToCoordinator(goodbye))));
  EXPECT_TRUE(counted(system_, "other_name", 2));
  EXPECT_FALSE(is_known("c"));
  EXPECT_TRUE(system_.worker_is_alive("a"));
  hello.worker = "b";
  EXPECT_TRUE(b.say(wire::encode(wire::ToCoordinator(hello))));
  EXPECT_TRUE(b.hear().has_value()) << "in its own it may";
}

TEST_F(WorkersPort, AWorkerIsntStartedUnderAnotherNameThanItsKeys) {
  auto worker = start(system_.add_key("a"), "b");
  const auto ended = worker.wait_for(std::chrono::seconds(30));
  ASSERT_TRUE(ended.has_value());
  EXPECT_EQ(ended->code, exit_code(ErrorKind::usage));
  EXPECT_THAT(system_.log_of("b"), HasSubstr("is that of worker a, not of b"));
}

TEST_F(WorkersPort, AWorkerWhoseKeyIsRevokedIsDisconnectedAndItsTasksGoElsewhereAtOnce) {
  worker_ = start_known("a");
  system_.hold();
  const auto job = system_.submit(wide_job(2));
  ASSERT_TRUE(eventually([&] { return system_.busy() == 2; })) << system_.said();
  other_ = start_known("b");
  const auto revoked = system_.sandbox().run({"keys", "revoke", "a", "--keys", system_.keys()});
  EXPECT_EQ(revoked.exit.code, 0) << revoked.errors;
  EXPECT_TRUE(are_refused("revoked", 1));
  EXPECT_TRUE(eventually([&] {
    return system_
               .sql(
                   "select 1 from v1.attempts where worker = 'a' and state = 'lost' and reason = 'the key of "
                   "worker a "
                   "was revoked'")
               .size() == 2;
  })) << system_.said();
  EXPECT_TRUE(
      eventually([&] { return system_.sql("select 1 from v1.attempts where worker = 'b'").size() == 2; }));
  EXPECT_FALSE(system_.worker_is_alive("a"));
  EXPECT_TRUE(are_refused("unknown_key", 1)) << "it comes again";
  EXPECT_TRUE(says("a", "the coordinator doesn't know its key, or not any more"));
  system_.release();
  EXPECT_TRUE(eventually([&] { return system_.state(job) == "succeeded"; })) << system_.said();
  EXPECT_TRUE(system_.sql("select 1 from v1.attempts where worker = 'a' and state = 'succeeded'").empty());
}

TEST_F(WorkersPort, StrangersOfEveryKindAreCountedAndChangeNothing) {
  worker_ = start_known("a");
  asio::io_context io;
  const auto connect = [&] {
    tcp::socket socket(io);
    socket.connect(tcp_endpoint(zmq_));
    return socket;
  };
  const auto job = system_.submit(wide_job(8));
  const auto messages = metric(system_, "espalier_worker_messages_total");

  EXPECT_TRUE(are_refused_without_encryption());

  auto browser = connect();
  asio::write(browser, asio::buffer(std::string("GET / HTTP/1.1\r\nHost: coordinator\r\n\r\n")));
  EXPECT_TRUE(are_refused("not_zeromq", 1));

  for (int scan = 0; scan < 20; ++scan) connect().close();
  EXPECT_TRUE(are_refused("unfinished", 20));

  std::mt19937 chance(1);
  for (int length : {1, 9, 63, 64, 65, 300, 5000}) {
    std::string bytes(static_cast<std::size_t>(length), '\0');
    for (char& byte : bytes) byte = static_cast<char>(chance());
    for (const auto& start : {std::string(), std::string("\xff\0\0\0\0\0\0\0\x01\x7f\x03", 11),
                              std::string("\xff\0\0\0\0\0\0\0\x01\x7f\x03\x00"
                                          "CURVE",
                                          17)}) {
      auto socket = connect();
      boost::system::error_code ended;  // it may hang up on us in the middle
      asio::write(socket, asio::buffer(start + bytes), ended);
    }
  }
  const auto all = [&] {
    return refused("not_zeromq") + refused("unfinished") + refused("other_encryption") +
           refused("bad_cryptography");
  };
  EXPECT_TRUE(eventually([&] { return all() >= 1 + 1 + 20 + 21; })) << all();
  EXPECT_TRUE(eventually([&] { return system_.state(job) == "succeeded"; })) << system_.said();
  EXPECT_TRUE(is_healthy());
  EXPECT_EQ(metric(system_, "espalier_worker_messages_ignored_total{reason=\"undecodable\"}"), 0) << messages;
  EXPECT_EQ(system_.sql("select name from v1.workers").size(), 1U);
  EXPECT_FALSE(coordinator_.poll().has_value());
}

TEST_F(WorkersPort, ARecordedSessionShowsNothingAndPlayedAgainDoesNothing) {
  RunningSystem::WorkerStart first;
  first.key = system_.add_key("confidential");
  worker_ = system_.start_worker(first);  // until its key is known: the proxy passes on one connection only
  ASSERT_TRUE(eventually([&] { return system_.worker_is_alive("confidential"); })) << system_.said();
  worker_.stop(SIGTERM, std::chrono::seconds(10));
  ASSERT_TRUE(eventually([&] { return !system_.worker_is_alive("confidential"); }));
  const RecordingProxy proxy(zmq_);
  first.coordinator = proxy.endpoint();
  worker_ = system_.start_worker(first);
  ASSERT_TRUE(eventually([&] { return system_.worker_is_alive("confidential"); })) << system_.said();
  expect_work_is_done("secret-job");
  worker_.stop(SIGTERM, std::chrono::seconds(10));
  ASSERT_TRUE(eventually([&] { return !system_.worker_is_alive("confidential"); }));
  const auto recorded = proxy.said();
  ASSERT_GT(recorded.size(), 1000U);
  for (const auto* word : {"confidential", "hello", "heartbeat", "train"})
    EXPECT_THAT(recorded, Not(HasSubstr(word)));

  const auto messages = metric(system_, "espalier_worker_messages_total");
  asio::io_context io;
  tcp::socket again(io);
  again.connect(tcp_endpoint(zmq_));
  boost::system::error_code ended;
  asio::write(again, asio::buffer(recorded), ended);
  // ZeroMQ tells a handshake that doesn't fit from one that breaks off by the piece in which it notices.
  const auto all = [&] {
    return refused("bad_cryptography") + refused("unfinished") + refused("not_zeromq");
  };
  EXPECT_TRUE(eventually([&] { return all() >= 1; })) << refused("revoked") << " " << refused("unknown_key");
  EXPECT_EQ(metric(system_, "espalier_worker_messages_total"), messages);
  EXPECT_FALSE(system_.worker_is_alive("confidential"));
  EXPECT_TRUE(is_healthy());
}

TEST_F(WorkersPort, TenThousandHalfOpenConnectionsKeepNobodyOut) {
  allow_many_open_files();
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  const auto many = std::min<std::size_t>(10'000, limit.rlim_cur - 500);
  if (many < 2000) GTEST_SKIP() << "only " << limit.rlim_cur << " open files are allowed here";
  const std::string greeting("\xff\0\0\0\0\0\0\0\x01\x7f\x03", 11);
  asio::io_context io;
  std::vector<tcp::socket> open;
  for (std::size_t i = 0; i < many; ++i) {
    open.emplace_back(io);
    open.back().connect(tcp_endpoint(zmq_));
    boost::system::error_code ended;
    if (i % 2 == 0) asio::write(open.back(), asio::buffer(greeting), ended);
    if (i == many / 2) worker_ = start(system_.add_key("a"));
  }
  const auto files =
      std::distance(fs::directory_iterator(fmt::format("/proc/{}/fd", coordinator_.pid())), {});
  EXPECT_LT(static_cast<std::size_t>(files), limit.rlim_cur / 2) << "others need some too";
  EXPECT_TRUE(eventually([&] { return system_.worker_is_alive("a"); })) << system_.said();
  EXPECT_TRUE(is_healthy());
  expect_work_is_done("beside");
  EXPECT_TRUE(eventually([&] {
    return refused("crowded_out") + refused("unfinished") + refused("not_zeromq") >=
           static_cast<std::int64_t>(many);
  })) << refused("crowded_out")
      << " and " << refused("unfinished");
  RecordProperty("connections", static_cast<int>(many));
}

TEST_F(WorkersPort, AnotherHostsWorkerComesInWithItsKeyOverAnUntrustedNetwork) {
  const CutNetwork network;
  if (!network.objection().empty()) GTEST_SKIP() << network.objection();
  coordinator_.stop(SIGTERM, std::chrono::seconds(10));
  RunningSystem system(with_keys());
  ASSERT_TRUE(system.start_database());
  auto coordinator = system.start_coordinator(network.here());
  auto far = system.start_worker("far", 2, network.run_there());
  EXPECT_TRUE(eventually([&] { return system.worker_is_alive("far"); })) << system.said();
  const auto job = system.submit(wide_job(2));
  EXPECT_TRUE(eventually([&] { return system.state(job) == "succeeded"; })) << system.said();
  far.stop(SIGTERM, std::chrono::seconds(10));
  coordinator.stop(SIGTERM, std::chrono::seconds(10));
}

// How a coordinator ended that was started like this, and what it said.
std::pair<int, std::string> start_wrongly(const Sandbox& sandbox, std::vector<std::string> options) {
  ChildOptions child;
  child.arguments = {std::string(ESPALIER_BIN) + "/espalier-coordinator", "--database",
                     "postgresql://nobody@127.0.0.1:1/none", "--artifacts", sandbox.folder() / "artifacts"};
  child.arguments.insert(child.arguments.end(), options.begin(), options.end());
  child.error_file = sandbox.folder() / "said";
  const auto ran = run_to_end(child, std::chrono::seconds(30));
  EXPECT_TRUE(ran.has_value());
  return {ran ? ran->exit.code.value_or(-1) : -1, read_file(*child.error_file).value()};
}

TEST(PublicAddress, IsRefusedWithoutKeysWithTheSentenceThatSaysWhatToRun) {
  const Sandbox sandbox;
  const auto [code, said] = start_wrongly(sandbox, {"--zmq", "tcp://0.0.0.0:0"});
  EXPECT_EQ(code, exit_code(ErrorKind::usage));
  EXPECT_THAT(said, HasSubstr("refusing to listen for workers on tcp://0.0.0.0:0 without keys"));
  EXPECT_THAT(said, HasSubstr("run `espalier keys init`"));
}

TEST(PublicAddress, WithAFolderThatHoldsNoKeysIsRefusedWithTheSentenceToo) {
  const Sandbox sandbox;
  const auto keys = sandbox.folder() / "keys";
  const auto [code, said] = start_wrongly(sandbox, {"--zmq", "tcp://0.0.0.0:0", "--keys", keys});
  EXPECT_EQ(code, exit_code(ErrorKind::not_found));
  EXPECT_THAT(said, HasSubstr("`espalier keys init --keys " + keys.string() + "`"));
}

TEST(PublicAddress, WithAServersKeyThatOthersMayReadIsRefused) {
  const Sandbox sandbox;
  const auto keys = sandbox.folder() / "keys";
  ASSERT_TRUE(net::KeyFolder(keys).init());
  fs::permissions(keys / "server.key", fs::perms(0640));
  const auto [code, said] = start_wrongly(sandbox, {"--zmq", "tcp://0.0.0.0:0", "--keys", keys});
  EXPECT_EQ(code, exit_code(ErrorKind::usage));
  EXPECT_THAT(said, HasSubstr("chmod 600 " + (keys / "server.key").string()));
}

}  // namespace
}  // namespace espalier::test
