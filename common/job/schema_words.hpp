// The closed sets of words that keys of the job file take. Those that this version can execute come first.
#pragma once

#include <array>
#include <string_view>

namespace espalier::job::tables {

using Words = std::string_view;

inline constexpr std::array<Words, 5> kStages = {"train", "distill", "prune", "finetune", "quantize"};
inline constexpr std::array<Words, 3> kOptimizers = {"sgd", "adam", "adamw"};
inline constexpr std::array<Words, 3> kSchedules = {"constant", "step", "cosine"};
inline constexpr std::array<Words, 2> kPrecisions = {"fp32", "bf16"};
inline constexpr std::array<Words, 6> kFormats = {"idx",          "cifar10", "cifar100",
                                                  "image-folder", "tensors", "synthetic"};
inline constexpr std::array<Words, 2> kAugmentations = {"flip", "crop"};
inline constexpr std::array<Words, 2> kInits = {"weights", "random"};
inline constexpr std::array<Words, 3> kLosses = {"kl", "ce", "mse"};
inline constexpr std::array<Words, 5> kPruneMethods = {"l1_unstructured", "random_unstructured",
                                                       "l1_structured", "l2_structured", "random_structured"};
inline constexpr std::array<Words, 2> kScopes = {"global", "layer"};
inline constexpr std::array<Words, 2> kPrunedParameters = {"weight", "bias"};
inline constexpr std::array<Words, 2> kLayerTypes = {"conv2d", "linear"};
inline constexpr std::array<Words, 4> kQuantizeMethods = {"dynamic", "static", "qat", "simulate"};
inline constexpr std::array<Words, 2> kWeightSchemes = {"per_channel", "per_tensor"};
inline constexpr std::array<Words, 3> kObservers = {"minmax", "histogram", "percentile"};
inline constexpr std::array<Words, 5> kEngines = {"auto", "onednn", "qnnpack", "x86", "fbgemm"};
inline constexpr std::array<Words, 2> kDevices = {"cpu", "cuda"};
inline constexpr std::array<Words, 4> kStrategies = {"grid", "random", "halving", "nsga2"};

inline constexpr std::array<Words, 18> kMetricNames = {"accuracy",
                                                       "loss",
                                                       "params",
                                                       "macs",
                                                       "flops",
                                                       "size_bytes",
                                                       "sparsity",
                                                       "latency_p50_ms",
                                                       "latency_p90_ms",
                                                       "latency_p99_ms",
                                                       "latency_ci_low_ms",
                                                       "latency_ci_high_ms",
                                                       "throughput_per_s",
                                                       "speedup",
                                                       "peak_rss_bytes",
                                                       "load_time_ms",
                                                       "energy_j",
                                                       "gain"};

}  // namespace espalier::job::tables
