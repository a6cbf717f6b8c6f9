// A network of two hosts inside this one, whose cable can be cut: a network namespace with a pair of virtual
// interfaces. Needs root.
#pragma once

#include <string>
#include <vector>

namespace espalier::test {

class CutNetwork {
 public:
  CutNetwork();  // see `objection`
  ~CutNetwork();
  CutNetwork(const CutNetwork&) = delete;
  CutNetwork& operator=(const CutNetwork&) = delete;

  // Why there is no such network here; empty if there is one.
  [[nodiscard]] const std::string& objection() const { return objection_; }

  [[nodiscard]] std::string here() const { return subnet_ + ".1"; }
  [[nodiscard]] std::string there() const { return subnet_ + ".2"; }
  [[nodiscard]] std::vector<std::string> run_there() const;  // a command that starts a command over there

  // Silence in both directions: packets vanish, nobody is told that a connection has ended.
  void cut() const;
  void heal() const;

 private:
  std::string ip(std::vector<std::string> arguments) const;  // what it complained of; empty if it went well
  std::string name_;
  std::string subnet_;
  std::string objection_;
};

}  // namespace espalier::test
