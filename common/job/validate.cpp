#include "common/job/validate.hpp"

#include <algorithm>
#include <cmath>

#include "common/base/quantity.hpp"
#include "common/job/bound.hpp"
#include "common/match/requirement.hpp"

namespace espalier::job {
namespace {

constexpr std::size_t kMostDimensions = 8;  // of one sample
constexpr std::size_t kMostChannels = 64;   // of an image whose mean and deviation are written down

void reject(Node& value, Diagnostics& diagnostics, std::string_view code, std::string message,
            std::string help = {}) {
  diagnostics.add(code, value.span, std::move(message), std::move(help));
  value.kind = NodeKind::invalid;
}

bool expect(Node& value, NodeKind kind, const std::string& shown, Diagnostics& diagnostics,
            std::string help = {}) {
  if (value.is(kind)) return true;
  if (value.is(NodeKind::invalid)) return false;
  reject(value, diagnostics, code::kWrongType,
         "`" + shown + "` must be " + std::string(to_string(kind)) + ", but this is " +
             std::string(to_string(value.kind)),
         std::move(help));
  return false;
}

std::string range_in_words(const KeySchema& key) {
  if (key.low == kAboveZero)
    return "above 0" + (std::isfinite(key.high) ? " and at most " + as_written(key.high) : "");
  if (!std::isfinite(key.high)) return "at least " + as_written(key.low);
  return "from " + as_written(key.low) + " to " + as_written(key.high);
}

void check_range(Node& value, double number, const KeySchema& key, const std::string& shown,
                 Diagnostics& diagnostics) {
  if (!std::isfinite(number)) {
    reject(value, diagnostics, code::kOutOfRange, "`" + shown + "` must be a finite number");
  } else if (number < key.low || number > key.high) {
    reject(value, diagnostics, code::kOutOfRange, "`" + shown + "` must be " + range_in_words(key));
  }
}

void check_number(Node& value, const KeySchema& key, const std::string& shown, Diagnostics& diagnostics) {
  const bool whole = key.kind == ValueKind::integer || key.kind == ValueKind::integers;
  if (whole || !value.is_number()) {
    if (!expect(value, whole ? NodeKind::integer : NodeKind::number, shown, diagnostics)) return;
  }
  check_range(value, value.number(), key, shown, diagnostics);
}

void check_choice(Node& value, const KeySchema& key, const std::string& shown, Diagnostics& diagnostics) {
  if (!expect(value, NodeKind::text, shown, diagnostics, "possible: " + listed(key.choices))) return;
  const auto found = std::find(key.choices.begin(), key.choices.end(), value.text());
  if (found == key.choices.end()) {
    reject(value, diagnostics, code::kUnknownValue, "`" + shown + "` can't be " + in_ticks(value.text()),
           suggestion(value.text(), key.choices));
  } else if (static_cast<std::size_t>(found - key.choices.begin()) >= key.available) {
    reject(value, diagnostics, code::kNotAvailable,
           "`" + shown + "` = " + in_ticks(value.text()) + " isn't available yet",
           "available: " + listed(key.choices.first(key.available)));
  }
}

void check_quantity(Node& value, const KeySchema& key, const std::string& shown, Diagnostics& diagnostics) {
  const bool time = key.kind == ValueKind::duration;
  if (value.is_number()) return check_range(value, value.number(), key, shown, diagnostics);
  const std::string help = time ? "write \"90s\", \"30m\", \"2h\", or a number of seconds"
                                : "write \"500MiB\", \"4GiB\", or a number of bytes";
  if (!expect(value, NodeKind::text, shown, diagnostics, help)) return;
  const auto parsed = time ? parse_duration(value.text()) : parse_size(value.text());
  if (!parsed) {
    reject(value, diagnostics, code::kUnknownValue,
           "`" + shown + "` can't be " + in_ticks(value.text()) + ": it needs a number and a unit", help);
    return;
  }
  check_range(value, *parsed, key, shown, diagnostics);
  if (value.is(NodeKind::invalid)) return;
  value.kind = NodeKind::number;
  value.scalar = *parsed;
}

template <class CheckItem>
void check_list(Node& value, const std::string& shown, Diagnostics& diagnostics, CheckItem check) {
  if (!expect(value, NodeKind::list, shown, diagnostics, "write a list: […]")) return;
  for (auto& item : value.items) check(item);
  std::erase_if(value.items, [](const Node& item) { return item.is(NodeKind::invalid); });
}

// One number a channel: without those that were refused it would have another meaning.
void check_channels(Node& value, std::size_t written, Span span, const std::string& shown,
                    Diagnostics& diagnostics) {
  if (!value.is(NodeKind::list)) return;
  if (written > kMostChannels)
    diagnostics.add(code::kOutOfRange, span,
                    "`" + shown + "` has more than " + std::to_string(kMostChannels) + " numbers",
                    "write one for each channel, or one for all");
  if (written > kMostChannels || value.items.size() < written) value.kind = NodeKind::invalid;
}

void check_numbers(Node& value, const KeySchema& key, const std::string& shown, Diagnostics& diagnostics) {
  const auto span = value.span;
  if (value.is(NodeKind::list) && value.items.empty()) {
    return reject(value, diagnostics, code::kOutOfRange, "`" + shown + "` must not be empty");
  }
  const auto written = value.items.size();
  check_list(value, shown, diagnostics, [&](Node& item) { check_number(item, key, shown, diagnostics); });
  if (key.kind == ValueKind::numbers) check_channels(value, written, span, shown, diagnostics);
  if (shown == "model.input_shape" && value.is(NodeKind::list) && value.items.size() > kMostDimensions) {
    diagnostics.add(code::kOutOfRange, span,
                    "`" + shown + "` has more than " + std::to_string(kMostDimensions) + " dimensions",
                    "write one sample's shape, without the batch");
    value.kind = NodeKind::invalid;
  }
  if (shown == "data.input_shape" && value.is(NodeKind::list) && value.items.size() != 3) {
    diagnostics.add(code::kOutOfRange, span, "`" + shown + "` must be three numbers",
                    "write [channels, height, width]");
    value.kind = NodeKind::invalid;
  }
}

std::string_view code_of(match::ProblemKind kind) {
  switch (kind) {
    case match::ProblemKind::syntax:
      return code::kBadExpression;
    case match::ProblemKind::unknown_fact:
      return code::kUnknownFact;
    case match::ProblemKind::wrong_type:
      return code::kWrongTypeOfFact;
  }
  return code::kBadExpression;
}

void check_expression(Node& value, Diagnostics& diagnostics) {
  for (auto& problem : match::parse(value.text()).problems) {
    diagnostics.add_within(code_of(problem.kind), value.span, problem.offset, problem.length,
                           std::move(problem.message), std::move(problem.help));
    value.kind = NodeKind::invalid;
  }
}

// A kind of device, or a condition on workers' facts.
void check_device(Node& value, const KeySchema& key, const std::string& shown, Diagnostics& diagnostics) {
  if (!expect(value, NodeKind::text, shown, diagnostics, "possible: " + listed(key.choices))) return;
  const bool is_word = value.text().find_first_of(" =<>!\"'()") == std::string_view::npos;
  if (is_word) return check_choice(value, key, shown, diagnostics);
  check_expression(value, diagnostics);
}

bool check_metric(const Member& member, const std::string& table, Diagnostics& diagnostics) {
  const auto names = metric_names();
  if (std::find(names.begin(), names.end(), member.name) != names.end()) return true;
  diagnostics.add(code::kUnknownKey, member.name_span,
                  "`" + table + "` names " + in_ticks(member.name) + ", which is no metric",
                  suggestion(member.name, names));
  return false;
}

void check_metrics(Node& value, const KeySchema& key, const std::string& shown, Diagnostics& diagnostics) {
  if (!expect(value, NodeKind::table, shown, diagnostics)) return;
  for (auto& member : value.members) {
    const auto name = shown + "." + member.name;
    if (!check_metric(member, shown, diagnostics)) {
      member.value.kind = NodeKind::invalid;
    } else if (key.kind == ValueKind::bounds) {
      const std::string help = R"(write a comparison and a number: ">= 0.85")";
      if (expect(member.value, NodeKind::text, name, diagnostics, help) &&
          !parse_bound(member.value.text())) {
        reject(member.value, diagnostics, code::kUnknownValue,
               "`" + name + "` can't be " + in_ticks(member.value.text()), help);
      }
    } else {
      static constexpr std::string_view kDirections[] = {"max", "min"};
      check_choice(member.value,
                   KeySchema{.name = "direction",
                             .kind = ValueKind::choice,
                             .fallback = {},
                             .meaning = {},
                             .choices = kDirections},
                   name, diagnostics);
    }
  }
  std::erase_if(value.members, [](const Member& member) { return member.value.is(NodeKind::invalid); });
}

void check_zips(Node& value, const std::string& shown, Diagnostics& diagnostics) {
  check_list(value, shown, diagnostics, [&](Node& zip) {
    check_list(zip, shown, diagnostics,
               [&](Node& item) { expect(item, NodeKind::text, shown, diagnostics); });
  });
}

}  // namespace

void validate_value(Node& value, const KeySchema& key, const std::string& shown, Diagnostics& diagnostics) {
  if (value.is(NodeKind::invalid)) return;
  switch (key.kind) {
    case ValueKind::boolean:
      expect(value, NodeKind::boolean, shown, diagnostics, "write true or false");
      return;
    case ValueKind::integer:
    case ValueKind::number:
      check_number(value, key, shown, diagnostics);
      break;
    case ValueKind::text:
      expect(value, NodeKind::text, shown, diagnostics);
      return;
    case ValueKind::choice:
      check_choice(value, key, shown, diagnostics);
      return;
    case ValueKind::duration:
    case ValueKind::size:
      check_quantity(value, key, shown, diagnostics);
      return;
    case ValueKind::integers:
    case ValueKind::numbers:
      check_numbers(value, key, shown, diagnostics);
      return;
    case ValueKind::texts:
      check_list(value, shown, diagnostics,
                 [&](Node& item) { expect(item, NodeKind::text, shown, diagnostics); });
      return;
    case ValueKind::expression:
      if (expect(value, NodeKind::text, shown, diagnostics) && !match::is_blank(value.text()))
        check_expression(value, diagnostics);
      return;
    case ValueKind::expressions:
      check_list(value, shown, diagnostics, [&](Node& item) {
        if (expect(item, NodeKind::text, shown, diagnostics)) check_expression(item, diagnostics);
      });
      return;
    case ValueKind::choice_list:
      check_list(value, shown, diagnostics, [&](Node& item) { check_choice(item, key, shown, diagnostics); });
      return;
    case ValueKind::device:
      if (!value.is(NodeKind::list)) return check_device(value, key, shown, diagnostics);
      if (value.items.empty())
        return reject(value, diagnostics, code::kOutOfRange, "`" + shown + "` must not be empty");
      return check_list(value, shown, diagnostics,
                        [&](Node& item) { check_device(item, key, shown, diagnostics); });
    case ValueKind::table:
      if (expect(value, NodeKind::table, shown, diagnostics)) validate_table(value, *key.table, diagnostics);
      return;
    case ValueKind::tables:
      check_list(value, shown, diagnostics, [&](Node& item) {
        if (expect(item, NodeKind::table, shown, diagnostics)) validate_table(item, *key.table, diagnostics);
      });
      return;
    case ValueKind::directions:
    case ValueKind::bounds:
      check_metrics(value, key, shown, diagnostics);
      return;
    case ValueKind::axes:
      expect(value, NodeKind::table, shown, diagnostics);
      return;
    case ValueKind::zips:
      check_zips(value, shown, diagnostics);
      return;
  }
  // Known to the format, but only one value of it can be executed.
  const bool only_one = key.name == "logits_views" || key.name == "bits";
  if (only_one && !value.is(NodeKind::invalid) && canonical(value.scalar) != key.fallback) {
    reject(value, diagnostics, code::kNotAvailable,
           "`" + shown + "` = " + canonical(value.scalar) + " isn't available yet",
           "available: " + std::string(key.fallback));
  }
}

void validate_table(Node& table, const TableSchema& schema, Diagnostics& diagnostics) {
  for (auto& member : table.members) {
    const auto* key = find_key(schema, member.name);
    const auto shown = schema.name.empty() ? member.name : std::string(schema.name) + "." + member.name;
    if (key != nullptr) {
      validate_value(member.value, *key, shown, diagnostics);
      continue;
    }
    const auto where = schema.name.empty() ? std::string("a job file") : "`" + std::string(schema.name) + "`";
    const bool is_table = member.value.is(NodeKind::table);
    diagnostics.add(code::kUnknownKey, member.name_span,
                    where + " has no " + (is_table ? "table " : "key ") + in_ticks(member.name),
                    suggestion(member.name, names_of(schema)));
    member.value.kind = NodeKind::invalid;
  }
}

}  // namespace espalier::job
