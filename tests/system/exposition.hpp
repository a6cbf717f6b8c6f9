// Prometheus' text format 0.0.4, read as strictly as its specification allows.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace espalier::test {

struct Exposition {
  struct Family {
    std::string type;
    std::string help;
    std::map<std::string, double> samples;  // by name and labels, as they are written
  };
  std::map<std::string, Family> families;
  std::vector<std::string> faults;  // what is wrong, in words

  explicit Exposition(std::string_view text);
  [[nodiscard]] double value(const std::string& sample) const;  // -1 if there is none

 private:
  void read_comment(std::string_view line);
  void read_sample(std::string_view line);
  void check_histogram(const std::string& name, const Family& family);
  [[nodiscard]] std::string family_of(const std::string& sample) const;
  std::string open_;  // the family that lines belong to now
};

}  // namespace espalier::test
