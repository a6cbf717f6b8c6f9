// The zoo as users ask for it.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/integration/espalier_program.hpp"

namespace espalier::test {
namespace {

TEST(Models, AreListedWithWhatIsCountedFromTheNetsAsBuilt) {
  const Sandbox sandbox;
  const auto ran = sandbox.run({"models", "--json"});
  ASSERT_EQ(ran.exit.code, 0) << ran.errors;
  const auto document = parse_json(ran.output);
  ASSERT_TRUE(document && document->is_array()) << ran.output;
  const auto& models = document->get_array();
  const auto counts = [&](const std::string& name) -> std::string {
    const auto is_it = [&](const json::value& model) { return model.at("name").as_string() == name; };
    const auto* found = std::find_if(models.begin(), models.end(), is_it);
    return found == models.end() ? "none" : json::serialize(*found);
  };
  EXPECT_EQ(
      counts("resnet50"),
      R"({"name":"resnet50","family":"resnet","params":25557032,"macs":4089184256,"input":[3,224,224]})");
  EXPECT_EQ(counts("lenet5"),
            R"({"name":"lenet5","family":"lenet","params":61706,"macs":416520,"input":[1,28,28]})");
  for (const auto& model : models) EXPECT_GT(model.at("macs").to_number<double>(), 0) << model;
}

}  // namespace
}  // namespace espalier::test
