// What an expression may ask of a worker: every fact with its name, type and meaning. A worker reports its
// facts as one flat object, name to text, number, boolean or list of texts; what it can't tell is absent or
// null.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace espalier::match {

enum class FactType {
  text,
  version,  // a text that has an order where it begins with numbers: "1.13.1", and every label
  number,
  boolean,
  texts,  // a list
};

struct Fact {
  std::string_view name;  // "labels.NAME" stands for every label
  FactType type;
  std::string_view unit;  // of a number: "B", "GiB", "°C"; empty if it counts
  std::string_view meaning;
  std::string_view example;  // an expression that reads this fact and no other
  bool changes = false;      // while the worker lives

  [[nodiscard]] bool is_size() const { return unit == "B"; }  // may be compared with "4GiB"
};

std::span<const Fact> facts();
const Fact* find_fact(
    std::string_view name);  // nullptr if there is none; every label is the row "labels.NAME"

// Whether a label of this name can be asked for: letters, digits, `_`, `-` and `.`, not empty.
bool is_label_name(std::string_view name);

// "did you mean `cores`?", or all the facts there are.
std::string nearest_fact(std::string_view name);

std::string_view to_string(FactType type);  // "list of texts": as the documentation's table has it

}  // namespace espalier::match
