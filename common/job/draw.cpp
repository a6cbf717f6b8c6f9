#include "common/job/draw.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <unordered_set>

#include "common/job/sweep.hpp"
#include "common/job/validate.hpp"

namespace espalier::job {
namespace {

constexpr std::string_view kWords[] = {"uniform", "log_uniform", "int", "choice"};

// Steele, Lea, Flood 2014: the finaliser of splitmix64.
std::uint64_t mixed(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

std::uint64_t mixed(std::uint64_t state, std::string_view text) {
  for (const char c : text) state = mixed(state ^ static_cast<unsigned char>(c));
  return mixed(state ^ text.size());
}

double as_chance(std::uint64_t bits) {
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

double to_six_digits(double value) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific, 5).ptr;
  double rounded = value;
  std::from_chars(buffer, end, rounded);
  return rounded;
}

// How many points the axes have, as far as it matters; unset where there is no end of them.
std::uint64_t points_up_to(const std::vector<Axis>& axes, std::uint64_t most) {
  std::uint64_t count = 1;
  for (const auto& axis : axes) {
    double ways = static_cast<double>(axis.points.size());
    if (axis.distribution) {
      if (axis.distribution->kind != Distribution::Kind::whole &&
          axis.distribution->low < axis.distribution->high)
        return most;
      ways = axis.distribution->high - axis.distribution->low + 1;
    }
    if (ways * static_cast<double>(count) >= static_cast<double>(most)) return most;
    count *= static_cast<std::uint64_t>(ways);
  }
  return count;
}

}  // namespace

Node Distribution::at(double chance) const {
  Node node;
  node.span = span;
  node.kind = kind == Kind::whole ? NodeKind::integer : NodeKind::number;
  if (kind == Kind::whole) {
    const double value = low + std::floor(chance * (high - low + 1));
    node.scalar = static_cast<std::int64_t>(std::min(value, high));
    return node;
  }
  const double value = kind == Kind::uniform
                           ? low + chance * (high - low)
                           : std::exp(std::log(low) + chance * (std::log(high) - std::log(low)));
  node.scalar = std::clamp(to_six_digits(value), low, high);
  return node;
}

std::string_view drawing_word(const Node& table) {
  for (const auto word : kWords)
    if (table.member(word) != nullptr) return word;
  return {};
}

std::optional<Distribution> read_distribution(const Node& table, const KeySchema& key,
                                              const std::string& shown, Diagnostics& diagnostics) {
  const auto word = drawing_word(table);
  for (const auto& member : table.members) {
    if (member.name == word) continue;
    diagnostics.add(code::kBadSweep, member.name_span,
                    "`" + std::string(word) + "` stands alone: this sweep also has " + in_ticks(member.name),
                    "write { " + std::string(word) + " = [a, b] }");
    return std::nullopt;
  }
  const auto& ends = table.member(word)->value;
  const std::string help = "write { " + std::string(word) + " = [a, b] } with a below b";
  const bool is_pair = ends.is(NodeKind::list) && ends.items.size() == 2 && ends.items[0].is_number() &&
                       ends.items[1].is_number();
  if (!is_pair || !(ends.items[0].number() <= ends.items[1].number())) {
    diagnostics.add(code::kBadSweep, ends.span,
                    "`" + std::string(word) + "` of `" + shown + "` needs the two ends of a range", help);
    return std::nullopt;
  }
  if (word == "log_uniform" && !(ends.items[0].number() > 0)) {
    diagnostics.add(code::kBadSweep, ends.items[0].span, "`log_uniform` needs ends above 0", help);
    return std::nullopt;
  }
  const bool takes_whole = key.kind == ValueKind::integer || key.kind == ValueKind::integers;
  if (takes_whole && word != "int") {
    diagnostics.add(code::kWrongType, table.span, "`" + shown + "` takes whole numbers only",
                    "write { int = [a, b] }");
    return std::nullopt;
  }
  KeySchema of_ends = key;
  if (word == "int" && key.kind == ValueKind::number) of_ends.kind = ValueKind::integer;
  for (Node end : ends.items) {
    validate_value(end, of_ends, shown, diagnostics);
    if (end.is(NodeKind::invalid)) return std::nullopt;
  }
  const auto kind = word == "uniform"       ? Distribution::Kind::uniform
                    : word == "log_uniform" ? Distribution::Kind::log_uniform
                                            : Distribution::Kind::whole;
  return Distribution{kind, ends.items[0].number(), ends.items[1].number(), table.span};
}

std::vector<double> draw_points(const std::vector<Axis>& axes, const Sampling& sampling) {
  const auto start = mixed(mixed(static_cast<std::uint64_t>(sampling.seed)), sampling.group);
  std::vector<std::uint64_t> streams;
  for (const auto& axis : axes) {
    auto stream = start;
    for (const auto& key : axis.keys) stream = mixed(stream, key);
    streams.push_back(stream);
  }
  const auto wanted = points_up_to(axes, sampling.trials);
  std::vector<double> numbers;
  std::unordered_set<std::uint64_t> seen;
  // The last of few points come rarely: 64 draws a point miss none that one would wait for.
  for (std::uint64_t draw = 0; seen.size() < wanted && draw < 64 * (wanted + 16); ++draw) {
    auto identity = start;
    for (std::size_t i = 0; i < axes.size(); ++i) {
      const double chance = as_chance(mixed(streams[i] ^ mixed(draw)));
      const auto& points = axes[i].points;
      numbers.push_back(points.empty() ? chance : std::floor(chance * static_cast<double>(points.size())));
      identity = mixed(identity, points.empty() ? canonical(axes[i].distribution->at(chance).scalar)
                                                : std::to_string(numbers.back()));
    }
    if (!seen.insert(identity).second) numbers.resize(numbers.size() - axes.size());
  }
  return numbers;
}

}  // namespace espalier::job
