#include "common/job/diagnose.hpp"

#include <algorithm>

#include "common/job/source_text.hpp"

namespace espalier::job {

void Diagnostics::add(std::string_view code, Span span, std::string message, std::string help) {
  if (full()) return;
  if (!seen_.emplace(span.line, span.column, std::string(code) + message).second) return;
  found_.push_back(
      {std::string(code), std::move(message), std::move(help), span.line, span.column, span.end_column});
}

void Diagnostics::add_within(std::string_view code, Span text, std::size_t offset, std::size_t length,
                             std::string message, std::string help) {
  add(code, span_within(source_, text, offset, length), std::move(message), std::move(help));
}

std::vector<Diagnostic> Diagnostics::in_file_order() && {
  std::stable_sort(found_.begin(), found_.end(), [](const Diagnostic& a, const Diagnostic& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
  });
  return std::move(found_);
}

}  // namespace espalier::job
