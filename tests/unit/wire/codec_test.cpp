#include "common/wire/codec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "common/wire/reflection.hpp"

namespace espalier::wire {
namespace {

using ::testing::HasSubstr;

rc::Gen<std::string> any_text() {
  return rc::gen::container<std::string>(rc::gen::inRange<char>(1, 127));
}

rc::Gen<double> any_number() {
  return rc::gen::map<std::int32_t>([](std::int32_t n) { return n / 64.0; });
}

rc::Gen<std::optional<double>> maybe_number() {
  return rc::gen::map(rc::gen::pair(rc::gen::arbitrary<bool>(), any_number()), [](const auto& drawn) {
    return drawn.first ? std::optional(drawn.second) : std::nullopt;
  });
}

// Fills any described struct, so that a new field is covered on the day it is added.
void fill(bool& out) {
  out = *rc::gen::arbitrary<bool>();
}
void fill(std::string& out) {
  out = *any_text();
}
void fill(double& out) {
  out = *any_number();
}
void fill(std::optional<double>& out) {
  out = *maybe_number();
}
void fill(std::optional<std::int64_t>& out) {
  out = 1'000'000'000'001;
}
void fill(std::optional<std::string>& out) {
  out.reset();
  if (*rc::gen::arbitrary<bool>()) out = *any_text();
}
void fill(int& out) {
  out = *rc::gen::arbitrary<int>();
}
void fill(std::int64_t& out) {
  out = *rc::gen::arbitrary<std::int64_t>();
}
void fill(Outcome& out) {
  out = static_cast<Outcome>(*rc::gen::inRange(0, 6));
}
void fill(json::object& out) {
  out = {{*any_text(), *any_number()}, {"nested", {{"list", {1, "two", nullptr}}}}};
}
void fill(std::optional<json::object>& out) {  // facts, which are plain values
  out.reset();
  if (*rc::gen::arbitrary<bool>())
    out = json::object{{*any_text(), *any_number()}, {"governor", *any_text()}};
}
template <Described T>
void fill(T& out);
template <Described T>
void fill(std::optional<T>& out) {
  out.reset();
  if (*rc::gen::arbitrary<bool>()) fill(out.emplace());
}
template <class T>
void fill(std::vector<T>& out) {
  out.resize(static_cast<std::size_t>(*rc::gen::inRange(0, 4)));
  for (auto& element : out) fill(element);
}
template <Described T>
void fill(T& out) {
  boost::mp11::mp_for_each<MembersOf<T>>([&](auto member) { fill(out.*member.pointer); });
}

template <class Variant>
Variant any_message() {
  const auto index = *rc::gen::inRange<std::size_t>(0, boost::mp11::mp_size<Variant>::value);
  return boost::mp11::mp_with_index<boost::mp11::mp_size<Variant>::value>(index, [](auto chosen) {
    boost::mp11::mp_at_c<Variant, chosen> message;
    fill(message);
    if constexpr (std::is_same_v<decltype(message), Hello>) message.protocol = kProtocolVersion;
    return Variant(std::move(message));
  });
}

TEST(Codec, EveryMessageToTheCoordinatorComesBackAsItWas) {
  EXPECT_TRUE(rc::check([] {
    const auto text = encode(any_message<ToCoordinator>());
    const auto back = decode_to_coordinator(text);
    RC_ASSERT(back.has_value());
    RC_ASSERT(encode(*back) == text);
  }));
}

TEST(Codec, EveryMessageToAWorkerComesBackAsItWas) {
  EXPECT_TRUE(rc::check([] {
    const auto text = encode(any_message<ToWorker>());
    const auto back = decode_to_worker(text);
    RC_ASSERT(back.has_value());
    RC_ASSERT(encode(*back) == text);
  }));
}

TEST(Codec, ValuesArriveInTheFieldsTheyWereSentIn) {
  Finished sent{"w",
                7,
                3,
                Outcome::timed_out,
                "too \"slow\"",
                true,
                1.5,
                "cpu",
                {{"loss", {}, "", 0.5, {}, 9}},
                {{"model", "ab", 12}}};
  const auto back = decode_to_coordinator(encode(ToCoordinator(sent)));
  ASSERT_TRUE(back.has_value());
  const auto& finished = std::get<Finished>(*back);
  EXPECT_EQ(finished.attempt, 7);
  EXPECT_EQ(finished.outcome, Outcome::timed_out);
  EXPECT_EQ(finished.reason, sent.reason);
  ASSERT_EQ(finished.metrics.size(), 1U);
  EXPECT_FALSE(finished.metrics[0].value.has_value());
  EXPECT_EQ(finished.metrics[0].ci_low, 0.5);
  EXPECT_EQ(finished.outputs[0].bytes, 12);
}

TEST(Codec, TruncatedOrDamagedBytesAreAnErrorOrAMessageNeverACrash) {
  EXPECT_TRUE(rc::check([] {
    auto text = encode(any_message<ToCoordinator>());
    const auto place = *rc::gen::inRange<std::size_t>(0, text.size());
    if (*rc::gen::arbitrary<bool>()) {
      text.resize(place);
      RC_ASSERT(!decode_to_coordinator(text).has_value());
    } else {
      text[place] = *rc::gen::arbitrary<char>();
      (void)decode_to_coordinator(text);
      (void)decode_all_to_worker(text);
    }
  }));
}

TEST(Codec, GarbageIsRefused) {
  EXPECT_TRUE(rc::check([](const std::string& bytes) { (void)decode_to_worker(bytes); }));
  for (const auto* bytes : {"", "7", "null", "{}", "[]", "{\"type\":5}", "{\"type\":\"beat\"", "\xff\xfe"})
    EXPECT_FALSE(decode_to_worker(bytes).has_value()) << bytes;
}

TEST(Codec, AMissingFieldIsNamed) {
  const auto back =
      decode_to_coordinator(R"({"type":"progress","worker":"w","attempt":1,"seq":2,"fraction":0,"note":"",
      "points":[{"name":"a","step":1}]})");
  ASSERT_FALSE(back.has_value());
  EXPECT_THAT(back.error().message, HasSubstr("\"points[0].value\" is missing"));
}

TEST(Codec, AWronglyTypedFieldIsNamed) {
  const auto back = decode_to_worker(R"({"type":"acknowledge","attempt":"seven","seq":1})");
  ASSERT_FALSE(back.has_value());
  EXPECT_THAT(back.error().message, HasSubstr("\"attempt\""));
  EXPECT_THAT(back.error().message, HasSubstr("acknowledge"));
}

TEST(Codec, AnUnknownOutcomeIsNamed) {
  auto text = encode(ToCoordinator(Finished{}));
  text.replace(text.find("succeeded"), 9, "exploded!");
  const auto back = decode_to_coordinator(text);
  ASSERT_FALSE(back.has_value());
  EXPECT_THAT(back.error().message, HasSubstr("exploded!"));
}

TEST(Codec, FieldsOfANewerPeerAreIgnored) {
  const auto back = decode_to_worker(R"({"type":"cancel","attempt":4,"colour":"green"})");
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(std::get<Cancel>(*back).attempt, 4);
}

TEST(Codec, AHeartbeatBringsFewPlainFactsOrNone) {
  const auto with = [](const std::string& facts) {
    return decode_to_coordinator(R"({"type":"heartbeat","worker":"w","session":"s","attempts":[],"beat":3)" +
                                 facts + "}");
  };
  EXPECT_FALSE(std::get<Heartbeat>(with("").value()).facts.has_value()) << "as earlier workers say it";
  EXPECT_EQ(std::get<Heartbeat>(with(R"(,"facts":{"load":1.5})").value()).facts->at("load"), 1.5);
  EXPECT_FALSE(with(R"(,"facts":{"load":[1]})").has_value());
  EXPECT_FALSE(with(R"(,"facts":{"governor":")" + std::string(300, 'x') + "\"}").has_value());
  std::string many;
  for (int i = 0; i < 100; ++i) many += (many.empty() ? "" : ",") + ("\"f" + std::to_string(i)) + "\":1";
  EXPECT_THAT(with(",\"facts\":{" + many + "}").error().message, HasSubstr("facts"));
}

