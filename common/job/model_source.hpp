// A [model]: a net of the zoo or a file of the user's, checked against the catalogue and the data.
#pragma once

#include <optional>

#include "common/job/data_source.hpp"

namespace espalier::job {

struct ModelSource {
  json::object spec;              // as in a task's specification
  std::optional<TaskInput> file;  // role "model" for a TorchScript file, "weights" for a state dict
  bool is_trained = false;        // it comes with weights that mean something
  json::object data;              // a trial's: what it is described by beside `spec`; see TrialModel
  std::optional<std::vector<std::int64_t>> input_shape;  // unset: the data's, or only the file knows
};

// `data` may be null: then what depends on the images is not checked. Unset if something is wrong (reported).
std::optional<ModelSource> read_model(const Node& model, const DataSource* data, Looked& looked,
                                      Diagnostics& diagnostics);

// A trained TorchScript file, as teachers may be. Unset if it can't be read (reported).
std::optional<ModelSource> read_model_file(const Node& path, const DataSource* data, Looked& looked,
                                           Diagnostics& diagnostics);

// The model of a trial whose number stands at `number`. Unset if it has none (reported).
std::optional<ModelSource> read_trial_model(const Node& number, Looked& looked, Diagnostics& diagnostics);

// Whether a model table says that its weights are trained already, before anything is looked up.
bool says_it_is_trained(const Node& model);

}  // namespace espalier::job
