// The lines that agent and runner say to each other (docs/how-it-works.md, "Agent and runner").
#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/json.hpp"
#include "common/base/result.hpp"
#include "common/wire/messages.hpp"

namespace espalier::agent {

struct RunnerHello {
  std::string libtorch;
  std::vector<std::string> engines;
  std::string isa;
  std::string device_class;
  std::optional<std::string> allocator;  // absent: "cpu", and nothing is known of the others
  std::optional<std::string> device;
  std::optional<std::vector<std::string>> device_names;
  std::optional<std::vector<std::string>> confinement;  // what of it is active
};

struct RunnerCheckpoint {
  std::string path;
  std::int64_t step = 0;
};

struct RunnerProgress {
  std::int64_t attempt = 0;
  double fraction = 0;
  std::string note;
  std::vector<wire::CurvePoint> points;
  std::optional<RunnerCheckpoint> checkpoint;
  std::optional<std::int64_t> needs_bytes = {};  // of memory, as far as its model tells
};

struct RunnerOutput {
  std::string name;
  std::string path;
};

struct RunnerFinished {
  std::int64_t attempt = 0;
  wire::Outcome outcome = wire::Outcome::succeeded;
  std::optional<std::string> reason;
  std::optional<bool> retryable;
  std::optional<std::vector<wire::Metric>> metrics;
  std::optional<std::vector<RunnerOutput>> outputs;
};

using FromRunner = std::variant<RunnerHello, RunnerProgress, RunnerFinished>;

Result<FromRunner> parse_runner_line(std::string_view line);

// The `run` line, with its line feed.
std::string run_line(const wire::Assign& assign, const std::filesystem::path& folder,
                     const std::map<std::string, std::filesystem::path>& inputs);

BOOST_DESCRIBE_STRUCT(RunnerHello, (),
                      (libtorch, engines, isa, device_class, allocator, device, device_names, confinement))
BOOST_DESCRIBE_STRUCT(RunnerCheckpoint, (), (path, step))
BOOST_DESCRIBE_STRUCT(RunnerProgress, (), (attempt, fraction, note, points, checkpoint, needs_bytes))
BOOST_DESCRIBE_STRUCT(RunnerOutput, (), (name, path))
BOOST_DESCRIBE_STRUCT(RunnerFinished, (), (attempt, outcome, reason, retryable, metrics, outputs))

}  // namespace espalier::agent
