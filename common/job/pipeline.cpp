#include "common/job/pipeline.hpp"

#include <algorithm>
#include <optional>

#include "common/job/schema_words.hpp"

namespace espalier::job {
namespace {

std::optional<Stage> stage_from(std::string_view name) {
  for (const auto stage : {Stage::train, Stage::distill, Stage::finetune, Stage::prune, Stage::quantize}) {
    if (to_string(stage) == name) return stage;
  }
  return std::nullopt;
}

struct Misplaced {
  std::string message;
  std::string help;
};

// Why `stage` can't follow `before`.
std::optional<Misplaced> misplaced(Stage stage, const std::vector<Stage>& before, bool model_is_trained) {
  const std::string name(to_string(stage));
  if (contains(before, stage))
    return Misplaced{"`" + name + "` stands twice in this pipeline", "a stage can stand in a pipeline once"};
  if (contains(before, Stage::quantize)) {
    return Misplaced{"`" + name + "` can't follow `quantize`: an int8 net has no weights left to change",
                     "put `quantize` last"};
  }
  const bool makes_model = stage == Stage::train || stage == Stage::distill;
  if (makes_model && !before.empty()) {
    return Misplaced{"`" + name + "` can't follow `" + std::string(to_string(before.back())) +
                         "`: it starts from the model as it is given",
                     "put `" + name + "` first, or use `finetune` to train on"};
  }
  if (stage == Stage::finetune && !model_is_trained && !contains(before, Stage::train) &&
      !contains(before, Stage::distill)) {
    return Misplaced{"`finetune` has nothing to train on: the model's weights are random",
                     "put `train` before it, or give the model `weights` or a `file`"};
  }
  return std::nullopt;
}

}  // namespace

bool read_pipeline(const Node& pipeline, bool model_is_trained, bool has_teacher, std::vector<Stage>& stages,
                   Diagnostics& diagnostics) {
  bool usable = true;
  for (const auto& item : pipeline.items) {
    const auto stage = stage_from(item.text());
    if (!stage) {
      const bool automatic =
          item.text() == "evaluate" || item.text() == "benchmark" || item.text() == "teacher-logits";
      diagnostics.add(code::kUnknownStage, item.span,
                      "there is no stage " + in_ticks(item.text()) + " to put in a pipeline",
                      automatic ? "leave it out: it runs by itself where it is needed"
                                : suggestion(item.text(), tables::kStages));
      usable = false;
      continue;
    }
    if (const auto wrong = misplaced(*stage, stages, model_is_trained)) {
      diagnostics.add(code::kStageOrder, item.span, wrong->message, wrong->help);
      usable = false;
    }
    if (*stage == Stage::distill && !has_teacher) {
      diagnostics.add(
          code::kStageOrder, item.span, "`distill` has no teacher",
          R"(add teacher = { model = { name = "resnet20" } } or teacher = { file = "teacher.pt" })");
      usable = false;
    }
    stages.push_back(*stage);
  }
  return usable;
}

bool contains(const std::vector<Stage>& stages, Stage stage) {
  return std::find(stages.begin(), stages.end(), stage) != stages.end();
}

bool is_read(std::string_view table, const std::vector<Stage>& stages) {
  if (table == "train") {
    return contains(stages, Stage::train) || contains(stages, Stage::finetune) ||
           contains(stages, Stage::distill);
  }
  if (table == "teacher") return contains(stages, Stage::distill);
  const auto stage = stage_from(table);
  return !stage || contains(stages, *stage);
}

}  // namespace espalier::job
