// Random expressions over random facts, evaluated by a second evaluator that shares nothing with the first:
// it never reads text, but is made together with it, and asks for each term in the plainest way.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <set>

#include "tests/unit/match/expressions.hpp"

namespace espalier::match {
namespace {

// Versions as the numbers they are made of, for a comparison by hand.
using Version = std::vector<int>;
struct Reported {
  std::optional<std::string> arch;
  std::optional<int> cores, threads;
  std::optional<std::int64_t> memory;
  std::optional<bool> throttled;
  std::optional<std::set<std::string>> isa;
  std::optional<Version> libtorch;
};

std::string written(const Version& version) {
  std::string text;
  for (const int part : version) {
    if (!text.empty()) text += '.';
    text += std::to_string(part);
  }
  return text;
}

json::object to_facts(const Reported& worker) {
  json::object facts;
  if (worker.arch) facts["arch"] = *worker.arch;
  if (worker.cores) facts["cores"] = *worker.cores;
  if (worker.threads) facts["threads"] = static_cast<double>(*worker.threads);
  if (worker.memory) facts["memory"] = *worker.memory;
  facts["throttled"] = worker.throttled ? json::value(*worker.throttled) : json::value();
  if (worker.isa) facts["isa"] = json::array(worker.isa->begin(), worker.isa->end());
  if (worker.libtorch) facts["libtorch"] = written(*worker.libtorch);
  return facts;
}

const std::vector<std::string> kArchs = {"x86_64", "aarch64", "riscv64"};
const std::vector<std::string> kIsa = {"sse4_2", "avx2", "avx512f", "amx"};
const std::vector<std::string> kComparisons = {"==", "!=", "<", "<=", ">", ">="};

template <class Value>
bool compare(const Value& a, const std::string& comparison, const Value& b) {
  if (comparison == "==") return a == b;
  if (comparison == "!=") return !(a == b);
  if (comparison == "<") return a < b;
  if (comparison == "<=") return !(b < a);
  if (comparison == ">") return b < a;
  return !(a < b);
}

template <class T>
rc::Gen<std::optional<T>> perhaps(rc::Gen<T> gen) {
  return rc::gen::oneOf(rc::gen::just(std::optional<T>()),
                        rc::gen::map(gen, [](T value) { return std::optional(value); }),
                        rc::gen::map(gen, [](T value) { return std::optional(value); }));
}

rc::Gen<Version> any_version() {  // no zero at the end: "1.0" is as new as "1", but another text
  return rc::gen::map(rc::gen::container<std::vector<int>>(2, rc::gen::inRange(0, 12)), [](Version version) {
    version.push_back(1);
    return version;
  });
}
rc::Gen<std::set<std::string>> any_isa() {
  return rc::gen::map(
      rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(kIsa)),
      [](const std::vector<std::string>& list) { return std::set(list.begin(), list.end()); });
}

Reported any_worker() {
  Reported worker;
  worker.arch = *perhaps(rc::gen::elementOf(kArchs));
  worker.cores = *perhaps(rc::gen::inRange(0, 6));
  worker.threads = *perhaps(rc::gen::inRange(0, 6));
  worker.memory =
      *perhaps(rc::gen::map(rc::gen::inRange(0, 6), [](int gib) { return std::int64_t{gib} << 30; }));
  worker.throttled = *perhaps(rc::gen::arbitrary<bool>());
  worker.isa = *perhaps(any_isa());
  worker.libtorch = *perhaps(any_version());
  return worker;
}

using Ask = std::function<std::optional<bool>(const Reported&)>;
struct Leaf {
  std::string text;
  Ask ask;
};

Leaf number_leaf() {
  const auto comparison = *rc::gen::elementOf(kComparisons);
  const int bound = *rc::gen::inRange(0, 6);
  if (*rc::gen::arbitrary<bool>())
    return {"cores " + comparison + std::to_string(bound), [=](const Reported& w) -> std::optional<bool> {
              if (!w.cores) return std::nullopt;
              return compare(*w.cores, comparison, bound);
            }};
  return {std::to_string(bound) + comparison + " cores", [=](const Reported& w) -> std::optional<bool> {
            if (!w.cores) return std::nullopt;
            return compare(bound, comparison, *w.cores);
          }};
}
Leaf size_leaf() {
  const auto comparison = *rc::gen::elementOf(kComparisons);
  const int gib = *rc::gen::inRange(0, 6);
  const auto bound = *rc::gen::elementOf(std::vector<std::string>{std::to_string(gib) + "GiB",
                                                                  std::to_string(gib * 1024) + "MiB",
                                                                  std::to_string(std::int64_t{gib} << 30)});
  return {"memory " + comparison + " " + bound, [=](const Reported& w) -> std::optional<bool> {
            if (!w.memory) return std::nullopt;
            return compare(*w.memory, comparison, std::int64_t{gib} << 30);
          }};
}
Leaf two_facts_leaf() {
  const auto comparison = *rc::gen::elementOf(kComparisons);
  return {"threads " + comparison + " cores", [=](const Reported& w) -> std::optional<bool> {
            if (!w.threads || !w.cores) return std::nullopt;
            return compare(*w.threads, comparison, *w.cores);
          }};
}
Leaf text_leaf() {
  const auto arch = *rc::gen::elementOf(kArchs);
  const auto comparison = *rc::gen::elementOf(std::vector<std::string>{"==", "!="});
  return {"arch " + comparison + "\"" + arch + "\"", [=](const Reported& w) -> std::optional<bool> {
            if (!w.arch) return std::nullopt;
            return compare(*w.arch, comparison, arch);
          }};
}
Leaf version_leaf() {
  const auto bound = *any_version();
  const auto comparison = *rc::gen::elementOf(kComparisons);
  return {"libtorch " + comparison + " '" + written(bound) + "'",
          [=](const Reported& w) -> std::optional<bool> {
            if (!w.libtorch) return std::nullopt;
            return compare(*w.libtorch, comparison, bound);
          }};
}
Leaf in_list_leaf() {
  const auto list = *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(kArchs));
  std::string text;
  for (const auto& arch : list) text += (text.empty() ? "'" : ", '") + arch + "'";
  return {"arch in [" + text + "]", [=](const Reported& w) -> std::optional<bool> {
            if (!w.arch) return std::nullopt;
            return std::count(list.begin(), list.end(), *w.arch) > 0;
          }};
}
Leaf in_fact_leaf() {
  const auto flag = *rc::gen::elementOf(kIsa);
  return {"\"" + flag + "\" in isa", [=](const Reported& w) -> std::optional<bool> {
            if (!w.isa) return std::nullopt;
            return w.isa->contains(flag);
          }};
}
Leaf boolean_leaf() {
  return {
      *rc::gen::elementOf(std::vector<std::string>{"throttled", "throttled == true", "false != throttled"}),
      [](const Reported& w) { return w.throttled; }};
}

