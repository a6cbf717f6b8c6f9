#include "common/job/plan.hpp"

namespace espalier::job {

std::string_view to_string(Stage stage) {
  switch (stage) {
    case Stage::train:
      return "train";
    case Stage::distill:
      return "distill";
    case Stage::finetune:
      return "finetune";
    case Stage::prune:
      return "prune";
    case Stage::quantize:
      return "quantize";
    case Stage::teacher_logits:
      return "teacher-logits";
    case Stage::evaluate:
      return "evaluate";
    case Stage::benchmark:
      return "benchmark";
  }
  return "";
}

std::string_view to_string(TaskRole role) {
  switch (role) {
    case TaskRole::own:
      return "own";
    case TaskRole::teacher:
      return "teacher";
    case TaskRole::twin:
      return "twin";
    case TaskRole::rung:
      return "rung";
  }
  return "";
}

}  // namespace espalier::job
