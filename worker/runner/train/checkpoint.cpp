#include "worker/runner/train/checkpoint.hpp"

#include <ATen/CPUGeneratorImpl.h>

#include <mutex>
#include <sstream>

#include "common/base/files.hpp"
#include "worker/runner/fields.hpp"

namespace espalier::runner {
namespace {

constexpr std::int64_t kFormat = 1;

// Parameters and buffers in their order, which the model's graph fixes.
std::vector<torch::Tensor> tensors_of(const Model& model) {
  std::vector<torch::Tensor> all;
  for (const auto& parameter : model.module.parameters()) all.push_back(parameter);
  for (const auto& buffer : model.module.buffers()) all.push_back(buffer);
  return all;
}

std::string tensor_name(std::size_t number) {
  return "tensor" + std::to_string(number);
}

torch::Tensor random_state() {
  auto generator = at::detail::getDefaultCPUGenerator();
  const std::lock_guard lock(generator.mutex());
  return generator.get_state();
}

void set_random_state(const torch::Tensor& state) {
  auto generator = at::detail::getDefaultCPUGenerator();
  const std::lock_guard lock(generator.mutex());
  generator.set_state(state);
}

json::object to_json(const TrainingPosition& position, const std::string& identity) {
  json::array points;
  for (const auto& point : position.points)
    points.push_back({{"name", point.name}, {"step", point.step}, {"value", point.value}});
  return {{"format", kFormat},
          {"identity", identity},
          {"epoch", position.epoch},
          {"batch", position.batch},
          {"step", position.step},
          {"images", position.images},
          {"training_seconds", position.training_seconds},
          {"loss_sum", position.loss_sum},
          {"seen", position.seen},
          {"points", std::move(points)}};
}

TrainingPosition position_from(const json::object& object) {
  TrainingPosition position;
  position.epoch = integer_field(object, "epoch", 1);
  position.batch = integer_field(object, "batch", 0);
  position.step = integer_field(object, "step", 0);
  position.images = integer_field(object, "images", 0);
  position.training_seconds = number_field(object, "training_seconds", 0);
  position.loss_sum = number_field(object, "loss_sum", 0);
  position.seen = integer_field(object, "seen", 0);
  for (const auto& point : object.at("points").as_array())
    position.points.push_back({text_field(point.as_object(), "name", ""),
                               number_field(point.as_object(), "step", 0),
                               number_field(point.as_object(), "value", 0)});
  return position;
}

Error unusable(const std::filesystem::path& file, const std::string& why) {
  return {ErrorKind::failed, "the checkpoint " + file.string() + " is not used: " + why, ""};
}

}  // namespace

std::filesystem::path save_checkpoint(const CheckpointPlan& plan, const Model& model,
                                      const torch::optim::Optimizer& optimizer,
                                      const TrainingPosition& position) {
  torch::serialize::OutputArchive archive;
  archive.write("position", c10::IValue(json::serialize(to_json(position, plan.identity))));
  const auto tensors = tensors_of(model);
  for (std::size_t i = 0; i < tensors.size(); ++i) archive.write(tensor_name(i), tensors[i].detach());
  archive.write("random_state", random_state());
  torch::serialize::OutputArchive optimizer_archive;
  optimizer.save(optimizer_archive);
  archive.write("optimizer", optimizer_archive);
  std::ostringstream bytes;
  archive.save_to(bytes);
  const auto file = plan.folder / ("checkpoint-" + std::to_string(position.step) + ".pt");
  write_file_atomically(file, bytes.view()).value();
  return file;
}

Result<TrainingPosition> load_checkpoint(const CheckpointPlan& plan, Model& model,
                                         torch::optim::Optimizer& optimizer) {
  const auto& file = *plan.go_on_from;
  try {
    torch::serialize::InputArchive archive;
    archive.load_from(file.string());
    c10::IValue text;
    archive.read("position", text);
    const auto object = json::parse(text.toStringRef()).as_object();
    if (integer_field(object, "format", 0) != kFormat) return unusable(file, "it has another format");
    if (text_field(object, "identity", "") != plan.identity) return unusable(file, "it is another task's");
    auto position = position_from(object);
    const auto mine = tensors_of(model);
    std::vector<torch::Tensor> saved(mine.size());
    for (std::size_t i = 0; i < mine.size(); ++i) {
      archive.read(tensor_name(i), saved[i]);
      if (saved[i].sizes() != mine[i].sizes() || saved[i].dtype() != mine[i].dtype())
        return unusable(file, "it is of another net");
    }
    torch::Tensor random;
    archive.read("random_state", random);
    torch::serialize::InputArchive optimizer_archive;
    archive.read("optimizer", optimizer_archive);
    optimizer.load(optimizer_archive);
    set_random_state(random);
    const torch::NoGradGuard no_grad;
    for (std::size_t i = 0; i < mine.size(); ++i) mine[i].copy_(saved[i]);
    return position;
  } catch (const c10::Error& error) {
    return unusable(file, error.msg().substr(0, 300));
  } catch (const std::exception& error) {
    return unusable(file, std::string(error.what()).substr(0, 300));
  }
}

}  // namespace espalier::runner
