#include "common/job/trial_tasks.hpp"

#include <algorithm>

#include "common/base/result.hpp"
#include "common/job/effort.hpp"
#include "common/job/settings.hpp"

namespace espalier::job {
namespace {

// A net on its way through a pipeline: as it was given, until a task has made it.
struct Net {
  const ModelSource* given = nullptr;
  std::optional<std::size_t> made_by;
  std::optional<std::size_t> masked_by;  // the task whose `masks` hold
};

class TrialBuilder {
 public:
  TrialBuilder(const TrialParts& parts, TaskGraph& graph) : parts_(parts), graph_(graph) {}

  std::vector<TrialTask> build() {
    if (parts_.rung + 1 < parts_.rungs.size()) {  // the rest of the pipeline is for those that get there
      train_by_rungs({&parts_.model, {}, {}});
      return std::move(tasks_);
    }
    std::optional<TaskInput> logits;
    if (parts_.teacher) logits = teacher_logits();
    std::optional<Net> before_compression;
    const auto net = pipeline(TaskRole::own, logits, before_compression);
    if (parts_.evaluates) evaluate(net, TaskRole::own);
    if (parts_.benchmark) {
      for (const auto& device : parts_.measured_on) benchmark(net, before_compression, device);
    }
    if (parts_.teacher && parts_.evaluates) twin();
    return std::move(tasks_);
  }

 private:
  std::size_t add(TaskRole role, Stage stage, json::object spec, std::vector<TaskInput> inputs) {
    return add(role, stage, std::move(spec), std::move(inputs), parts_.target);
  }
  std::size_t add(TaskRole role, Stage stage, json::object spec, std::vector<TaskInput> inputs,
                  std::size_t target, double share = 1) {
    const auto& model = role == TaskRole::teacher ? *parts_.teacher : parts_.model;
    auto effort = effort_of(stage, spec, model.spec, parts_.data.spec);
    effort.work *= share;
    const auto place = graph_.add(stage, std::move(spec), std::move(inputs), target, effort);
    tasks_.push_back({place, role});
    return place;
  }

  // Specification and inputs of a stage that works on `net`.
  [[nodiscard]] json::object base_spec(const Net& net, json::object settings,
                                       std::vector<TaskInput>& inputs) const {
    json::object spec{{"settings", std::move(settings)}};
    give(net, "model", spec, inputs);
    return spec;
  }
  void give(const Net& net, const std::string& role, json::object& spec,
            std::vector<TaskInput>& inputs) const {
    if (net.made_by) {
      inputs.push_back(graph_.output_of(*net.made_by, role, "model"));
      return;
    }
    if (!net.given->spec.empty()) spec[role] = net.given->spec;
    if (!net.given->file) return;
    auto file = *net.given->file;
    const bool is_anothers = parts_.against && net.given == &*parts_.against;
    if (file.role == "model") {
      file.role = role;
    } else if (is_anothers) {
      file.role = role + "_" + file.role;  // the model may have `weights` too
    }
    inputs.push_back(std::move(file));
  }
  void give_data(json::object& spec, bool augmented) const {
    spec["data"] = parts_.data.spec;
    if (augmented) spec.at("data").as_object()["augment"] = parts_.data.augment;
    spec["seed"] = parts_.seed;
  }
  // A zoo net that nobody has trained yet is drawn from the seed.
  void give_seed_of_weights(const Net& net, json::object& spec) const {
    const bool is_drawn = !net.made_by && !net.given->is_trained;
    if (is_drawn) spec["seed"] = parts_.seed;
  }

  Net train(const Net& net, const json::object& settings, TaskRole role) {
    std::vector<TaskInput> inputs;
    auto spec = base_spec(net, settings, inputs);
    give_data(spec, true);
    return {net.given, add(role, Stage::train, std::move(spec), std::move(inputs)), {}};
  }

  // Each part goes on from the state that the one before left. The last of all is evaluated as every trained
  // net is, the others for the search.
  Net train_by_rungs(const Net& given) {
    Net net = given;
    std::int64_t done = 0;
    for (std::size_t rung = 0; rung <= parts_.rung; ++rung) {
      const auto until = parts_.rungs[rung];
      auto settings = parts_.train;
      settings["until_epoch"] = until;
      std::vector<TaskInput> inputs;
      auto spec = base_spec(given, std::move(settings), inputs);
      give_data(spec, true);
      if (net.made_by) inputs.push_back(graph_.output_of(*net.made_by, "state", "state"));
      const auto share = static_cast<double>(until - done) / static_cast<double>(parts_.rungs.back());
      net.made_by =
          add(TaskRole::own, Stage::train, std::move(spec), std::move(inputs), parts_.target, share);
      if (rung + 1 < parts_.rungs.size()) evaluate(net, TaskRole::rung);
      done = until;
    }
    return net;
  }