TEST(Codec, DeepNestingIsRefused) {
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_FALSE(decode_to_worker(deep).has_value());
  EXPECT_FALSE(decode_all_to_worker(deep).has_value());
}

TEST(Codec, AFrameCarriesOneMessageOrSeveral) {
  for (const std::size_t count : {0U, 1U, 3U}) {
    const std::vector<ToWorker> messages(count, ToWorker(Cancel{9}));
    const auto back = decode_all_to_worker(encode_all(messages));
    ASSERT_TRUE(back.has_value());
    EXPECT_EQ(back->size(), count);
  }
  EXPECT_FALSE(decode_all_to_worker(R"([{"type":"who_are_you"},{"type":"cancel"}])").has_value());
}

TEST(Codec, AHelloOfAnotherProtocolIsReadAsFarAsNeededToRefuseIt) {
  const auto message = decode_to_coordinator(R"({"type":"hello","protocol":2,"worker":"w","slots":"many"})");
  ASSERT_TRUE(message.has_value()) << message.error().message;
  const auto& hello = std::get<Hello>(*message);
  EXPECT_EQ(hello.protocol, 2);
  EXPECT_EQ(hello.worker, "w");
  EXPECT_FALSE(
      decode_to_coordinator(R"({"type":"hello","protocol":1,"worker":"w","slots":"many"})").has_value());
}

TEST(Codec, TakesASpecificationThatIsTextAlready) {
  Assign assign;
  assign.attempt = 7;
  assign.inputs = {{"model", "ab", 3}};
  const std::string spec = R"({"stage":"train","settings":{"spec":{}}})";
  const std::string spliced = encode(assign, spec);
  assign.spec = json::parse(spec).as_object();
  EXPECT_EQ(json::parse(spliced), json::parse(encode(ToWorker(assign))));
  EXPECT_EQ(frame_of({spliced}), spliced);
  EXPECT_EQ(decode_all_to_worker(frame_of({spliced, spliced, spliced}))->size(), 3U);
}

}  // namespace
}  // namespace espalier::wire