Leaf any_leaf() {
  switch (*rc::gen::inRange(0, 8)) {
    case 0:
      return number_leaf();
    case 1:
      return size_leaf();
    case 2:
      return two_facts_leaf();
    case 3:
      return text_leaf();
    case 4:
      return version_leaf();
    case 5:
      return in_list_leaf();
    case 6:
      return in_fact_leaf();
    default:
      return boolean_leaf();
  }
}

// A whole expression: its text, and its answer by truth tables.
struct Whole {
  std::string text;
  Ask ask;
};

Whole any_whole(int depth) {
  const int kind = depth == 0 ? 0 : *rc::gen::inRange(0, 4);
  if (kind == 0) {
    auto leaf = any_leaf();
    return {leaf.text, leaf.ask};
  }
  const auto a = any_whole(depth - 1);
  if (kind == 1) {
    return {"!(" + a.text + ")", [=](const Reported& w) -> std::optional<bool> {
              const auto value = a.ask(w);
              if (!value) return std::nullopt;
              return !*value;
            }};
  }
  const auto b = any_whole(depth - 1);
  const bool is_all = kind == 2;
  return {"(" + a.text + (is_all ? ") && (" : ") || (") + b.text + ")",
          [=](const Reported& w) -> std::optional<bool> {
            const auto x = a.ask(w);
            const auto y = b.ask(w);
            if (x == !is_all || y == !is_all) return !is_all;
            if (!x || !y) return std::nullopt;
            return is_all;
          }};
}

Truth truth_of(const std::optional<bool>& value) {
  if (!value) return Truth::unknown;
  return *value ? Truth::yes : Truth::no;
}

RC_GTEST_PROP(Evaluation, EqualsThatByBruteForce, ()) {
  const auto whole = any_whole(4);
  const auto expression = compiled(whole.text);
  for (int i = 0; i < 20; ++i) {
    const auto worker = any_worker();
    RC_ASSERT(expression.evaluate(to_facts(worker)) == truth_of(whole.ask(worker)));
  }
}

// Precedence without parentheses: `&&` binds more tightly than `||`, `!` than both.
RC_GTEST_PROP(Evaluation, BindsAsItIsStated, ()) {
  const auto a = any_leaf(), b = any_leaf(), c = any_leaf();
  const auto facts = to_facts(any_worker());
  const auto same = [&](const std::string& x, const std::string& y) {
    return compiled(x).evaluate(facts) == compiled(y).evaluate(facts);
  };
  RC_ASSERT(
      same(a.text + "||" + b.text + "&&" + c.text, "(" + a.text + ")||((" + b.text + ")&&(" + c.text + "))"));
  RC_ASSERT(
      same(a.text + "&&" + b.text + "||" + c.text, "((" + a.text + ")&&(" + b.text + "))||(" + c.text + ")"));
  RC_ASSERT(same("!" + a.text + "&&" + b.text, "(!(" + a.text + "))&&(" + b.text + ")"));
}

RC_GTEST_PROP(WhatFails, IsEmptyExactlyIfTheExpressionHolds, ()) {
  const auto whole = any_whole(4);
  const auto expression = compiled(whole.text);
  const auto worker = any_worker();
  RC_ASSERT(expression.what_fails(to_facts(worker)).empty() == (whole.ask(worker) == true));
}

// Each term that is named fails by itself, as an expression of its own.
RC_GTEST_PROP(WhatFails, NamesTermsThatFail, ()) {
  const auto expression = compiled(any_whole(4).text);
  const auto facts = to_facts(any_worker());
  for (const auto& failed : expression.what_fails(facts)) {
    RC_ASSERT(!compiled(failed.term).holds(facts));
    RC_ASSERT(!failed.has.empty());
    RC_ASSERT(!failed.wants.empty());
  }
}

}  // namespace
}  // namespace espalier::match
