// The rows of the schema; included by schema.cpp alone.
#pragma once

#include <array>

#include "common/job/schema.hpp"
#include "common/job/schema_stage_tables.hpp"

namespace espalier::job::tables {

inline constexpr std::array kJobKeys = {
    KeySchema{.name = "name", .kind = text, .meaning = "what the job is called"},
    KeySchema{.name = "description", .kind = text, .fallback = R"("")", .meaning = "one sentence for people"},
    KeySchema{.name = "seed",
              .kind = integer,
              .fallback = "1",
              .meaning = "every random draw derives from it",
              .low = 0,
              .high = 9007199254740991.0},
    KeySchema{.name = "priority",
              .kind = integer,
              .fallback = "50",
              .meaning = "higher first",
              .low = 0,
              .high = 100},
    KeySchema{.name = "repeats",
              .kind = integer,
              .fallback = "1",
              .meaning = "run every trial with this many seeds: seed, seed+1, …",
              .low = 1,
              .high = 1000},
};

inline constexpr std::array kDataKeys = {
    KeySchema{.name = "dataset", .kind = text, .meaning = "a name of the catalogue (`espalier datasets`)"},
    KeySchema{
        .name = "format", .kind = choice, .meaning = "how your own files are stored", .choices = kFormats},
    KeySchema{.name = "path", .kind = text, .meaning = "the folder of your own files"},
    KeySchema{.name = "train_samples",
              .kind = integer,
              .meaning = "cap: a seeded stratified subset",
              .low = 1,
              .high = kManySamples},
    KeySchema{.name = "val_samples",
              .kind = integer,
              .meaning = "cap: a seeded stratified subset",
              .low = 1,
              .high = kManySamples},
    KeySchema{.name = "augment",
              .kind = choice_list,
              .fallback = "[]",
              .meaning = "random changes while training",
              .choices = kAugmentations},
    KeySchema{
        .name = "resize", .kind = integer, .meaning = "side of the images in pixels", .low = 1, .high = 4096},
    KeySchema{
        .name = "shorter_side",
        .kind = integer,
        .meaning = "image-folder: what the shorter side is scaled to before the middle is kept; as `resize`",
        .low = 1,
        .high = 4096},
    KeySchema{.name = "mean",
              .kind = numbers,
              .meaning = "images: what is subtracted, a channel, white is 1; measured if it isn't said",
              .low = 0,
              .high = 1},
    KeySchema{.name = "std",
              .kind = numbers,
              .meaning = "images: what is divided by afterwards; goes with `mean`",
              .low = kAboveZero,
              .high = 1},
    KeySchema{.name = "val_fraction",
              .kind = number,
              .meaning = "image-folder, tensors: share set apart where there are no validation data; 0.2",
              .low = 0.001,
              .high = 0.9},
    KeySchema{.name = "input_shape",
              .kind = integers,
              .meaning = "synthetic: channels, height, width; [3, 32, 32]",
              .low = 1,
              .high = 65536},
    KeySchema{.name = "classes",
              .kind = integer,
              .meaning = "synthetic: number of classes; 10",
              .low = 2,
              .high = 1e6},
};

inline constexpr std::array kTargetKeys = {
    KeySchema{.name = "require", .kind = expression, .meaning = "a condition on workers' facts"},
    KeySchema{.name = "any_of", .kind = expressions, .meaning = "conditions in order of preference"},
};
inline constexpr std::array kLimitsKeys = {
    KeySchema{.name = "timeout", .kind = duration, .meaning = "per task", .low = kAboveZero, .high = 1e9},
    KeySchema{.name = "retries",
              .kind = integer,
              .fallback = "2",
              .meaning = "after errors and crashes",
              .low = 0,
              .high = 100},
    KeySchema{.name = "memory", .kind = size, .meaning = "per task", .low = 1, .high = 1e15},
    KeySchema{.name = "max_parallel",
              .kind = integer,
              .meaning = "tasks of the job that run at once",
              .low = 1,
              .high = 1e6},
};
inline constexpr std::array kSearchKeys = {
    KeySchema{.name = "strategy",
              .kind = choice,
              .fallback = R"("grid")",
              .meaning = "how points are chosen",
              .choices = kStrategies},
    KeySchema{.name = "trials",
              .kind = integer,
              .meaning = "for all strategies but grid: points for each group that sweeps",
              .low = 1,
              .high = 1e6},
    KeySchema{.name = "population",
              .kind = integer,
              .meaning = "nsga2: points a generation, a multiple of 4; 16, or less if there are fewer trials",
              .low = 8,
              .high = 10000},
    KeySchema{.name = "reduction",
              .kind = integer,
              .fallback = "3",
              .meaning = "halving: of so many trials at a rung, one goes on",
              .low = 2,
              .high = 10},
    KeySchema{.name = "min_epochs",
              .kind = integer,
              .fallback = "1",
              .meaning = "halving: epochs of the first rung",
              .low = 1,
              .high = 100000},
};

inline constexpr TableSchema kJobTable{"job", kJobKeys};
inline constexpr TableSchema kDataTable{"data", kDataKeys};
inline constexpr TableSchema kTeacherTable{"teacher", kTeacherKeys};
inline constexpr TableSchema kDistillTable{"distill", kDistillKeys};
inline constexpr TableSchema kPruneTable{"prune", kPruneKeys};
inline constexpr TableSchema kFinetuneTable{"finetune", kTrainKeys};
inline constexpr TableSchema kQuantizeTable{"quantize", kQuantizeKeys};
inline constexpr TableSchema kEvaluateTable{"evaluate", kEvaluateKeys};
inline constexpr TableSchema kBenchmarkTable{"benchmark", kBenchmarkKeys};
inline constexpr TableSchema kTargetTable{"target", kTargetKeys};
inline constexpr TableSchema kLimitsTable{"limits", kLimitsKeys};
inline constexpr TableSchema kSearchTable{"search", kSearchKeys};

// What a group may say; at the top level the same is every group's default.
inline constexpr std::array kCommonKeys = {
    KeySchema{.name = "pipeline", .kind = texts, .meaning = "the stages in order", .is_sweepable = false},
    KeySchema{.name = "data", .kind = table, .meaning = "what is learnt", .table = &kDataTable},
    KeySchema{.name = "model", .kind = table, .meaning = "the net", .table = &kModelTable},
    KeySchema{.name = "train", .kind = table, .meaning = "training", .table = &kTrainTable},
    KeySchema{
        .name = "teacher", .kind = table, .meaning = "whom the student imitates", .table = &kTeacherTable},
    KeySchema{.name = "distill", .kind = table, .meaning = "distillation", .table = &kDistillTable},
    KeySchema{.name = "prune", .kind = table, .meaning = "pruning", .table = &kPruneTable},
    KeySchema{
        .name = "finetune", .kind = table, .meaning = "training after pruning", .table = &kFinetuneTable},
    KeySchema{.name = "quantize", .kind = table, .meaning = "int8", .table = &kQuantizeTable},
    KeySchema{.name = "evaluate", .kind = table, .meaning = "accuracy and loss", .table = &kEvaluateTable},
    KeySchema{.name = "benchmark", .kind = table, .meaning = "speed and size", .table = &kBenchmarkTable},
    KeySchema{.name = "target",
              .kind = table,
              .meaning = "which workers may run it",
              .table = &kTargetTable,
              .is_sweepable = false},
    KeySchema{.name = "sweep", .kind = axes, .meaning = "dotted keys to values", .is_sweepable = false},
    KeySchema{.name = "zip", .kind = zips, .meaning = "axes that move together", .is_sweepable = false},
};

inline constexpr std::array kGroupKeys = joined(
    std::array{
        KeySchema{.name = "name", .kind = text, .meaning = "what the group is called", .is_sweepable = false},
    },
    kCommonKeys);
inline constexpr TableSchema kGroupTable{"group", kGroupKeys};

inline constexpr std::array kRootKeys = joined(
    joined(
        std::array{
            KeySchema{.name = "job", .kind = table, .meaning = "the job as a whole", .table = &kJobTable},
        },
        kCommonKeys),
    std::array{
        KeySchema{
            .name = "limits", .kind = table, .meaning = "time, memory, retries", .table = &kLimitsTable},
        KeySchema{.name = "objectives", .kind = directions, .meaning = "what best means"},
        KeySchema{.name = "constraints", .kind = bounds, .meaning = "what a result must meet"},
        KeySchema{
            .name = "search", .kind = table, .meaning = "how points are chosen", .table = &kSearchTable},
        KeySchema{
            .name = "group", .kind = tables, .meaning = "a pipeline with its sweep", .table = &kGroupTable},
    });
inline constexpr TableSchema kRootTable{"", kRootKeys};

}  // namespace espalier::job::tables
