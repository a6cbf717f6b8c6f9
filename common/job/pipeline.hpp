// Which stages may follow each other.
#pragma once

#include <string_view>
#include <vector>

#include "common/job/document.hpp"

namespace espalier::job {

// The stages of a group's `pipeline`, in order; `model_is_trained` if the model comes with weights of its
// own. Reports what makes no sense. Returns false if the pipeline can't be used.
bool read_pipeline(const Node& pipeline, bool model_is_trained, bool has_teacher, std::vector<Stage>& stages,
                   Diagnostics& diagnostics);

bool contains(const std::vector<Stage>& stages, Stage stage);

// Whether a group's table of this name is read by a pipeline of these stages: [train] is also the base of
// [finetune] and [distill].
bool is_read(std::string_view table, const std::vector<Stage>& stages);

}  // namespace espalier::job
