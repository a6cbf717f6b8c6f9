// What is wrong with an expression.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace espalier::match {

enum class ProblemKind {
  syntax,
  unknown_fact,
  wrong_type,
};

struct Problem {
  ProblemKind kind{};
  std::size_t offset = 0;  // bytes from the expression's start; its length if something is missing at the end
  std::size_t length = 0;
  std::string message;  // what is wrong, one sentence
  std::string help;     // what to write instead; may be empty
};

// More than any person reads; an expression of garbage could have thousands.
inline constexpr std::size_t kMostProblems = 20;

class Problems {
 public:
  void add(ProblemKind kind, std::size_t offset, std::size_t length, std::string message,
           std::string help = {}) {
    if (found_.size() < kMostProblems)
      found_.push_back({kind, offset, length, std::move(message), std::move(help)});
  }
  [[nodiscard]] bool empty() const { return found_.empty(); }
  std::vector<Problem> in_order() &&;  // of the text

 private:
  std::vector<Problem> found_;
};

// As text for people: each problem with the expression, the underline and the help.
std::string render(const std::vector<Problem>& problems, std::string_view expression);

}  // namespace espalier::match
