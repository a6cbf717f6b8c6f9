// A group's [data], checked against the catalogue and the disk.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/job/document.hpp"

namespace espalier::job {

struct DataSource {
  json::object spec;  // as in a task's specification, without `augment`
  json::array augment;
  std::optional<std::array<std::int64_t, 3>>
      input_shape;           // channels, height, width; unset if only the files know
  bool has_accuracy = true;  // false for synthetic data

  // For the benchmark, which needs nothing but the input's shape.
  [[nodiscard]] json::object shape_spec() const;
};

// What was asked of the surroundings once isn't asked again: a million trials may share a file.
class Looked {
 public:
  explicit Looked(const Surroundings& surroundings) : surroundings_(surroundings) {}
  const Result<ContentHash>& file(const std::string& path);
  const Result<std::string>& data(const std::string& path);
  const Result<void>& layout(const std::string& format, const std::string& path);
  [[nodiscard]] std::string absolute(const std::string& path) const;
  const std::vector<std::string>& device_classes(const Target& target);
  const Result<TrialModel>& trial(TrialId trial);
  [[nodiscard]] bool knows_trials() const { return static_cast<bool>(surroundings_.trial); }

 private:
  const Surroundings& surroundings_;
  std::map<std::string, Result<ContentHash>> files_;
  std::map<std::string, Result<std::string>> data_;
  std::map<std::pair<std::string, std::string>, Result<void>> layouts_;
  std::map<std::pair<std::string, std::vector<std::string>>, std::vector<std::string>> device_classes_;
  std::map<TrialId, Result<TrialModel>> trials_;
};

// `data` is the group's table, merged; unset if something is wrong with it (reported).
std::optional<DataSource> read_data(const Node& data, Looked& looked, Diagnostics& diagnostics);

}  // namespace espalier::job
