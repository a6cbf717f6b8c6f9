#include "worker/runner/serve.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "common/wire/reflection.hpp"
#include "worker/runner/complaint.hpp"
#include "worker/runner/device.hpp"
#include "worker/runner/fields.hpp"

namespace espalier::runner {
namespace {

constexpr const char* kHowToSeeItAgain =
    "it would fail again: call the net's forward on a batch of such inputs in Python";

// Progress without points is only for the eye.
constexpr auto kBetweenNotes = std::chrono::milliseconds(200);

json::object failed(std::string_view outcome, std::string reason, bool retryable) {
  std::fprintf(stderr, "espalier-runner: %s\n", reason.c_str());
  return {{"outcome", outcome}, {"reason", std::move(reason)}, {"retryable", retryable}};
}

std::string in_words(const Error& error) {
  return error.help.empty() ? error.message : error.message + "; " + error.help;
}

// The agent knows the limit; here is known what was asked for.
json::object out_of_memory(std::string_view complaint) {
  constexpr std::string_view kBefore = "you tried to allocate ";
  std::string reason = "an allocation failed";
  if (const auto at = complaint.find(kBefore); at != std::string_view::npos) {
    const auto number = complaint.substr(at + kBefore.size());
    std::int64_t bytes = 0;
    std::from_chars(number.data(), number.data() + number.size(), bytes);
    reason += ", of " + std::to_string(bytes >> 20) + " MiB at once";
  }
  return failed("out_of_memory", std::move(reason), true);
}

// Reports one attempt's progress.
class Attempt {
 public:
  Attempt(LineChannel& channel, std::int64_t number) : channel_(channel), number_(number) {}

  void report(double fraction, const std::string& note, const std::vector<CurvePoint>& points) {
    const auto now = std::chrono::steady_clock::now();
    if (points.empty() && now - reported_ < kBetweenNotes) return;
    reported_ = now;
    fraction_ = fraction;
    note_ = note;
    say({{"attempt", number_}, {"fraction", fraction}, {"note", note}, {"points", wire::to_json(points)}});
  }

  void report_need(std::int64_t bytes) {
    say({{"attempt", number_},
         {"fraction", fraction_},
         {"note", note_},
         {"points", json::array()},
         {"needs_bytes", bytes}});
  }

  void report_checkpoint(const std::filesystem::path& file, std::int64_t step) {
    say({{"attempt", number_},
         {"fraction", fraction_},
         {"note", note_},
         {"points", json::array()},
         {"checkpoint", {{"path", file.string()}, {"step", step}}}});
  }

 private:
  void say(json::object progress) {
    // Nobody is left who wants this task's result.
    if (!channel_.write_line(json::serialize(json::object{{"progress", std::move(progress)}}))) std::_Exit(0);
  }

  LineChannel& channel_;
  std::int64_t number_;
  double fraction_ = 0;
  std::string note_;
  std::chrono::steady_clock::time_point reported_{};
};

std::optional<json::object> answer_to(const std::string& line, LineChannel& channel) {
  auto message = parse_json(line);
  const auto* object = message ? message->if_object() : nullptr;
  const auto* run = object == nullptr ? nullptr : object->if_contains("run");
  if (run == nullptr || !run->is_object()) {
    std::fprintf(stderr, "espalier-runner: not a message I know: %.200s\n", line.c_str());
    return std::nullopt;
  }
  json::object finished;
  const auto& fields = run->as_object();
  const auto* attempt = fields.if_contains("attempt");
  const auto number = attempt != nullptr && attempt->is_int64() ? attempt->as_int64() : 0;
  try {
    Attempt reporter(channel, number);
    TaskContext task;
    task.spec = fields.at("spec").as_object();
    task.folder = text_field(fields, "folder", ".");
    for (const auto& input : fields.at("inputs").as_object())
      task.inputs.emplace(input.key(), std::string(input.value().as_string()));
    task.progress = [&reporter](double fraction, const std::string& note,
                                const std::vector<CurvePoint>& points) {
      reporter.report(fraction, note, points);
    };
    task.checkpoint_saved = [&reporter](const std::filesystem::path& file, std::int64_t step) {
      reporter.report_checkpoint(file, step);
    };
    task.needs_memory = [&reporter](std::int64_t bytes) { reporter.report_need(bytes); };
    if (const char* seconds = std::getenv("ESPALIER_CHECKPOINT_SECONDS"); seconds != nullptr)
      task.checkpoint_interval = std::chrono::duration<double>(std::strtod(seconds, nullptr));
    finished = finished_by(task);
  } catch (const std::exception& error) {
    finished =
        failed("failed", std::string("the message \"run\" is not as it should be: ") + error.what(), false);
  }
  finished["attempt"] = number;
  return json::object{{"finished", std::move(finished)}};
}

}  // namespace

std::optional<std::string> LineChannel::read_line() {
  for (;;) {
    if (const auto end = read_.find('\n', scanned_); end != std::string::npos) {
      auto line = read_.substr(0, end);
      read_.erase(0, end + 1);
      scanned_ = 0;
      return line;
    }
    scanned_ = read_.size();
    std::array<char, 65536> buffer;
    const auto got = ::read(descriptor_, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return std::nullopt;
    read_.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

bool LineChannel::write_line(std::string line) {
  line += '\n';
  std::string_view left = line;
  while (!left.empty()) {
    const auto written = ::write(descriptor_, left.data(), left.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    left.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

json::object succeeded(const TaskOutcome& outcome) {
  json::array outputs;
  for (const auto& output : outcome.outputs)
    outputs.push_back({{"name", output.name}, {"path", output.path.string()}});
  return {
      {"outcome", "succeeded"}, {"metrics", wire::to_json(outcome.metrics)}, {"outputs", std::move(outputs)}};
}

json::object finished_by(TaskContext& task) {
  try {
    return succeeded(run_task(task));
  } catch (const ErrorException& error) {
    return failed("failed", in_words(error.error()), false);
  } catch (const std::exception& error) {
    if (is_out_of_memory(error)) return out_of_memory(error.what());
    std::fprintf(stderr, "%s\n", error.what());
    auto complaint = complaint_of(error);
    if (!is_of_libtorch(error)) return failed("failed", std::move(complaint), true);
    complaint.erase(std::min(complaint.find('\n'), complaint.size()));
    return failed("failed", in_words({ErrorKind::failed, "LibTorch: " + complaint, kHowToSeeItAgain}), false);
  }
}

int serve(int descriptor, const std::vector<std::string>& confinement) {
  LineChannel channel(descriptor);
  auto facts = hello_facts();
  facts["confinement"] = json::value_from(confinement);
  if (!channel.write_line(json::serialize(json::object{{"hello", std::move(facts)}}))) return 0;
  while (const auto line = channel.read_line()) {
    const auto answer = answer_to(*line, channel);
    if (answer && !channel.write_line(json::serialize(*answer))) return 0;
  }
  return 0;
}

}  // namespace espalier::runner
