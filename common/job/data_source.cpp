#include "common/job/data_source.hpp"

#include <algorithm>

#include "common/job/catalogue.hpp"
#include "common/job/section.hpp"

namespace espalier::job {
namespace {

constexpr std::int64_t kSyntheticTrainSamples = 1024;
constexpr std::int64_t kSyntheticValSamples = 256;

void check_cap(const Node& data, std::string_view key, std::int64_t there, std::string_view dataset,
               Diagnostics& diagnostics) {
  const auto* cap = valid(&data, key);
  if (cap == nullptr || cap->number() <= static_cast<double>(there)) return;
  diagnostics.add(code::kTooManySamples, cap->span,
                  "`data." + std::string(key) + "` asks for " + canonical(cap->scalar) + " samples, but " +
                      in_ticks(dataset) + " has " + std::to_string(there),
                  "write at most " + std::to_string(there) + ", or leave it out to take all");
}

std::optional<DataSource> from_catalogue(const Node& data, const Node& name, Looked& looked,
                                         Diagnostics& diagnostics) {
  const auto* entry = find_dataset(name.text());
  if (entry == nullptr) {
    std::vector<std::string_view> names;
    for (const auto& known : datasets()) names.push_back(known.name);
    diagnostics.add(code::kUnknownDataset, name.span,
                    "there is no data set " + in_ticks(name.text()) + " in the catalogue",
                    suggestion(name.text(), names));
    return std::nullopt;
  }
  check_cap(data, "train_samples", entry->train_samples, entry->name, diagnostics);
  check_cap(data, "val_samples", entry->val_samples, entry->name, diagnostics);
  DataSource source;
  source.input_shape = {entry->channels, entry->height, entry->width};
  source.spec["dataset"] = entry->name;
  const auto& fingerprint = looked.data(folder_of(*entry).string());
  if (fingerprint) {
    source.spec["fingerprint"] = *fingerprint;
  } else {
    diagnostics.add(
        code::kDatasetNotInstalled, name.span,
        "the data set " + in_ticks(entry->name) + " is not installed: the Debian package `" +
            std::string(entry->package) + "` is missing",
        "apt-get install " + std::string(entry->package) + " (" + fingerprint.error().message + ")");
  }
  return source;
}

std::optional<DataSource> synthetic(const Node& data) {
  DataSource source;
  source.has_accuracy = false;
  source.spec["format"] = "synthetic";
  const auto* shape = valid(&data, "input_shape");
  const auto* classes = valid(&data, "classes");
  source.input_shape = {3, 32, 32};
  for (std::size_t i = 0; shape != nullptr && i < 3; ++i)
    (*source.input_shape)[i] = shape->items[i].scalar.get_int64();
  source.spec["input_shape"] = json::value_from(*source.input_shape);
  source.spec["classes"] = classes == nullptr ? json::value(10) : classes->scalar;
  source.spec["train_samples"] = kSyntheticTrainSamples;
  source.spec["val_samples"] = kSyntheticValSamples;
  return source;
}

// Channels, height, width, where a format has only one.
std::optional<std::array<std::int64_t, 3>> shape_of_format(const Node& data, std::string_view format) {
  if (format == "cifar10" || format == "cifar100") return {{3, 32, 32}};
  const auto* resize = valid(&data, "resize");
  if (format != "image-folder" || resize == nullptr) return std::nullopt;
  const auto side = resize->scalar.get_int64();
  return {{3, side, side}};
}

void check_shorter_side(const Node& data, Diagnostics& diagnostics) {
  const auto* shorter = valid(&data, "shorter_side");
  const auto* resize = valid(&data, "resize");
  if (shorter == nullptr) return;
  if (data.find("resize") == nullptr) {
    diagnostics.add(code::kMissing, shorter->span, "`data.shorter_side` needs `data.resize`",
                    "add resize = 224, the side of the square that is kept");
  } else if (resize != nullptr && shorter->number() < resize->number()) {
    diagnostics.add(
        code::kContradiction, shorter->span,
        "`data.shorter_side` is below `data.resize`: nothing so large could be kept of it",
        "write a number from " + canonical(resize->scalar) + " on, such as 256 for a resize of 224");
  }
}

// Keys that go with some formats only.
void check_keys(const Node& data, std::string_view format, Diagnostics& diagnostics) {
  const auto only = [&](std::string_view key, bool may_stand, const std::string& help) {
    const auto* member = data.member(key);
    if (member == nullptr || may_stand) return;
    diagnostics.add(code::kContradiction, member->place(),
                    "`data." + std::string(key) + "` is of no use here", help);
  };
  const bool is_folder = format == "image-folder";
  only("shorter_side", is_folder, "leave it out: it is for format = \"image-folder\"");
  only("val_fraction", is_folder || format == "tensors",
       "leave it out: these data have validation samples of their own");
  if (is_folder) check_shorter_side(data, diagnostics);
}

std::optional<DataSource> from_folder(const Node& data, const Node& format, Looked& looked,
                                      Diagnostics& diagnostics) {
  const auto* path = valid(&data, "path");
  if (path == nullptr) {
    if (data.find("path") == nullptr) {
      diagnostics.add(code::kMissing, format.span,
                      "`data.format` = " + in_ticks(format.text()) + " needs a `path`",
                      "add path = \"…\", the folder that holds the files");
    }
    return std::nullopt;
  }
  const std::string folder(path->text());
  DataSource source;
  source.spec["format"] = format.text();
  source.spec["path"] = looked.absolute(folder);
  source.input_shape = shape_of_format(data, format.text());
  const auto& fingerprint = looked.data(folder);
  if (!fingerprint) {
    diagnostics.add(code::kMissingFile, path->span, fingerprint.error().message, fingerprint.error().help);
    return source;
  }
  source.spec["fingerprint"] = *fingerprint;
  if (const auto& layout = looked.layout(std::string(format.text()), folder); !layout)
    diagnostics.add(code::kMissingFile, path->span, layout.error().message, layout.error().help);
  for (const auto key : {"val_fraction", "shorter_side"})
    if (const auto* value = valid(&data, key)) source.spec[key] = value->scalar;
  return source;
}

std::optional<DataSource> from_source(const Node& data, Looked& looked, Diagnostics& diagnostics) {
  const auto* dataset = data.find("dataset");
  const auto* format = data.find("format");
  if (dataset != nullptr && format != nullptr) {
    diagnostics.add(code::kContradiction, data.member("format")->place(),
                    "`data` has both a `dataset` and a `format`",
                    "keep `dataset` for the catalogue's data, or `format` and `path` for your own");
    return std::nullopt;
  }
  if (dataset == nullptr && format == nullptr) {
    diagnostics.add(code::kMissing, data.span, "`data` says neither `dataset` nor `format`",
                    "add dataset = \"fashion-mnist\"");
    return std::nullopt;
  }
  const auto* named = dataset != nullptr ? dataset : format;
  if (named->is(NodeKind::invalid)) return std::nullopt;
  const bool is_synthetic = format != nullptr && format->text() == "synthetic";
  for (const auto key : {"input_shape", "classes"}) {
    if (const auto* member = data.member(key); member != nullptr && !is_synthetic) {
      diagnostics.add(code::kContradiction, member->place(),
                      "`data." + std::string(key) + "` is for format = \"synthetic\" only",
                      "leave it out: the files say it");
    }
  }
  if (const auto* path = data.member("path"); path != nullptr && (dataset != nullptr || is_synthetic)) {
    diagnostics.add(code::kContradiction, path->place(), "`data.path` is of no use here",
                    "leave it out, or say with `format` how its files are stored");
  }
  check_keys(data, format == nullptr ? "" : format->text(), diagnostics);
  if (dataset != nullptr) return from_catalogue(data, *dataset, looked, diagnostics);
  return is_synthetic ? synthetic(data) : from_folder(data, *format, looked, diagnostics);
}

// What images are normalised by, if the job says it: `mean` and `std` go together.
void read_normalisation(const Node& data, DataSource& source, Diagnostics& diagnostics) {
  const auto* mean = data.member("mean");
  const auto* deviation = data.member("std");
  if (mean == nullptr && deviation == nullptr) return;
  if (mean == nullptr || deviation == nullptr) {
    const auto* alone = mean != nullptr ? mean : deviation;
    const std::string other = mean != nullptr ? "std" : "mean";
    diagnostics.add(code::kMissing, alone->place(),
                    "`data." + alone->name + "` needs `data." + other + "` beside it",
                    "write both, or leave both out to have them measured");
    return;
  }
  for (const auto key : {"mean", "std"}) {
    const auto* value = valid(&data, key);
    if (value == nullptr) return;
    const auto channels = source.input_shape ? (*source.input_shape)[0] : 0;
    const auto count = static_cast<std::int64_t>(value->items.size());
    if (channels > 0 && count != 1 && count != channels) {
      diagnostics.add(code::kContradiction, value->span,
                      "`data." + std::string(key) + "` has " + std::to_string(count) +
                          " numbers, and the images " + std::to_string(channels) +
                          (channels == 1 ? " channel" : " channels"),
                      "write one for each channel, or one for all");
    }
    source.spec[key] = to_json(*value);
  }
}

}  // namespace

json::object DataSource::shape_spec() const {
  auto shape = spec;
  shape.erase("train_samples");
  shape.erase("val_samples");
  shape.erase("val_fraction");
  shape.erase("shorter_side");
  shape.erase("mean");
  shape.erase("std");
  return shape;
}

const Result<ContentHash>& Looked::file(const std::string& path) {
  const auto known = files_.find(path);
  return known != files_.end() ? known->second : files_.emplace(path, surroundings_.file(path)).first->second;
}

const Result<std::string>& Looked::data(const std::string& path) {
  const auto known = data_.find(path);
  return known != data_.end() ? known->second : data_.emplace(path, surroundings_.data(path)).first->second;
}

const Result<void>& Looked::layout(const std::string& format, const std::string& path) {
  const std::pair place(format, path);
  if (const auto known = layouts_.find(place); known != layouts_.end()) return known->second;
  auto seen = surroundings_.layout ? surroundings_.layout(format, path) : Result<void>{};
  return layouts_.emplace(place, std::move(seen)).first->second;
}

std::string Looked::absolute(const std::string& path) const {
  return surroundings_.absolute ? surroundings_.absolute(path) : path;
}

const std::vector<std::string>& Looked::device_classes(const Target& target) {
  const auto [place, is_new] = device_classes_.try_emplace({target.require, target.any_of});
  if (is_new && surroundings_.device_classes) place->second = surroundings_.device_classes(target);
  return place->second;
}

const Result<TrialModel>& Looked::trial(TrialId trial) {
  if (const auto known = trials_.find(trial); known != trials_.end()) return known->second;
  Result<TrialModel> found = TrialModel{};
  if (surroundings_.trial) {
    found = surroundings_.trial(trial);
  } else {
    found->spec["trial"] = trial.value;  // its key is only as good as that
  }
  return trials_.emplace(trial, std::move(found)).first->second;
}

std::optional<DataSource> read_data(const Node& data, Looked& looked, Diagnostics& diagnostics) {
  auto source = from_source(data, looked, diagnostics);
  if (!source) return std::nullopt;
  // Absent and null mean all samples and the images' own size.
  for (const auto key : {"train_samples", "val_samples", "resize"}) {
    if (const auto* value = valid(&data, key)) {
      source->spec[key] = value->scalar;
    } else if (!source->spec.contains(key)) {
      source->spec[key] = nullptr;
    }
  }
  if (const auto* resize = valid(&data, "resize"); resize != nullptr && source->input_shape) {
    (*source->input_shape)[1] = (*source->input_shape)[2] = resize->scalar.get_int64();
  }
  read_normalisation(data, *source, diagnostics);
  if (const auto* augment = valid(&data, "augment")) {
    // Which augmentations, not in which order or how often, is what the user says.
    for (const std::string_view name : {"flip", "crop"}) {
      const bool is_named = std::any_of(augment->items.begin(), augment->items.end(),
                                        [&](const Node& item) { return item.text() == name; });
      if (is_named) source->augment.push_back(json::value(name));
    }
  }
  return source;
}

}  // namespace espalier::job
