// Collecting what is wrong with a job file.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "common/base/words.hpp"
#include "common/job/plan.hpp"

namespace espalier::job {

// Lines and columns count from 1; columns are code points; end_column is one past the last.
struct Span {
  int line = 0;
  int column = 0;
  int end_column = 0;
};

// One code a kind of mistake. Codes are never given a second meaning.
namespace code {
inline constexpr std::string_view kSyntax = "E001";
inline constexpr std::string_view kEncoding = "E002";
inline constexpr std::string_view kTooBig = "E003";
inline constexpr std::string_view kUnknownKey = "E010";
inline constexpr std::string_view kWrongType = "E011";
inline constexpr std::string_view kOutOfRange = "E012";
inline constexpr std::string_view kUnknownValue = "E013";
inline constexpr std::string_view kMissing = "E014";
inline constexpr std::string_view kContradiction = "E015";
inline constexpr std::string_view kUnknownModel = "E020";
inline constexpr std::string_view kNotOfThisFamily = "E021";
inline constexpr std::string_view kModelDoesNotFit = "E022";
inline constexpr std::string_view kNoTrialModel = "E023";
inline constexpr std::string_view kUnknownDataset = "E030";
inline constexpr std::string_view kDatasetNotInstalled = "E031";
inline constexpr std::string_view kMissingFile = "E032";
inline constexpr std::string_view kTooManySamples = "E033";
inline constexpr std::string_view kUnknownStage = "E040";
inline constexpr std::string_view kStageOrder = "E041";
inline constexpr std::string_view kStageAbsent = "E042";
inline constexpr std::string_view kGroupTwice = "E050";
inline constexpr std::string_view kBadSweep = "E051";
inline constexpr std::string_view kBadZip = "E052";
inline constexpr std::string_view kTooManyTrials = "E053";
inline constexpr std::string_view kNotAvailable = "E060";
inline constexpr std::string_view kBadExpression = "E070";
inline constexpr std::string_view kUnknownFact = "E071";
inline constexpr std::string_view kWrongTypeOfFact = "E072";
}  // namespace code

class Diagnostics {
 public:
  // The text of the whole file, which outlives this.
  explicit Diagnostics(std::string_view source) : source_(source) {}

  // The same complaint about the same place is kept once: many trials share one line of the file.
  void add(std::string_view code, Span span, std::string message, std::string help = {});
  // About a part of the text that stands at `text`: `offset` and `length` count its bytes as they read,
  // without quotes and escapes.
  void add_within(std::string_view code, Span text, std::size_t offset, std::size_t length,
                  std::string message, std::string help = {});
  [[nodiscard]] bool empty() const { return found_.empty(); }
  // Enough for any person; a sweep may fail in a million points.
  [[nodiscard]] bool full() const { return found_.size() >= kMost; }
  std::vector<Diagnostic> in_file_order() &&;

 private:
  static constexpr std::size_t kMost = 200;
  std::string_view source_;
  std::vector<Diagnostic> found_;
  std::set<std::tuple<int, int, std::string>> seen_;
};

}  // namespace espalier::job
