#include "worker/runner/train/checkpoint.hpp"

#include <ATen/CPUGeneratorImpl.h>

#include <mutex>
#include <sstream>

#include "worker/runner/fields.hpp"
#include "worker/runner/output_file.hpp"

namespace espalier::runner {
namespace {

constexpr std::int64_t kFormat = 2;

std::string tensor_name(const char* kind, std::size_t number) {
  return kind + std::to_string(number);
}

// Tensors like the model's, in its order. Empty if one isn't like it.
std::vector<torch::Tensor> read_tensors(torch::serialize::InputArchive& archive, const char* kind,
                                        const std::vector<torch::Tensor>& mine) {
  std::vector<torch::Tensor> saved(mine.size());
  for (std::size_t i = 0; i < mine.size(); ++i) {
    archive.read(tensor_name(kind, i), saved[i]);
    if (saved[i].sizes() != mine[i].sizes() || saved[i].dtype() != mine[i].dtype()) return {};
  }
  return saved;
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

// Real numbers are kept as a tensor: Boost's JSON parser may read the last bit of one wrongly.
torch::Tensor numbers_of(const TrainingPosition& position) {
  std::vector<double> numbers = {position.training_seconds, position.waiting_seconds, position.loss_sum,
                                 position.best_loss};
  for (const auto& point : position.points) {
    numbers.push_back(point.step);
    numbers.push_back(point.value);
  }
  return torch::tensor(numbers, torch::kFloat64);
}

json::object to_json(const TrainingPosition& position, const std::string& identity) {
  json::array curves;
  for (const auto& point : position.points) curves.emplace_back(point.name);
  return {{"format", kFormat},           {"identity", identity},
          {"epoch", position.epoch},     {"batch", position.batch},
          {"step", position.step},       {"first_step", position.first_step},
          {"images", position.images},   {"seen", position.seen},
          {"curves", std::move(curves)}, {"best_epoch", position.best_epoch}};
}

TrainingPosition position_from(const json::object& object, const torch::Tensor& numbers) {
  TrainingPosition position;
  position.epoch = integer_field(object, "epoch", 1);
  position.batch = integer_field(object, "batch", 0);
  position.step = integer_field(object, "step", 0);
  position.first_step = integer_field(object, "first_step", 0);
  position.images = integer_field(object, "images", 0);
  position.seen = integer_field(object, "seen", 0);
  position.training_seconds = numbers[0].item<double>();
  position.waiting_seconds = numbers[1].item<double>();
  position.loss_sum = numbers[2].item<double>();
  position.best_loss = numbers[3].item<double>();
  position.best_epoch = integer_field(object, "best_epoch", 0);
  std::int64_t next = 4;
  for (const auto& name : texts_field(object, "curves")) {
    position.points.push_back({name, numbers[next].item<double>(), numbers[next + 1].item<double>()});
    next += 2;
  }
  return position;
}

Error unusable(const std::filesystem::path& file, const std::string& why) {
  return {ErrorKind::failed, file.string() + " is not used: " + why, ""};
}

}  // namespace

std::vector<torch::Tensor> tensors_of(const Model& model) {
  auto all = parameters_of(model.module);
  for (const auto& buffer : model.module.buffers()) all.push_back(buffer);
  return all;
}

void save_checkpoint(const std::filesystem::path& file, const std::string& identity, const Model& model,
                     const torch::optim::Optimizer& optimizer, const TrainingPosition& position) {
  torch::serialize::OutputArchive archive;
  archive.write("position", c10::IValue(json::serialize(to_json(position, identity))));
  archive.write("numbers", numbers_of(position));
  const auto tensors = tensors_of(model);
  for (std::size_t i = 0; i < tensors.size(); ++i) archive.write(tensor_name("tensor", i), tensors[i].data());
  for (std::size_t i = 0; i < position.best_tensors.size(); ++i)
    archive.write(tensor_name("best", i), position.best_tensors[i]);
  archive.write("random_state", random_state());
  torch::serialize::OutputArchive optimizer_archive;
  optimizer.save(optimizer_archive);
  archive.write("optimizer", optimizer_archive);
  std::ostringstream bytes;
  archive.save_to(bytes);
  write_output(file, bytes.view());
}

Result<TrainingPosition> load_checkpoint(const std::filesystem::path& file, const std::string& identity,
                                         Model& model, torch::optim::Optimizer& optimizer) {
  try {
    torch::serialize::InputArchive archive;
    archive.load_from(file.string());
    c10::IValue text;
    archive.read("position", text);
    const auto object = parse_json(text.toStringRef()).value().as_object();
    if (integer_field(object, "format", 0) != kFormat) return unusable(file, "it has another format");
    if (text_field(object, "identity", "") != identity) return unusable(file, "it is another training's");
    torch::Tensor numbers;
    archive.read("numbers", numbers);
    auto position = position_from(object, numbers);
    const auto mine = tensors_of(model);
    const auto saved = read_tensors(archive, "tensor", mine);
    if (position.best_epoch > 0) position.best_tensors = read_tensors(archive, "best", mine);
    if (saved.empty() || (position.best_epoch > 0 && position.best_tensors.empty()))
      return unusable(file, "it is of another net");
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
