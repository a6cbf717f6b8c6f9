#define TOML_EXCEPTIONS 0
// The parser has an error for a header like "[#x", but tells the compiler before that none will come. What it assumes of
// a user's file is not assumed here.
#include <toml++/impl/preprocessor.h>
#undef TOML_ASSERT_ASSUME
#define TOML_ASSERT_ASSUME(expr) static_cast<void>(0)
#include <toml++/toml.h>

#include <algorithm>
#include <optional>

#include "common/job/document.hpp"
#include "common/job/source_text.hpp"

namespace espalier::job {
namespace {

class TreeBuilder {
 public:
  explicit TreeBuilder(std::string_view text) : lines_(line_lengths(text)) {}

  Node node(const toml::node& source) const {
    Node result;
    result.span = span(source.source());
    source.visit([&](const auto& value) { fill(result, value); });
    return result;
  }

 private:
  void fill(Node& out, const toml::table& table) const {
    out.kind = NodeKind::table;
    out.members.reserve(table.size());
    for (const auto& [key, value] : table) {
      out.members.push_back({std::string(key.str()), span(key.source()), node(value)});
    }
    // toml++ sorts by name; errors and expansion follow the file.
    std::sort(out.members.begin(), out.members.end(), [](const Member& a, const Member& b) {
      return std::tie(a.name_span.line, a.name_span.column) < std::tie(b.name_span.line, b.name_span.column);
    });
  }
  void fill(Node& out, const toml::array& array) const {
    out.kind = NodeKind::list;
    out.items.reserve(array.size());
    for (const auto& item : array) out.items.push_back(node(item));
  }
  void fill(Node& out, const toml::value<std::string>& value) const {
    set(out, NodeKind::text, json::value(value.get()));
  }
  void fill(Node& out, const toml::value<std::int64_t>& value) const {
    set(out, NodeKind::integer, value.get());
  }
  void fill(Node& out, const toml::value<double>& value) const { set(out, NodeKind::number, value.get()); }
  void fill(Node& out, const toml::value<bool>& value) const { set(out, NodeKind::boolean, value.get()); }
  template <class Time>
  void fill(Node& out, const toml::value<Time>&) const {
    set(out, NodeKind::date, nullptr);
  }

  static void set(Node& out, NodeKind kind, json::value value) {
    out.kind = kind;
    out.scalar = std::move(value);
  }

  [[nodiscard]] Span span(const toml::source_region& region) const {
    Span result{static_cast<int>(region.begin.line), static_cast<int>(region.begin.column),
                static_cast<int>(region.end.column)};
    // Only the first line of a value that goes over several is underlined.
    if (region.end.line != region.begin.line) result.end_column = line_end(result.line);
    result.end_column = std::max(result.end_column, result.column + 1);
    return result;
  }
  [[nodiscard]] int line_end(int line) const {
    const auto index = static_cast<std::size_t>(line) - 1;
    return index < lines_.size() ? lines_[index] + 1 : 1;
  }

  std::vector<int> lines_;
};

}  // namespace

Node read_toml(std::string_view text, Diagnostics& diagnostics) {
  if (text.size() > kLargestJobFile) {
    diagnostics.add(code::kTooBig, {}, "the job file is larger than 1 MiB",
                    "use a sweep instead of listing every point");
    return {};
  }
  if (const auto place = first_invalid_utf8(text)) {
    diagnostics.add(code::kEncoding, *place, "the job file is not valid UTF-8 here",
                    "save the file as UTF-8");
    return {};
  }
  if (const auto place = first_deep_key(text)) {
    diagnostics.add(code::kTooBig, *place, "this key has more than 32 parts",
                    "no key of a job file is nested so deeply");
    return {};
  }
  auto parsed = toml::parse(text);
  if (!parsed) {
    const auto& error = parsed.error();
    const auto line = static_cast<int>(error.source().begin.line);
    const auto column = std::max(1, static_cast<int>(error.source().begin.column));
    diagnostics.add(code::kSyntax, {line, column, column + 1},
                    "not valid TOML: " + std::string(error.description()));
    return {};
  }
  return TreeBuilder(text).node(parsed.table());
}

}  // namespace espalier::job
