#include "worker/agent/runner_protocol.hpp"

#include <utility>

#include "common/wire/reflection.hpp"

namespace espalier::agent {
namespace {

template <class Message>
Result<FromRunner> read(const json::value& body) {
  Message message;
  if (auto done = wire::from_json(body, "", message); !done) return done.error();
  return FromRunner(std::move(message));
}

}  // namespace

Result<FromRunner> parse_runner_line(std::string_view line) {
  const auto value = parse_json(line);
  if (!value) return value.error();
  const auto* object = value->if_object();
  if (object == nullptr || object->size() != 1)
    return Error{ErrorKind::internal, "a runner's line is no object with one member", ""};
  const auto& [kind, body] = *object->begin();
  if (kind == "hello") return read<RunnerHello>(body);
  if (kind == "progress") return read<RunnerProgress>(body);
  if (kind == "finished") return read<RunnerFinished>(body);
  return Error{ErrorKind::internal, "a runner's line of the unknown kind \"" + std::string(kind) + "\"", ""};
}

std::string run_line(const wire::Assign& assign, const std::filesystem::path& folder,
                     const std::map<std::string, std::filesystem::path>& inputs) {
  json::object files;
  for (const auto& [role, path] : inputs) files.emplace(role, path.string());
  const json::object line{{"run",
                           {{"attempt", assign.attempt},
                            {"folder", folder.string()},
                            {"spec", assign.spec},
                            {"inputs", std::move(files)}}}};
  return json::serialize(line) + "\n";
}

}  // namespace espalier::agent
