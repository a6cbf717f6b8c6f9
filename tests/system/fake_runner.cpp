// Speaks the runner's protocol (docs/how-it-works.md) and does no work: for tests of everything around a
// runner. What it does is told by the environment:
//   FAKE_RUNNER_FOLDER  where it writes `log` and looks for `hold` and `fail`
//   FAKE_RUNNER_MS      how long a task takes; default 60
// While the file `hold` exists no task ends. A task whose line contains the text in the file `fail` fails.
// With the file `vary` what tasks measure depends, by a hash, on the model that they measure. Lines of the
// log: "begin ATTEMPT NS", "alive ATTEMPT NS" every 20 ms, "end ATTEMPT NS", NS on the machine's monotonic
// clock.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>

#include "common/base/files.hpp"
#include "common/base/hash.hpp"
#include "common/base/json.hpp"

namespace {

using namespace espalier;
using Clock = std::chrono::steady_clock;
constexpr int kAgent = 3;  // the descriptor of the socket to the agent

void say(const json::object& message) {
  const auto line = json::serialize(message) + "\n";
  for (std::size_t sent = 0; sent < line.size();) {
    const auto written = ::write(kAgent, line.data() + sent, line.size() - sent);
    if (written <= 0) std::exit(1);
    sent += static_cast<std::size_t>(written);
  }
}

// The next line; the program ends with the agent.
std::string hear() {
  static std::string received;
  for (;;) {
    if (const auto end = received.find('\n'); end != std::string::npos) {
      std::string line = received.substr(0, end);
      received.erase(0, end + 1);
      return line;
    }
    char buffer[4096];
    const auto got = ::read(kAgent, buffer, sizeof buffer);
    if (got <= 0) std::exit(0);
    received.append(buffer, static_cast<std::size_t>(got));
  }
}

class Stage {
 public:
  Stage() {
    const char* folder = std::getenv("FAKE_RUNNER_FOLDER");
    if (folder == nullptr) return;
    folder_ = folder;
    log_ = ::open((folder_ / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  }

  void note(const char* what, std::int64_t attempt) const {
    if (log_ < 0) return;
    std::ostringstream line;
    line << what << ' ' << attempt << ' ' << Clock::now().time_since_epoch().count() << '\n';
    // One write: the lines of several runners don't mix.
    if (::write(log_, line.str().data(), line.str().size()) < 0) return;
  }

  void work(std::int64_t attempt) const {
    const char* given = std::getenv("FAKE_RUNNER_MS");
    const auto end = Clock::now() + std::chrono::milliseconds(given == nullptr ? 60 : std::atoi(given));
    while (Clock::now() < end || (!folder_.empty() && std::filesystem::exists(folder_ / "hold"))) {
      ::poll(nullptr, 0, 20);
      note("alive", attempt);
    }
  }

  [[nodiscard]] bool varies() const { return !folder_.empty() && std::filesystem::exists(folder_ / "vary"); }
  [[nodiscard]] bool fails(const std::string& line) const {
    if (folder_.empty()) return false;
    const auto told = read_file(folder_ / "fail");
    if (!told) return false;
    const auto text = told->substr(0, told->find('\n'));
    return !text.empty() && line.find(text) != std::string::npos;
  }

 private:
  std::filesystem::path folder_;
  int log_ = -1;
};

json::object metric(const std::string& name, double value) {
  return {{"name", name},      {"value", value},     {"unit", ""},
          {"ci_low", nullptr}, {"ci_high", nullptr}, {"samples", 1}};
}

// 0 to 1; the same for the same model.
double luck_of(const json::object& spec, const std::string& salt) {
  const auto* inputs = spec.if_contains("inputs");
  const auto* model = inputs == nullptr ? nullptr : inputs->as_object().if_contains("model");
  const auto hash = sha256_hex(salt + (model == nullptr ? json::serialize(spec) : json::serialize(*model)));
  return static_cast<double>(std::stoul(hash.substr(0, 7), nullptr, 16)) / 0x10000000;
}

// As of a real one: within a twentieth, 1.25 times as fast as its baseline, and not faster than itself.
void add_comparison(const json::object& spec, json::array& metrics) {
  const auto net = [&](const char* role) {
    const auto* input = spec.at("inputs").as_object().if_contains(role);
    const auto* described = spec.if_contains(role);
    return json::array{input == nullptr ? nullptr : *input, described == nullptr ? nullptr : *described};
  };
  if (net("baseline") == json::array{nullptr, nullptr}) return;
  const double ratio = net("baseline") == net("model") ? 1.0 : 1.25;
  for (const auto& batch : spec.at("settings").at("batch_sizes").as_array()) {
    for (const auto& threads : spec.at("settings").at("threads").as_array()) {
      const auto form = "/b" + json::serialize(batch) + "/t" + json::serialize(threads);
      auto speedup = metric("speedup" + form, ratio);
      speedup["ci_low"] = ratio - 0.05;
      speedup["ci_high"] = ratio + 0.05;
      metrics.push_back(std::move(speedup));
      metrics.push_back(metric("latency_p50_ms" + form, 1.5));
      metrics.push_back(metric("baseline_p50_ms" + form, 1.5 * ratio));
    }
  }
  metrics.push_back(metric("busy", 0.1));
}

json::array metrics_of(std::string_view stage, const json::object& spec, bool varies) {
  const double luck = varies ? luck_of(spec, "a") : 0.5;
  const double size = varies ? luck_of(spec, "b") : 0.5;
  if (stage == "evaluate") return {metric("accuracy", 0.8 + luck / 5), metric("loss", 0.6 * (1 - luck))};
  if (stage != "benchmark") return {metric("train_loss", 0.4)};
  json::array metrics{metric("latency_p50_ms", 1 + size),
                      metric("size_bytes", 500 + std::round(1000 * size))};
  add_comparison(spec, metrics);
  return metrics;
}

// One part of a training that others follow.
bool hands_on(const json::object& spec) {
  const auto* settings = spec.if_contains("settings");
  const auto* until = settings == nullptr ? nullptr : settings->as_object().if_contains("until_epoch");
  return until != nullptr && *until != settings->at("epochs");
}

// Unset if the disk is full.
std::optional<json::array> outputs_of(std::string_view stage, const std::string& folder, std::int64_t attempt,
                                      bool with_state) {
  json::array outputs;
  if (stage == "evaluate") return outputs;
  const char* name = stage == "benchmark" ? "samples" : stage == "teacher-logits" ? "logits" : "model";
  const auto path = std::filesystem::path(folder) / name;
  std::ofstream file(path);
  file << name << " of attempt " << attempt << std::string(5000, '.');  // more than a page
  file.close();
  if (!file) return std::nullopt;
  outputs.push_back(json::object{{"name", name}, {"path", path.string()}});
  if (with_state) outputs.push_back(json::object{{"name", "state"}, {"path", path.string()}});
  if (stage == "prune" || stage == "finetune")
    outputs.push_back(json::object{{"name", "masks"}, {"path", path.string()}});
  return outputs;
}

std::string device_class() {
  const char* given = std::getenv("ESPALIER_FAKE_DEVICE_CLASS");
  return given != nullptr ? given : "cpu|fake";
}

json::object failed(std::int64_t attempt, const char* why, bool retryable) {
  return {{"attempt", attempt}, {"outcome", "failed"}, {"reason", why}, {"retryable", retryable}};
}

}  // namespace

int main() {
  const Stage stage;
  say({{"hello",
        {{"libtorch", "none"},
         {"engines", json::array{}},
         {"isa", "none"},
         {"device_class", device_class()}}}});
  for (;;) {
    const std::string line = hear();
    const auto told = json::parse(line).at("run");
    const auto attempt = told.at("attempt").to_number<std::int64_t>();
    const std::string name(told.at("spec").at("stage").as_string());
    stage.note("begin", attempt);
    std::cerr << "attempt " << attempt << ": " << name << std::endl;
    say({{"progress", {{"attempt", attempt}, {"fraction", 0.1}, {"note", name}, {"points", json::array{}}}}});
    stage.work(attempt);
    const auto& spec = told.at("spec").as_object();
    const auto outputs =
        outputs_of(name, std::string(told.at("folder").as_string()), attempt, hands_on(spec));
    json::object finished{
        {"attempt", attempt}, {"outcome", "succeeded"}, {"metrics", metrics_of(name, spec, stage.varies())}};
    if (outputs) finished["outputs"] = *outputs;
    if (!outputs) finished = failed(attempt, "its output can't be written: No space left on device", true);
    if (stage.fails(line)) finished = failed(attempt, "it was told to fail", false);
    stage.note("end", attempt);
    say({{"finished", finished}});
  }
}