  Net stage(const Net& net, Stage which, TaskRole role, const std::optional<TaskInput>& logits) {
    std::vector<TaskInput> inputs;
    switch (which) {
      case Stage::train:
        return parts_.rungs.empty() ? train(net, parts_.train, role) : train_by_rungs(net);
      case Stage::distill: {
        auto spec = base_spec(net, parts_.distill, inputs);
        give_data(spec, true);
        ESPALIER_ASSERT(logits.has_value());
        inputs.push_back(*logits);
        return {net.given, add(role, which, std::move(spec), std::move(inputs)), {}};
      }
      case Stage::finetune: {
        auto spec = base_spec(net, parts_.finetune, inputs);
        give_data(spec, true);
        if (net.masked_by) inputs.push_back(graph_.output_of(*net.masked_by, "masks", "masks"));
        const auto place = add(role, which, std::move(spec), std::move(inputs));
        return {net.given, place, net.masked_by ? std::optional(place) : std::nullopt};
      }
      case Stage::prune: {
        auto spec = base_spec(net, parts_.prune, inputs);
        give_seed_of_weights(net, spec);
        if (!net.made_by) spec["data"] = parts_.data.shape_spec();
        if (reads_seed(parts_.prune)) spec["seed"] = parts_.seed;
        const auto place = add(role, which, std::move(spec), std::move(inputs));
        return {net.given, place, place};
      }
      case Stage::quantize: {
        auto spec = base_spec(net, parts_.quantize, inputs);
        give_seed_of_weights(net, spec);
        if (needs_data(parts_.quantize)) {
          give_data(spec, false);
        } else if (!net.made_by) {
          spec["data"] = parts_.data.shape_spec();
        }
        return {net.given, add(role, which, std::move(spec), std::move(inputs)), {}};
      }
      case Stage::teacher_logits:
      case Stage::evaluate:
      case Stage::benchmark:
        break;
    }
    ESPALIER_ASSERT(!"no stage of a pipeline");
    return net;
  }

  Net pipeline(TaskRole role, const std::optional<TaskInput>& logits,
               std::optional<Net>& before_compression) {
    Net net{&parts_.model, {}, {}};
    for (const auto which : parts_.stages) {
      const bool compresses = which == Stage::prune || which == Stage::quantize;
      if (compresses && !before_compression) before_compression = net;
      const bool teacherless = role == TaskRole::twin && which == Stage::distill;
      net = teacherless ? train(net, parts_.twin, role) : stage(net, which, role, logits);
    }
    return net;
  }

  void evaluate(const Net& net, TaskRole role) {
    std::vector<TaskInput> inputs;
    auto spec = base_spec(net, {}, inputs);
    give_data(spec, false);
    add(role, Stage::evaluate, std::move(spec), std::move(inputs));
  }

  void benchmark(const Net& net, const std::optional<Net>& baseline, const MeasuredOn& device) {
    std::vector<TaskInput> inputs;
    auto spec = base_spec(net, *parts_.benchmark, inputs);
    if (auto shape = shape_of_inputs(); !shape.empty()) spec["data"] = std::move(shape);
    spec["device_class"] = device.device_class;
    give_seed_of_weights(net, spec);
    if (parts_.against) {
      give({&*parts_.against, {}, {}}, "baseline", spec, inputs);
      spec["seed"] = parts_.seed;  // of the order in which the two are timed
    } else if (baseline) {
      give(*baseline, "baseline", spec, inputs);
      give_seed_of_weights(*baseline, spec);
    }
    add(TaskRole::own, Stage::benchmark, std::move(spec), std::move(inputs), device.target);
  }

  [[nodiscard]] json::object shape_of_inputs() const {
    if (!parts_.data.spec.empty()) return parts_.data.shape_spec();
    if (!parts_.model.data.empty() || !parts_.against) return parts_.model.data;
    return parts_.against->data;
  }

  TaskInput teacher_logits() {
    Net net{&*parts_.teacher, {}, {}};
    if (parts_.teacher_train) net = train(net, *parts_.teacher_train, TaskRole::teacher);
    if (parts_.evaluates) evaluate(net, TaskRole::teacher);
    std::vector<TaskInput> inputs;
    auto spec = base_spec(net, {}, inputs);
    give_data(spec, false);
    const auto place = add(TaskRole::teacher, Stage::teacher_logits, std::move(spec), std::move(inputs));
    return graph_.output_of(place, "logits", "logits");
  }

  // The whole pipeline over again without the teacher: a student that is pruned afterwards is compared with a
  // net that is pruned just so.
  void twin() {
    std::optional<Net> ignored;
    evaluate(pipeline(TaskRole::twin, {}, ignored), TaskRole::twin);
  }

  const TrialParts& parts_;
  TaskGraph& graph_;
  std::vector<TrialTask> tasks_;
};

}  // namespace

std::vector<TrialTask> trial_tasks(const TrialParts& parts, TaskGraph& graph) {
  return TrialBuilder(parts, graph).build();
}

}  // namespace espalier::job
