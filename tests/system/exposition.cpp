#include "tests/system/exposition.hpp"

#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <regex>

namespace espalier::test {
namespace {

bool is_name(const std::string& text) {
  static const std::regex kName("[a-zA-Z_:][a-zA-Z0-9_:]*");
  return std::regex_match(text, kName);
}

// Reads {a="b",c="d"} from the line's beginning; false if it is none.
bool take_labels(std::string_view& line, std::set<std::string>& names) {
  line.remove_prefix(1);
  while (!line.empty() && line.front() != '}') {
    const auto equals = line.find("=\"");
    if (equals == line.npos) return false;
    const std::string name(line.substr(0, equals));
    static const std::regex kLabel("[a-zA-Z_][a-zA-Z0-9_]*");
    if (!std::regex_match(name, kLabel) || !names.insert(name).second) return false;
    line.remove_prefix(equals + 2);
    while (!line.empty() && line.front() != '"') {
      if (line.front() == '\\') {
        if (line.size() < 2 || std::string_view("\\\"n").find(line[1]) == std::string_view::npos)
          return false;
        line.remove_prefix(1);
      }
      line.remove_prefix(1);
    }
    if (line.empty()) return false;
    line.remove_prefix(1);
    if (!line.empty() && line.front() == ',')
      line.remove_prefix(1);
    else if (line.empty() || line.front() != '}')
      return false;
  }
  if (line.empty()) return false;
  line.remove_prefix(1);
  return true;
}

bool take_number(std::string_view text, double& number) {
  if (text == "+Inf" || text == "Inf")
    number = std::numeric_limits<double>::infinity();
  else if (text == "-Inf")
    number = -std::numeric_limits<double>::infinity();
  else if (text == "NaN" || text == "Nan")
    number = std::numeric_limits<double>::quiet_NaN();
  else {
    const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), number);
    return wrong == std::errc{} && end == text.data() + text.size();
  }
  return true;
}

}  // namespace

Exposition::Exposition(std::string_view text) {
  if (text.empty() || text.back() != '\n') faults.emplace_back("it doesn't end with a newline");
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) continue;
    if (line.front() == '#')
      read_comment(line);
    else
      read_sample(line);
  }
  for (const auto& [name, family] : families) {
    if (family.help.empty()) faults.push_back(name + " has no help");
    if (family.type == "counter" && !name.ends_with("_total"))
      faults.push_back(name + " is a counter without _total");
    if (family.type == "histogram") check_histogram(name, family);
  }
}

void Exposition::read_comment(std::string_view line) {
  const std::string text(line);
  static const std::regex kComment("# (HELP|TYPE) ([^ ]+) (.+)");
  std::smatch parts;
  if (!std::regex_match(text, parts, kComment)) return faults.push_back("no comment that is known: " + text);
  const std::string name = parts[2];
  if (!is_name(name)) faults.push_back("no name: " + text);
  if (parts[1] == "HELP") {
    if (!families.emplace(name, Family{}).second) faults.push_back("its family is there already: " + text);
    families[name].help = parts[3];
    open_ = name;
    return;
  }
  if (name != open_ || !families[name].type.empty() || !families[name].samples.empty())
    faults.push_back("a type belongs after its help and before its samples: " + text);
  families[name].type = parts[3];
  static const std::set<std::string> kTypes = {"counter", "gauge", "histogram", "summary", "untyped"};
  if (!kTypes.contains(families[name].type)) faults.push_back("no type: " + text);
}

std::string Exposition::family_of(const std::string& sample) const {
  if (sample == open_) return sample;
  const auto found = families.find(open_);
  if (found == families.end() || found->second.type != "histogram") return "";
  for (const char* ending : {"_bucket", "_sum", "_count"})
    if (sample == open_ + ending) return open_;
  return "";
}

void Exposition::read_sample(std::string_view line) {
  const std::string whole(line);
  const auto end = line.find_first_of("{ ");
  if (end == line.npos) return faults.push_back("no sample: " + whole);
  const std::string name(line.substr(0, end));
  line.remove_prefix(end);
  std::set<std::string> labels;
  if (line.front() == '{' && !take_labels(line, labels)) return faults.push_back("no labels: " + whole);
  const auto family = family_of(name);
  if (!is_name(name) || family.empty()) return faults.push_back("not of the family before it: " + whole);
  double number = 0;
  if (line.empty() || line.front() != ' ' || !take_number(line.substr(1), number))
    return faults.push_back("no value: " + whole);
  const auto key = whole.substr(0, whole.size() - line.size());
  if (!families[family].samples.emplace(key, number).second) faults.push_back("a second time: " + whole);
  if (families[family].type == "counter" && !(number >= 0)) faults.push_back("a counter below 0: " + whole);
}

// For each set of other labels: buckets that rise, the last of which is +Inf and equals the count.
void Exposition::check_histogram(const std::string& name, const Family& family) {
  static const std::regex kLe(R"re(,?le="([^"]+)")re");
  std::map<std::string, std::map<double, double>> buckets;
  std::map<std::string, double> counts;
  for (const auto& [sample, value] : family.samples) {
    auto labels = sample.substr(std::min(sample.find('{'), sample.size()));
    if (sample.starts_with(name + "_bucket")) {
      std::smatch le;
      double bound = 0;
      if (!std::regex_search(labels, le, kLe) || !take_number(le[1].str(), bound)) {
        faults.push_back("a bucket without bound: " + sample);
        continue;
      }
      labels = std::regex_replace(labels, kLe, "");
      buckets[labels == "{}" ? "" : labels][bound] = value;
    } else if (sample.starts_with(name + "_count")) {
      counts[labels] = value;
    }
  }
  for (const auto& [labels, values] : buckets) {
    double before = 0;
    for (const auto& [bound, value] : values) {
      if (value < before) faults.push_back(name + labels + ": buckets fall");
      before = value;
    }
    if (!std::isinf(values.rbegin()->first) || before != counts[labels])
      faults.push_back(name + labels + ": its last bucket isn't its count");
  }
}

double Exposition::value(const std::string& sample) const {
  for (const auto& [name, family] : families)
    if (const auto found = family.samples.find(sample); found != family.samples.end()) return found->second;
  return -1;
}

}  // namespace espalier::test
