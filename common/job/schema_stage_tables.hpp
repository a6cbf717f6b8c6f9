// The rows of the schema for models and stages; included through schema_tables.hpp alone.
#pragma once

#include <array>

#include "common/job/schema.hpp"
#include "common/job/schema_words.hpp"

namespace espalier::job::tables {

using enum ValueKind;

template <std::size_t A, std::size_t B>
constexpr std::array<KeySchema, A + B> joined(const std::array<KeySchema, A>& first,
                                              const std::array<KeySchema, B>& second) {
  std::array<KeySchema, A + B> all{};
  for (std::size_t i = 0; i < A; ++i) all[i] = first[i];
  for (std::size_t i = 0; i < B; ++i) all[A + i] = second[i];
  return all;
}

inline constexpr double kManySamples = 1e9;
inline constexpr double kManyTrials = 9007199254740991.0;

inline constexpr std::array kModelKeys = {
    KeySchema{.name = "name", .kind = text, .meaning = "a model of the zoo (`espalier models`)"},
    KeySchema{
        .name = "weights", .kind = text, .meaning = "a state dict for it; omitted: drawn from the seed"},
    KeySchema{.name = "file", .kind = text, .meaning = "your own TorchScript file"},
    KeySchema{.name = "trial",
              .kind = integer,
              .meaning = "the number of a trial: the model that it ended with",
              .low = 1,
              .high = kManyTrials},
    KeySchema{.name = "init",
              .kind = choice,
              .meaning = "with `file`: keep its weights or redraw them",
              .choices = kInits},
    KeySchema{.name = "input_shape",
              .kind = integers,
              .meaning = "with `file`: channels, height, width; or whatever one sample's shape is",
              .low = 1,
              .high = 65536},
};

// [finetune] and [distill] take them too.
inline constexpr std::array kTrainKeys = {
    KeySchema{.name = "epochs",
              .kind = integer,
              .fallback = "2",
              .meaning = "passes over the data",
              .low = 1,
              .high = 100000},
    KeySchema{.name = "batch_size",
              .kind = integer,
              .fallback = "128",
              .meaning = "images a step",
              .low = 1,
              .high = 65536},
    KeySchema{.name = "optimizer",
              .kind = choice,
              .fallback = R"("adamw")",
              .meaning = "the update rule",
              .choices = kOptimizers},
    KeySchema{.name = "learning_rate",
              .kind = number,
              .fallback = "1e-3",
              .meaning = "at its highest",
              .low = kAboveZero,
              .high = 1000},
    KeySchema{.name = "weight_decay",
              .kind = number,
              .fallback = "0.0",
              .meaning = "pull towards zero",
              .low = 0,
              .high = 1000},
    KeySchema{
        .name = "momentum", .kind = number, .fallback = "0.9", .meaning = "of sgd", .low = 0, .high = 1},
    KeySchema{.name = "schedule",
              .kind = choice,
              .fallback = R"("cosine")",
              .meaning = "how the learning rate falls",
              .choices = kSchedules},
    KeySchema{.name = "warmup_epochs",
              .kind = integer,
              .fallback = "0",
              .meaning = "epochs in which the learning rate rises",
              .low = 0,
              .high = 100000},
    KeySchema{.name = "label_smoothing",
              .kind = number,
              .fallback = "0.0",
              .meaning = "share of the target spread over all classes",
              .low = 0,
              .high = 1},
    KeySchema{.name = "precision",
              .kind = choice,
              .fallback = R"("fp32")",
              .meaning = "number format of the arithmetic",
              .choices = kPrecisions},
    KeySchema{.name = "clip_norm",
              .kind = number,
              .meaning = "longer gradients are shortened to this norm; omitted: none are",
              .low = kAboveZero,
              .high = 1e9},
    KeySchema{.name = "patience",
              .kind = integer,
              .meaning = "epochs without a lower validation loss that end it, at the best one's weights",
              .low = 1,
              .high = 100000},
};
inline constexpr std::array kDistillKeys =
    joined(kTrainKeys, std::array{
                           KeySchema{.name = "loss",
                                     .kind = choice,
                                     .fallback = R"("kl")",
                                     .meaning = "of the teacher's term",
                                     .choices = kLosses},
                           KeySchema{.name = "temperature",
                                     .kind = number,
                                     .fallback = "4.0",
                                     .meaning = "softens both distributions",
                                     .low = kAboveZero,
                                     .high = 1000},
                           KeySchema{.name = "alpha",
                                     .kind = number,
                                     .fallback = "0.9",
                                     .meaning = "weight of the teacher's term",
                                     .low = 0,
                                     .high = 1},
                           KeySchema{.name = "logits_views",
                                     .kind = integer,
                                     .fallback = "1",
                                     .meaning = "augmented views of each image whose logits are cached",
                                     .low = 1,
                                     .high = 1000},
                       });

inline constexpr TableSchema kModelTable{"model", kModelKeys, true};
inline constexpr TableSchema kTrainTable{"train", kTrainKeys};

inline constexpr std::array kTeacherKeys = {
    KeySchema{.name = "model", .kind = table, .meaning = "the teacher's net", .table = &kModelTable},
    KeySchema{.name = "train", .kind = table, .meaning = "how it is trained", .table = &kTrainTable},
    KeySchema{.name = "file", .kind = text, .meaning = "or a trained TorchScript file"},
};

inline constexpr std::array kRuleKeys = {
    KeySchema{.name = "match", .kind = text, .meaning = "layers' names; * stands for anything"},
    KeySchema{.name = "type", .kind = choice, .meaning = "layers' type", .choices = kLayerTypes},
    KeySchema{.name = "amount", .kind = number, .meaning = "share to remove there", .low = 0, .high = 1},
    KeySchema{.name = "method",
              .kind = choice,
              .meaning = "method there",
              .choices = kPruneMethods,
              .available = 2},
};
inline constexpr TableSchema kRuleTable{"prune.rules", kRuleKeys};

inline constexpr std::array kPruneKeys = {
    KeySchema{.name = "method",
              .kind = choice,
              .fallback = R"("l1_unstructured")",
              .meaning = "what is removed",
              .choices = kPruneMethods,
              .available = 2},
    KeySchema{.name = "scope",
              .kind = choice,
              .fallback = R"("global")",
              .meaning = "compare within a layer or over all",
              .choices = kScopes},
    KeySchema{.name = "amount",
              .kind = number,
              .fallback = "0.5",
              .meaning = "share to remove",
              .low = 0,
              .high = 1},
    KeySchema{.name = "parameters",
              .kind = choice_list,
              .fallback = R"(["weight"])",
              .meaning = "which tensors",
              .choices = kPrunedParameters},
    KeySchema{.name = "rules",
              .kind = tables,
              .fallback = "[]",
              .meaning = "exceptions; the first match wins",
              .table = &kRuleTable},
    KeySchema{.name = "round_to",
              .kind = integer,
              .fallback = "16",
              .meaning = "structured: multiple of channels kept",
              .low = 1,
              .high = 4096},
};

inline constexpr std::array kQuantizeKeys = {
    KeySchema{.name = "method",
              .kind = choice,
              .fallback = R"("dynamic")",
              .meaning = "how activations get a scale",
              .choices = kQuantizeMethods,
              .available = 2},
    KeySchema{
        .name = "bits", .kind = integer, .fallback = "8", .meaning = "of a weight", .low = 1, .high = 32},
    KeySchema{.name = "weight_scheme",
              .kind = choice,
              .fallback = R"("per_channel")",
              .meaning = "scales of weights",
              .choices = kWeightSchemes},
    KeySchema{
        .name = "symmetric", .kind = boolean, .fallback = "true", .meaning = "weights' zero point is 0"},
    KeySchema{.name = "observer",
              .kind = choice,
              .fallback = R"("histogram")",
              .meaning = "static: chooses the range",
              .choices = kObservers},
    KeySchema{.name = "calibration_samples",
              .kind = integer,
              .fallback = "512",
              .meaning = "static: images observed",
              .low = 1,
              .high = kManySamples},
    KeySchema{.name = "engine",
              .kind = choice,
              .fallback = R"("auto")",
              .meaning = "the int8 kernels",
              .choices = kEngines},
    KeySchema{.name = "skip", .kind = texts, .fallback = "[]", .meaning = "layers that stay in fp32"},
};

inline constexpr std::array kEvaluateKeys = {
    KeySchema{.name = "enabled", .kind = boolean, .fallback = "true", .meaning = "measure accuracy and loss"},
};

inline constexpr std::array kBenchmarkKeys = {
    KeySchema{.name = "enabled", .kind = boolean, .fallback = "true", .meaning = "measure speed and size"},
    KeySchema{.name = "batch_sizes",
              .kind = integers,
              .fallback = "[1, 32]",
              .meaning = "images a call",
              .low = 1,
              .high = 65536},
    KeySchema{.name = "threads",
              .kind = integers,
              .fallback = "[1]",
              .meaning = "threads a call",
              .low = 1,
              .high = 1024},
    KeySchema{.name = "precision",
              .kind = choice,
              .fallback = R"("fp32")",
              .meaning = "the form that is timed",
              .choices = kPrecisions},
    KeySchema{.name = "min_seconds",
              .kind = number,
              .fallback = "1.0",
              .meaning = "per measured form",
              .low = kAboveZero,
              .high = 3600},
    KeySchema{.name = "target_ci",
              .kind = number,
              .fallback = "0.01",
              .meaning = "half-width of the 95 % interval over the median",
              .low = kAboveZero,
              .high = 1},
    KeySchema{.name = "against",
              .kind = integer,
              .meaning = "the number of a trial whose model is the baseline",
              .low = 1,
              .high = kManyTrials},
    KeySchema{.name = "device",
              .kind = device,
              .fallback = R"("cpu")",
              .meaning = "what it is measured on",
              .choices = kDevices,
              .available = 1},
};

}  // namespace espalier::job::tables
