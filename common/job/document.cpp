#include "common/job/document.hpp"

#include <algorithm>

namespace espalier::job {

double Node::number() const {
  return kind == NodeKind::integer ? static_cast<double>(scalar.get_int64()) : scalar.get_double();
}

const Member* Node::member(std::string_view name) const {
  const auto found =
      std::find_if(members.begin(), members.end(), [&](const Member& m) { return m.name == name; });
  return found == members.end() ? nullptr : &*found;
}

const Node* Node::find(std::string_view name) const {
  const auto* found = member(name);
  return found == nullptr ? nullptr : &found->value;
}

Node* Node::find(std::string_view name) {
  const auto found =
      std::find_if(members.begin(), members.end(), [&](const Member& m) { return m.name == name; });
  return found == members.end() ? nullptr : &found->value;
}

void Node::erase(std::string_view name) {
  std::erase_if(members, [&](const Member& m) { return m.name == name; });
}

Node& Node::at_path(std::string_view dotted) {
  const auto dot = dotted.find('.');
  const auto name = dotted.substr(0, dot);
  auto* child = find(name);
  if (child == nullptr) {
    members.push_back({std::string(name), {}, {}});
    child = &members.back().value;
  }
  if (dot == std::string_view::npos) return *child;
  return child->at_path(dotted.substr(dot + 1));
}

const Node* Node::find_path(std::string_view dotted) const {
  const auto dot = dotted.find('.');
  const auto* child = find(dotted.substr(0, dot));
  if (child == nullptr || dot == std::string_view::npos) return child;
  return child->find_path(dotted.substr(dot + 1));
}

json::value to_json(const Node& node) {
  switch (node.kind) {
    case NodeKind::invalid:
      return nullptr;
    case NodeKind::boolean:
    case NodeKind::integer:
    case NodeKind::number:
    case NodeKind::text:
    case NodeKind::date:
      return node.scalar;
    case NodeKind::list: {
      json::array array;
      for (const auto& item : node.items) array.push_back(to_json(item));
      return array;
    }
    case NodeKind::table: {
      json::object object;
      for (const auto& member : node.members) object[member.name] = to_json(member.value);
      return object;
    }
  }
  return nullptr;
}

std::string_view to_string(NodeKind kind) {
  switch (kind) {
    case NodeKind::invalid:
      return "a wrong value";
    case NodeKind::boolean:
      return "a boolean";
    case NodeKind::integer:
      return "a whole number";
    case NodeKind::number:
      return "a number";
    case NodeKind::text:
      return "a text";
    case NodeKind::date:
      return "a date";
    case NodeKind::list:
      return "a list";
    case NodeKind::table:
      return "a table";
  }
  return "";
}

}  // namespace espalier::job
