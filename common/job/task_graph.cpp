#include "common/job/task_graph.hpp"

#include "common/base/hash.hpp"

namespace espalier::job {
namespace {

json::object inputs_spec(const std::vector<TaskInput>& inputs) {
  json::object spec;
  for (const auto& input : inputs) {
    if (input.task.value.empty()) {
      spec[input.role] = json::object{{"file", input.file.value}};
    } else {
      spec[input.role] = json::object{{"task", input.task.value}, {"output", input.output}};
    }
  }
  return spec;
}

}  // namespace

// The last change of all was how users' nets are taken (dropouts of traces, init = "random") and which
// folders hold validation images.
int version_of(Stage stage) {
  switch (stage) {
    case Stage::train:
    case Stage::distill:
    case Stage::finetune:
      return 4;  // shared parameters are stepped once, frozen ones not
    case Stage::quantize:
      return 3;
    case Stage::prune:
    case Stage::teacher_logits:
    case Stage::evaluate:
      return 2;
    case Stage::benchmark:
      return 6;  // timed at eight places, blocks wait for full speed
  }
  return 1;
}

std::size_t TaskGraph::add(Stage stage, json::object spec, std::vector<TaskInput> inputs, std::size_t target,
                           Effort effort) {
  spec["stage"] = to_string(stage);
  spec["version"] = version_of(stage);
  spec["inputs"] = inputs_spec(inputs);
  TaskKey key{sha256_hex(canonical(spec))};
  const auto [place, is_new] = places_.try_emplace(digest_of(key), static_cast<std::uint32_t>(keys_.size()));
  if (is_new) {
    keys_.push_back(place->first);
    tasks_.push_back({std::move(key), stage, std::move(spec), std::move(inputs), stage == Stage::benchmark,
                      target, effort.kind, effort.work});
  }
  return place->second;
}

TaskInput TaskGraph::output_of(std::size_t task, std::string role, std::string output) const {
  return {std::move(role), key_of(keys_[task]), std::move(output), {}, task};
}

TaskGraph::Digest TaskGraph::digest_of(const TaskKey& key) {
  Digest digest{};
  const auto value = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  for (std::size_t i = 0; i < digest.size(); ++i) {
    digest[i] = static_cast<unsigned char>(value(key.value[2 * i]) << 4 | value(key.value[2 * i + 1]));
  }
  return digest;
}

TaskKey TaskGraph::key_of(const Digest& digest) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  TaskKey key;
  key.value.reserve(2 * digest.size());
  for (const unsigned char byte : digest) {
    key.value.push_back(kDigits[byte >> 4]);
    key.value.push_back(kDigits[byte & 15]);
  }
  return key;
}

}  // namespace espalier::job
