// A job file as a tree of values that remember where they stand in the text, so that an error found at any
// later step can point at its cause.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/json.hpp"
#include "common/job/diagnose.hpp"

namespace espalier::job {

// `invalid` is a value that has been reported already: later steps pass over it without a second complaint.
enum class NodeKind { invalid, boolean, integer, number, text, date, list, table };

struct Member;

struct Node {
  NodeKind kind = NodeKind::table;
  json::value scalar;           // of the first kinds
  std::vector<Node> items;      // of a list
  std::vector<Member> members;  // of a table, in the order of the file
  Span span;

  [[nodiscard]] bool is(NodeKind wanted) const { return kind == wanted; }
  [[nodiscard]] bool is_number() const { return is(NodeKind::integer) || is(NodeKind::number); }
  [[nodiscard]] double number() const;  // of an integer or a number
  [[nodiscard]] std::string_view text() const { return scalar.get_string(); }
  [[nodiscard]] const Member* member(std::string_view name) const;  // nullptr if there is none
  [[nodiscard]] const Node* find(std::string_view name) const;      // likewise
  [[nodiscard]] Node* find(std::string_view name);
  void erase(std::string_view name);
  // The value at a dotted path, with the tables on the way made where they lack.
  Node& at_path(std::string_view dotted);
  [[nodiscard]] const Node* find_path(std::string_view dotted) const;
};

struct Member {
  std::string name;
  Span name_span;  // none if a sweep put it there
  Node value;
  [[nodiscard]] Span place() const { return name_span.line > 0 ? name_span : value.span; }
};

json::value to_json(const Node& node);
std::string_view to_string(NodeKind kind);  // "a table", "a whole number": as it reads in a sentence

constexpr std::size_t kLargestJobFile = std::size_t{1} << 20;  // bytes

// Syntax, encoding, size and depth errors go to `diagnostics`; the tree is then empty.
Node read_toml(std::string_view text, Diagnostics& diagnostics);

}  // namespace espalier::job
