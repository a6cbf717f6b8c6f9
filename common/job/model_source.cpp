#include "common/job/model_source.hpp"

#include <algorithm>
#include <cmath>

#include "common/job/catalogue.hpp"
#include "common/job/schema.hpp"
#include "common/job/section.hpp"

namespace espalier::job {
namespace {

std::optional<TaskInput> look_at_file(const Node& path, const std::string& role, Looked& looked,
                                      Diagnostics& diagnostics) {
  const auto& hash = looked.file(std::string(path.text()));
  if (hash) return TaskInput{role, {}, "", *hash};
  diagnostics.add(code::kMissingFile, path.span, hash.error().message, hash.error().help);
  return std::nullopt;
}

const ModelParameter* find_parameter(const ModelEntry& entry, std::string_view name) {
  const auto found = std::find_if(entry.parameters.begin(), entry.parameters.end(),
                                  [&](const ModelParameter& parameter) { return parameter.name == name; });
  return found == entry.parameters.end() ? nullptr : &*found;
}

void refuse_parameter(const Member& member, const ModelEntry& entry, Diagnostics& diagnostics) {
  std::vector<std::string_view> names;
  for (const auto& parameter : entry.parameters) names.push_back(parameter.name);
  diagnostics.add(code::kNotOfThisFamily, member.place(),
                  in_ticks(entry.name) + " has no parameter " + in_ticks(member.name),
                  "it has: " + listed(names));
}

// Every parameter of the family, defaults filled in, in its range.
void read_parameters(const Node& model, const ModelEntry& entry, json::object& spec,
                     Diagnostics& diagnostics) {
  for (const auto& parameter : entry.parameters) {
    const auto* value = valid(&model, parameter.name);
    const double number = value == nullptr ? parameter.fallback : value->number();
    if (number < parameter.low || number > parameter.high) {
      diagnostics.add(code::kOutOfRange, value->span,
                      "`model." + std::string(parameter.name) + "` of " + in_ticks(entry.name) +
                          " must be from " + as_written(parameter.low) + " to " + as_written(parameter.high));
    }
    if (parameter.integer && std::trunc(number) != number) {
      diagnostics.add(code::kWrongType, value->span,
                      "`model." + std::string(parameter.name) + "` of " + in_ticks(entry.name) +
                          " must be a whole number",
                      std::string(parameter.meaning));
    }
    if (parameter.integer) {
      spec[parameter.name] = static_cast<std::int64_t>(number);
    } else {
      spec[parameter.name] = number;
    }
  }
  const auto& own_keys = table_of("model").keys;
  for (const auto& member : model.members) {
    const bool own = std::any_of(own_keys.begin(), own_keys.end(),
                                 [&](const KeySchema& key) { return key.name == member.name; });
    if (own || member.value.is(NodeKind::invalid) || find_parameter(entry, member.name) != nullptr) continue;
    refuse_parameter(member, entry, diagnostics);
  }
}

Span place_of(const Node& model, std::string_view key) {
  const auto* value = valid(&model, key);
  return value != nullptr ? value->span : model.find("name")->span;
}

void check_fit(const Node& model, const ModelEntry& entry, const json::object& spec, const DataSource& data,
               Diagnostics& diagnostics) {
  if (spec.contains("dim") && spec.contains("heads")) {
    const auto dim = spec.at("dim").as_int64();
    const auto heads = spec.at("heads").as_int64();
    if (heads > 0 && dim % heads != 0) {
      diagnostics.add(code::kModelDoesNotFit,
                      place_of(model, valid(&model, "heads") != nullptr ? "heads" : "dim"),
                      "`model.dim` = " + std::to_string(dim) +
                          " is no multiple of `model.heads` = " + std::to_string(heads));
    }
  }
  if (!data.input_shape) return;
  const auto [channels, height, width] = *data.input_shape;
  const auto size = std::to_string(height) + "x" + std::to_string(width);
  if (std::min(height, width) < entry.smallest_side) {
    diagnostics.add(code::kModelDoesNotFit, model.find("name")->span,
                    in_ticks(entry.name) + " needs images of at least " +
                        std::to_string(entry.smallest_side) + "x" + std::to_string(entry.smallest_side) +
                        " pixels, but these are " + size,
                    "set `data.resize`, or choose another model");
  }
  if (height % entry.side_multiple != 0 || width % entry.side_multiple != 0) {
    diagnostics.add(code::kModelDoesNotFit, model.find("name")->span,
                    in_ticks(entry.name) + " cuts images into patches of " +
                        std::to_string(entry.side_multiple) + " pixels, which don't divide " + size,
                    "set `data.resize` to a multiple of " + std::to_string(entry.side_multiple));
  }
  if (!spec.contains("patch")) return;
  const auto patch = spec.at("patch").as_int64();
  if (patch > 0 && (height % patch != 0 || width % patch != 0)) {
    diagnostics.add(code::kModelDoesNotFit, place_of(model, "patch"),
                    "`model.patch` = " + std::to_string(patch) + " doesn't divide the images' " + size,
                    "choose a divisor of " + std::to_string(height) + ", or set `data.resize`");
  }
}

std::optional<ModelSource> from_zoo(const Node& model, const Node& name, const DataSource* data,
                                    Looked& looked, Diagnostics& diagnostics) {
  const auto* entry = find_model(name.text());
  if (entry == nullptr) {
    std::vector<std::string_view> names;
    for (const auto& known : models()) names.push_back(known.name);
    diagnostics.add(code::kUnknownModel, name.span,
                    "there is no model " + in_ticks(name.text()) + " in the zoo",
                    suggestion(name.text(), names));
    return std::nullopt;
  }
  for (const auto key : {"init", "input_shape"}) {
    if (const auto* member = model.member(key)) {
      diagnostics.add(code::kContradiction, member->place(),
                      "`model." + std::string(key) + "` goes with `file`, not with `name`", "leave it out");
    }
  }
  ModelSource source;
  source.spec["name"] = entry->name;
  read_parameters(model, *entry, source.spec, diagnostics);
  if (data != nullptr) check_fit(model, *entry, source.spec, *data, diagnostics);
  if (const auto* weights = valid(&model, "weights")) {
    source.file = look_at_file(*weights, "weights", looked, diagnostics);
    if (source.file) source.spec["weights"] = source.file->file.value;
    source.is_trained = true;
  }
  return source;
}

bool check_shape(const Node& shape, const DataSource& data, Diagnostics& diagnostics) {
  if (!data.input_shape) return true;
  const auto given = json::value_from(*data.input_shape);
  if (to_json(shape) == given) return true;
  diagnostics.add(
      code::kModelDoesNotFit, shape.span,
      "the model takes inputs " + canonical(to_json(shape)) + ", but the data gives " + canonical(given),
      "set `data.resize`, or bring a model for this data");
  return false;
}

std::optional<ModelSource> from_file(const Node& model, const Node& path, const DataSource* data,
                                     Looked& looked, Diagnostics& diagnostics) {
  for (const auto& member : model.members) {
    if (member.name == "file" || member.name == "init" || member.name == "input_shape") continue;
    if (member.value.is(NodeKind::invalid)) continue;
    diagnostics.add(code::kContradiction, member.place(),
                    "`model." + member.name + "` goes with `name`, not with `file`", "leave it out");
  }
  const auto* shape = valid(&model, "input_shape");
  if (model.find("input_shape") == nullptr) {
    diagnostics.add(
        code::kMissing, path.span, "a model `file` needs `model.input_shape`",
        "add input_shape = [channels, height, width], or one sample's shape if these are no images");
  }
  const auto* init = valid(&model, "init");
  ModelSource source;
  source.file = look_at_file(path, "model", looked, diagnostics);
  if (!source.file || shape == nullptr || (data != nullptr && !check_shape(*shape, *data, diagnostics)))
    return std::nullopt;
  source.spec["file"] = source.file->file.value;
  source.spec["init"] = init == nullptr ? "weights" : init->text();
  source.spec["input_shape"] = to_json(*shape);
  source.is_trained = source.spec["init"] == "weights";
  source.input_shape = json::value_to<std::vector<std::int64_t>>(to_json(*shape));
  return source;
}

std::optional<ModelSource> from_trial(const Node& model, const Node& number, const DataSource* data,
                                      Looked& looked, Diagnostics& diagnostics) {
  for (const auto& member : model.members) {
    if (member.name == "trial" || member.value.is(NodeKind::invalid)) continue;
    diagnostics.add(code::kContradiction, member.place(),
                    "`model." + member.name + "` is of no use beside `trial`: a trial's model is what it is",
                    "leave it out");
  }
  auto source = read_trial_model(number, looked, diagnostics);
  if (!source || data == nullptr) return source;
  const auto trial = "trial " + canonical(number.scalar);
  if (!source->spec.empty() && looked.knows_trials()) {
    diagnostics.add(code::kContradiction, number.span,
                    trial + " took a model as it is and made none of its own, so it can't be taken on here",
                    "write that trial's own [model] in its place, or leave [data] out to measure it only");
    return std::nullopt;
  }
  if (!source->input_shape || !data->input_shape) return source;
  const auto given = json::value_from(*data->input_shape);
  if (json::value_from(*source->input_shape) == given) return source;
  diagnostics.add(code::kModelDoesNotFit, number.span,
                  "the model of " + trial + " takes inputs " +
                      canonical(json::value_from(*source->input_shape)) + ", but the data gives " +
                      canonical(given),
                  "take the data that it was trained on");
  return std::nullopt;
}

}  // namespace

std::optional<ModelSource> read_model(const Node& model, const DataSource* data, Looked& looked,
                                      Diagnostics& diagnostics) {
  const auto* name = model.find("name");
  const auto* file = model.find("file");
  if (const auto* trial = model.find("trial")) {
    if (trial->is(NodeKind::invalid)) return std::nullopt;
    return from_trial(model, *trial, data, looked, diagnostics);
  }
  if (name != nullptr && file != nullptr) {
    diagnostics.add(code::kContradiction, model.member("file")->place(),
                    "`model` has both a `name` and a `file`",
                    "keep `name` for a net of the zoo, or `file` for your own");
    return std::nullopt;
  }
  if (name == nullptr && file == nullptr) {
    diagnostics.add(code::kMissing, model.span, "`model` says neither `name` nor `file`",
                    "add name = \"lenet5\"");
    return std::nullopt;
  }
  const auto* named = name != nullptr ? name : file;
  if (named->is(NodeKind::invalid)) return std::nullopt;
  return name != nullptr ? from_zoo(model, *name, data, looked, diagnostics)
                         : from_file(model, *file, data, looked, diagnostics);
}

std::optional<ModelSource> read_model_file(const Node& path, const DataSource* data, Looked& looked,
                                           Diagnostics& diagnostics) {
  ModelSource source;
  source.file = look_at_file(path, "model", looked, diagnostics);
  if (!source.file) return std::nullopt;
  source.spec["file"] = source.file->file.value;
  source.spec["init"] = "weights";
  if (data != nullptr && data->input_shape) source.spec["input_shape"] = json::value_from(*data->input_shape);
  source.is_trained = true;
  return source;
}

std::optional<ModelSource> read_trial_model(const Node& number, Looked& looked, Diagnostics& diagnostics) {
  const auto& found = looked.trial(TrialId{number.scalar.as_int64()});
  if (!found) {
    diagnostics.add(code::kNoTrialModel, number.span, found.error().message, found.error().help);
    return std::nullopt;
  }
  return ModelSource{found->spec, found->file, true, found->data, found->input_shape};
}

bool says_it_is_trained(const Node& model) {
  if (model.find("weights") != nullptr || model.find("trial") != nullptr) return true;
  if (model.find("file") == nullptr) return false;
  const auto* init = valid(&model, "init");
  return init == nullptr || init->text() != "random";
}

}  // namespace espalier::job
