#include <filesystem>
#include <fstream>

#include "tests/unit/job/plans.hpp"

namespace espalier::job {
namespace {

using testing::HasSubstr;

struct Mistake {
  std::string name;
  std::string text;
  std::string code;
  std::string underlined;
  std::string said;  // part of the message or the help
};

void PrintTo(const Mistake& mistake, std::ostream* out) {
  *out << mistake.name;
}

std::string name_of(const testing::TestParamInfo<Mistake>& test) {
  return test.param.name;
}

class EveryMistake : public testing::TestWithParam<Mistake> {};

TEST_P(EveryMistake, IsReportedOnceAtItsPlaceWithItsCode) {
  const auto& mistake = GetParam();
  const auto result = planned(mistake.text);
  ASSERT_FALSE(result.plan.has_value());
  ASSERT_EQ(result.errors.size(), 1U) << render(result.errors, "job.toml", mistake.text);
  const auto& error = result.errors.front();
  EXPECT_EQ(error.code, mistake.code) << error.message;
  EXPECT_THAT(error.message + "\n" + error.help, HasSubstr(mistake.said));
  if (mistake.underlined.empty()) {
    EXPECT_EQ(error.line, 0);
  } else {
    EXPECT_EQ(underlined(mistake.text, error), mistake.underlined);
  }
}

std::string with(const std::string& more) {
  return "pipeline = [\"train\"]\n" + kBasics + more;
}
std::string swept(const std::string& more) {
  return with("[sweep]\n" + more);
}
std::string drawn(const std::string& more) {
  return "pipeline = [\"train\", \"prune\"]\n" + kBasics +
         "[search]\nstrategy = \"random\"\ntrials = 5\n[sweep]\n" + more;
}
std::string piped(const std::string& stages, const std::string& more = {}) {
  return "pipeline = " + stages + "\n" + kBasics + more;
}
std::string with_data(const std::string& data) {
  return "pipeline = [\"train\"]\n" + kJob + kModel + "[data]\n" + data;
}
std::string with_model(const std::string& model) {
  return "pipeline = [\"train\"]\n" + kJob + kData + "[model]\n" + model;
}

INSTANTIATE_TEST_SUITE_P(
    Names, EveryMistake,
    testing::Values(
        Mistake{"UnknownKey", with("[train]\nepoch = 3\n"), "E010", "epoch", "did you mean `epochs`?"},
        Mistake{"UnknownTable", with("[trian]\nepochs = 3\n"), "E010", "trian", "did you mean `train`?"},
        Mistake{"UnknownDottedKey", swept("\"train.learning_rat\" = [0.1]\n"), "E010",
                "\"train.learning_rat\"", "did you mean `train.learning_rate`?"},
        Mistake{"UnknownWord", with("[train]\noptimizer = \"adamm\"\n"), "E013", "\"adamm\"",
                "did you mean `adam`?"},
        Mistake{"UnknownModel", with_model("name = \"resnet21\"\n"), "E020", "\"resnet21\"",
                "did you mean `resnet20`?"},
        Mistake{"UnknownDataset", with_data("dataset = \"fashion-mnits\"\n"), "E030", "\"fashion-mnits\"",
                "did you mean `fashion-mnist`?"},
        Mistake{"UnknownStage", piped("[\"trian\"]"), "E040", "\"trian\"", "did you mean `train`?"},
        Mistake{"StageThatRunsByItself", piped("[\"train\", \"evaluate\"]"), "E040", "\"evaluate\"",
                "by itself"},
        Mistake{"UnknownMetric", with("[objectives]\nacuracy = \"max\"\n"), "E010", "acuracy", "`accuracy`"},
        Mistake{"ParameterOfAnotherFamily", with_model("name = \"lenet5\"\npatch = 7\n"), "E021", "patch",
                "width"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Values, EveryMistake,
    testing::Values(
        Mistake{"TextForNumber", with("[train]\nepochs = \"three\"\n"), "E011", "\"three\"",
                "a whole number"},
        Mistake{"FractionForCount", with("[train]\nepochs = 2.5\n"), "E011", "2.5", "a whole number"},
        Mistake{"ValueForTable", "train = 3\n" + with(""), "E011", "3", "a table"},
        Mistake{"Negative", with("[train]\nlearning_rate = -0.1\n"), "E012", "-0.1", "above 0"},
        Mistake{"NotANumber", with("[train]\nlearning_rate = nan\n"), "E012", "nan", "finite"},
        Mistake{"Infinite", with("[train]\nweight_decay = inf\n"), "E012", "inf", "finite"},
        Mistake{"OutOfRange", with("[prune]\namount = 1.5\n"), "E012", "1.5", "from 0 to 1"},
        Mistake{"EmptyList", with("[benchmark]\nbatch_sizes = []\n"), "E012", "[]", "empty"},
        Mistake{"TimeWithoutUnit", with("[limits]\ntimeout = \"30\"\n"), "E013", "\"30\"", "unit"},
        Mistake{"UnknownUnit", with("[limits]\nmemory = \"4Gb\"\n"), "E013", "\"4Gb\"", "GiB"},
        Mistake{"BrokenConstraint", with("[constraints]\naccuracy = \"about 0.9\"\n"), "E013",
                "\"about 0.9\"", ">="},
        Mistake{"WarmupLongerThanTraining", with("[train]\nepochs = 2\nwarmup_epochs = 3\n"), "E012", "3",
                "epochs"},
        Mistake{"WidthOutOfRange", with_model("name = \"lenet5\"\nwidth = 99.0\n"), "E012", "99.0", "0.05"},
        Mistake{"PatchThatDoesNotDivide", with_model("name = \"vit\"\npatch = 5\n"), "E022", "5", "divide"},
        Mistake{"DimNoMultipleOfHeads", with_model("name = \"vit\"\nheads = 5\n"), "E022", "5", "multiple"},
        Mistake{"ImageTooSmall", with_data("dataset = \"fashion-mnist\"\nresize = 8\n"), "E022", "\"lenet5\"",
                "16x16"},
        Mistake{"MoreSamplesThanThereAre", with_data("dataset = \"fashion-mnist\"\ntrain_samples = 60001\n"),
                "E033", "60001", "60000"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Contradictions, EveryMistake,
    testing::Values(
        Mistake{"NoName", "pipeline = []\n" + kData + kModel, "E014", "", "name"},
        Mistake{"NoModel", "pipeline = []\n" + kJob + kData, "E014", "", "[model]"},
        Mistake{"NoData", "pipeline = []\n" + kJob + kModel, "E014", "", "[data]"},
        Mistake{"NoPipeline", kBasics, "E014", "", "pipeline"},
        Mistake{"DatasetAndFormat", with_data("dataset = \"fashion-mnist\"\nformat = \"idx\"\n"), "E015",
                "format", "both"},
        Mistake{"FormatWithoutPath", with_data("format = \"idx\"\n"), "E014", "\"idx\"", "path"},
        Mistake{"UnknownFormat", with_data("format = \"image_folder\"\npath = \"x\"\n"), "E013",
                "\"image_folder\"", "did you mean `image-folder`?"},
        Mistake{"FractionOfDataWithValidationSamples",
                with_data("format = \"cifar10\"\npath = \"x\"\nval_fraction = 0.2\n"), "E015", "val_fraction",
                "samples of their own"},
        Mistake{"FractionOfACatalogueDataset", with_data("dataset = \"fashion-mnist\"\nval_fraction = 0.2\n"),
                "E015", "val_fraction", "samples of their own"},
        Mistake{"FractionThatLeavesNothing",
                with_data("format = \"tensors\"\npath = \"x\"\nval_fraction = 1.0\n"), "E012", "1.0", "0.9"},
        Mistake{"ShorterSideOfNoPhotographs",
                with_data("format = \"cifar10\"\npath = \"x\"\nshorter_side = 64\n"), "E015", "shorter_side",
                "image-folder"},
        Mistake{"ShorterSideAlone", with_data("format = \"image-folder\"\npath = \"x\"\nshorter_side = 64\n"),
                "E014", "64", "`data.resize`"},
        Mistake{"ShorterSideBelowWhatIsKept",
                with_data("format = \"image-folder\"\npath = \"x\"\nresize = 64\nshorter_side = 32\n"),
                "E015", "32", "from 64 on"},
        Mistake{"PhotographsTooSmallForTheModel",
                with_data("format = \"image-folder\"\npath = \"x\"\nresize = 8\n"), "E022", "\"lenet5\"",
                "16x16"},
        Mistake{"ModelOfAnotherShapeThanCifars",
                "pipeline = []\n" + kJob + "[data]\nformat = \"cifar10\"\npath = \"x\"\n" +
                    "[model]\nfile = \"a.pt\"\ninput_shape = [128]\n",
                "E022", "[128]", "[3,32,32]"},
        Mistake{"SyntheticOfTwoDimensions", with_data("format = \"synthetic\"\ninput_shape = [8, 8]\n"),
                "E012", "[8, 8]", "three"},
        Mistake{"MeanWithoutDeviation", with_data("dataset = \"fashion-mnist\"\nmean = [0.5]\n"), "E014",
                "mean", "std"},
        Mistake{"DeviationWithoutMean", with_data("dataset = \"fashion-mnist\"\nstd = [0.5]\n"), "E014",
                "std", "mean"},
        Mistake{"MeansOfOtherChannels",
                with_data("dataset = \"fashion-mnist\"\nmean = [0.4, 0.5, 0.6]\nstd = [0.2]\n"), "E015",
                "[0.4, 0.5, 0.6]", "3 numbers"},
        Mistake{"MeanInBytes", with_data("dataset = \"fashion-mnist\"\nmean = [72.9]\nstd = [0.35]\n"),
                "E012", "72.9", "from 0 to 1"},
        Mistake{"DeviationOfNothing", with_data("dataset = \"fashion-mnist\"\nmean = [0.3]\nstd = [0]\n"),
                "E012", "0", "above 0"},
        Mistake{"MissingFolder", with_data("format = \"idx\"\npath = \"missing\"\n"), "E032", "\"missing\"",
                "exist"},
        Mistake{"MissingModelFile", with_model("file = \"missing.pt\"\ninput_shape = [1, 28, 28]\n"), "E032",
                "\"missing.pt\"", "exist"},
        Mistake{"MissingStateDict", with_model("name = \"lenet5\"\nweights = \"missing.pth\"\n"), "E032",
                "\"missing.pth\"", "exist"},
        Mistake{"WeightsOfAFile",
                with_model("file = \"a.pt\"\ninput_shape = [1, 28, 28]\nweights = \"w.pth\"\n"), "E015",
                "weights", "with `name`"},
        Mistake{"PatchesOfAFixedSize", with_model("name = \"vit_b_16\"\n"), "E022", "\"vit_b_16\"", "16"},
        Mistake{"DepthOutOfRange", with_model("name = \"resnet50\"\ndepth = 9\n"), "E012", "9", "depth"},
        Mistake{"FileWithoutShape", with_model("file = \"a.pt\"\n"), "E014", "\"a.pt\"", "input_shape"},
        Mistake{"NameAndFile", with_model("name = \"lenet5\"\nfile = \"a.pt\"\n"), "E015", "file", "both"},
        Mistake{"FinetuneOfNothing", piped("[\"finetune\"]"), "E041", "\"finetune\"", "random"},
        Mistake{"TrainAfterQuantize", piped("[\"train\", \"quantize\", \"finetune\"]"), "E041",
                "\"finetune\"", "last"},
        Mistake{"PruneAfterQuantize", piped("[\"train\", \"quantize\", \"prune\"]"), "E041", "\"prune\"",
                "last"},
        Mistake{"TrainAfterPrune", piped("[\"prune\", \"train\"]"), "E041", "\"train\"", "finetune"},
        Mistake{"StageTwice", piped("[\"train\", \"train\"]"), "E041", "\"train\"", "twice"},
        Mistake{"DistillWithoutTeacher", piped("[\"distill\"]"), "E041", "\"distill\"", "teacher"},
        Mistake{"SweepOfAnAbsentStage", swept("\"prune.amount\" = [0.5]\n"), "E042", "\"prune.amount\"",
                "pipeline"},
        Mistake{"GroupTwice",
                kBasics + "[[group]]\nname = \"a\"\npipeline = []\n[[group]]\nname = \"a\"\npipeline = []\n",
                "E050", "\"a\"", "`a`"},
        Mistake{"GroupWithSettingsItDoesNotRead",
                kBasics + "[[group]]\nname = \"a\"\npipeline = []\nprune = { amount = 0.5 }\n", "E042",
                "prune", "pipeline"},
        Mistake{"EmptySweep", swept("\"train.epochs\" = []\n"), "E051", "[]", "no values"},
        Mistake{"RangeThatGoesNowhere", swept("\"train.epochs\" = { from = 1, to = 3, step = 0 }\n"), "E051",
                "{ from = 1, to = 3, step = 0 }", "step"},
        Mistake{"DrawnSweepOfAGrid", swept("\"train.learning_rate\" = { log_uniform = [1e-4, 1e-2] }\n"),
                "E015", "{ log_uniform = [1e-4, 1e-2] }", "strategy = \"random\""},
        Mistake{"RandomWithoutTrials", with("[search]\nstrategy = \"random\"\n"), "E014", "strategy",
                "trials = 50"},
        Mistake{"DrawnFromNoRange", drawn("\"train.learning_rate\" = { uniform = [0.2, 0.1] }\n"), "E051",
                "[0.2, 0.1]", "a below b"},
        Mistake{"DrawnFromOneNumber", drawn("\"train.learning_rate\" = { uniform = 0.2 }\n"), "E051", "0.2",
                "uniform = [a, b]"},
        Mistake{"LogOfZero", drawn("\"train.weight_decay\" = { log_uniform = [0.0, 0.1] }\n"), "E051", "0.0",
                "log_uniform"},
        Mistake{"DrawnFractionOfAWholeNumber", drawn("\"train.epochs\" = { uniform = [1, 5] }\n"), "E011",
                "{ uniform = [1, 5] }", "int = [a, b]"},
        Mistake{"DrawnOutOfRange", drawn("\"prune.amount\" = { uniform = [0.5, 1.5] }\n"), "E012", "1.5",
                "from 0 to 1"},
        Mistake{"TwoWaysToDraw",
                drawn("\"train.learning_rate\" = { uniform = [0.1, 0.2], log_uniform = [0.1, 0.2] }\n"),
                "E051", "log_uniform", "uniform = [a, b]"},
        Mistake{"ChoiceOfNothingListed", drawn("\"train.epochs\" = { choice = 3 }\n"), "E051",
                "{ choice = 3 }", "choice = ["},
        Mistake{"HalfALayer", with_model("name = \"mlp\"\ndepth = 2.5\n"), "E011", "2.5",
                "`mlp` must be a whole"},
        Mistake{"ChoiceOfNothing", drawn("\"train.epochs\" = { choice = [] }\n"), "E051", "{ choice = [] }",
                "choice = ["},
        Mistake{"ZipOfADrawnAxis",
                "zip = [[\"train.epochs\", \"model.width\"]]\n" +
                    drawn("\"train.epochs\" = [1, 2]\n\"model.width\" = { uniform = [0.5, 1.0] }\n"),
                "E052", "\"model.width\"", "list"},
        Mistake{"ZipOfUnequalLengths",
                "zip = [[\"train.epochs\", \"model.width\"]]\n" +
                    swept("\"train.epochs\" = [1, 2]\n\"model.width\" = [1.0, 2.0, 3.0]\n"),
                "E052", "[\"train.epochs\", \"model.width\"]", "same number"},
        Mistake{"ZipOfNoAxis",
                "zip = [[\"train.epochs\", \"model.width\"]]\n" + swept("\"train.epochs\" = [1, 2]\n"),
                "E052", "\"model.width\"", "zip"},
        Mistake{"TooManyTrials", swept("\"job.seed\" = { from = 1, to = 2000000, step = 1 }\n"), "E053",
                "\"job.seed\"", "1,000,000"},
        Mistake{"RepeatsAndSweptSeeds",
                "pipeline = []\n[job]\nname = \"t\"\nrepeats = 2\n" + kData + kModel +
                    "[sweep]\n\"job.seed\" = [1, 2]\n",
                "E015", "2", "seeds"}),
    name_of);

std::string required(const std::string& text) {
  return with("[target]\nrequire = " + text + "\n");
}

INSTANTIATE_TEST_SUITE_P(
    Targets, EveryMistake,
    testing::Values(
        Mistake{"TargetsKey", with("[target]\nrequires = 'cores > 1'\n"), "E010", "requires",
                "did you mean `require`?"},
        Mistake{"TargetOfAnotherType", required("4"), "E011", "4", "a text"},
        Mistake{"PreferenceThatIsNoList", with("[target]\nany_of = 'cores > 1'\n"), "E011", "'cores > 1'",
                "a list"},
        Mistake{"SweptTarget", swept("\"target.require\" = ['cores > 1']\n"), "E010", "\"target.require\"",
                "no key that can be swept"},
        Mistake{"UnknownFact", required("'cores > 1 && memry >= 4GiB'"), "E071", "memry",
                "did you mean `memory`?"},
        Mistake{"TypesOfFacts", required("'cores > 1 && arch < 3'"), "E072", "arch < 3", "`arch` is a text"},
        Mistake{"BrokenExpression", required("'cores >'"), "E070", "'", "missing at the end"},
        Mistake{"EmptyPreference", with("[target]\nany_of = ['cores > 1', '']\n"), "E070", "'", "empty"},
        Mistake{"InAListOfPreferences", with("[target]\nany_of = [\n  'cores > 1',  # ü\n  'core > 1',\n]\n"),
                "E071", "core", "did you mean `cores`?"},
        Mistake{"InAGroup",
                kBasics + "[[group]]\nname = \"a\"\npipeline = []\ntarget = { require = 'gpu' }\n", "E071",
                "gpu", "workers have no fact"},
        Mistake{"AfterEscapes", required(R"("arch != \"\u00fc\U0001F600\t\\\" && memry > 1")"), "E071",
                "memry", "`memory`"},
        Mistake{"WithEscapesInIt", required(R"("cores > 1 && arch < \"y\" && cores < 9")"), "E072",
                R"(arch < \"y\")", "no order"},
        Mistake{"InALiteralOfManyLines", required("'''\n  cores > 1\n  && memry > 1\n'''"), "E071", "memry",
                "`memory`"},
        Mistake{"InATextOfManyLines", required("\"\"\"\r\ncores > 1\r\n  && \\\n   memry > 1\"\"\""), "E071",
                "memry", "`memory`"},
        Mistake{"TermOverTwoLines", required("'''arch <\n3'''"), "E072", "arch <", "`arch` is a text"},
        Mistake{"NoTaskAtOnce", with("[limits]\nmax_parallel = 0\n"), "E012", "0", "from 1"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    NotYet, EveryMistake,
    testing::Values(
        Mistake{"QuantizeMethod", with("[quantize]\nmethod = \"qat\"\n"), "E060", "\"qat\"",
                "available: dynamic, static"},
        Mistake{"Bits", with("[quantize]\nbits = 4\n"), "E060", "4", "available: 8"},
        Mistake{"StructuredPruning", with("[prune]\nmethod = \"l1_structured\"\n"), "E060",
                "\"l1_structured\"", "available: l1_unstructured, random_unstructured"},
        Mistake{"Devices", with("[benchmark]\ndevice = [\"cpu\", \"cuda\"]\n"), "E060", "\"cuda\"",
                "available: cpu"},
        Mistake{"Device", with("[benchmark]\ndevice = \"cuda\"\n"), "E060", "\"cuda\"", "available: cpu"},
        Mistake{"LogitsViews", with("[distill]\nlogits_views = 4\n"), "E060", "4", "available: 1"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Syntax, EveryMistake,
    testing::Values(Mistake{"Toml", "[job\nname = 1\n", "E001", "\n", "TOML"},
                    Mistake{"InvalidUtf8", "[job]\nname = \"a\xff\"\n", "E002", "\xff", "UTF-8"},
                    Mistake{"OverlongUtf8", "[job]\nname = \"a\xc0\xaf\"\n", "E002", "\xc0", "UTF-8"},
                    Mistake{"HugeFile", std::string(1024 * 1024 + 1, '#'), "E003", "", "1 MiB"}),
    name_of);

TEST(Diagnostics, ADeepDottedKeyIsRefusedBeforeItCanOverflowTheStack) {
  std::string text = "a";
  for (int i = 0; i < 400000; ++i) text += ".a";
  const auto result = planned(text + " = 1\n");
  ASSERT_EQ(result.errors.size(), 1U);
  EXPECT_EQ(result.errors.front().code, "E003");
}

TEST(Diagnostics, DeeplyNestedListsAreASyntaxError) {
  const auto result = planned("a = " + std::string(100000, '[') + std::string(100000, ']') + "\n");
  ASSERT_EQ(result.errors.size(), 1U);
  EXPECT_EQ(result.errors.front().code, "E001");
}

TEST(Diagnostics, DotsInTextAndCommentsAreNoDeepKeys) {
  const std::string dots(200, '.');
  plan_of("pipeline = []\n# a" + dots + "\n[job]\nname = \"a" + dots + "\"\ndescription = '''" + dots +
          "\n''" + dots + "'''\n" + kData + kModel);
}

TEST(Diagnostics, AllErrorsAreReportedAtOnceInTheOrderOfTheFile) {
  const std::string text =
      "[job]\nname = 3\n[data]\ndataset = \"nope\"\n[model]\nname = \"nope\"\n[train]\nepoch = 1\noptimizer "
      "= \"nope\"\n"
      "[[group]]\nname = \"a\"\npipeline = [\"nope\"]\nsweep = { \"nope\" = [1] }\n";
  std::vector<std::string> codes;
  for (const auto& error : planned(text).errors) codes.push_back(error.code);
  EXPECT_THAT(codes, testing::ElementsAre("E011", "E030", "E020", "E010", "E013", "E040", "E010"));
}

TEST(Diagnostics, AllProblemsOfAllExpressionsAreReported) {
  const auto text =
      with("[target]\nrequire = 'core > 1 && isa == \"avx2\" && (cores = 1'\nany_of = ['x', 'arch < 3']\n");
  std::vector<std::string> all;
  for (const auto& error : planned(text).errors) all.push_back(error.code + " " + underlined(text, error));
  EXPECT_THAT(all, testing::ElementsAre("E071 core", "E072 isa == \"avx2\"", "E070 (", "E070 =", "E071 x",
                                        "E072 arch < 3"));
}

TEST(Diagnostics, AMissingDatasetPackageIsNamed) {
  auto surroundings = made_up_surroundings();
  surroundings.data = [](const std::string&) -> Result<std::string> {
    return Error{ErrorKind::not_found, "no folder", ""};
  };
  const auto errors = plan_job(with(""), surroundings).errors;
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(errors.front().code, "E031");
  EXPECT_THAT(errors.front().message, HasSubstr("the Debian package `dataset-fashion-mnist` is missing"));
  EXPECT_THAT(errors.front().help, HasSubstr("apt-get install dataset-fashion-mnist"));
}

TEST(Diagnostics, RenderLikeACompiler) {
  const std::string text = "[job]\nname = \"t\"\n\n[train]\n\tepoch = 3\n";
  const std::vector<Diagnostic> errors = {
      {"E010", "`train` has no key `epoch`", "did you mean `epochs`?", 5, 2, 7}};
  EXPECT_EQ(render(errors, "job.toml", text),
            "error[E010]: `train` has no key `epoch`\n"
            " --> job.toml:5:2\n"
            "  |\n"
            "5 | \tepoch = 3\n"
            "  | \t^^^^^\n"
            "  = help: did you mean `epochs`?\n"
            "\n1 error in job.toml\n");
}

TEST(Diagnostics, ColumnsCountCodePoints) {
  const std::string text = "pipeline = []\n" + kJob + kData + "[model]\nname = \"lenet5\" # ü\n\"ü\" = 1\n";
  const auto errors = planned(text).errors;
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(errors.front().column, 1);
  EXPECT_EQ(errors.front().end_column, 4);
}

TEST(Diagnostics, ASweepThatFailsInManyPointsIsBounded) {
  const auto errors =
      planned("pipeline = []\n" + kJob + kData +
              "[model]\nname = \"vit\"\n[sweep]\n\"model.patch\" = { from = 1, to = 64, step = 1 }\n"
              "\"train.epochs\" = [1]\n")
          .errors;
  EXPECT_FALSE(errors.empty());
  EXPECT_LE(errors.size(), 200U);
}

// One of each range of letters that toml++ looks at in its search for white space.
TEST(Diagnostics, ALetterThatMustBeQuotedIsASyntaxError) {
  for (const char* letter : {"\u00e4", "\u02fe", "\u16a0", "\u2100", "\u3042", "\ufe70", "\U0001f600"}) {
    const auto errors = planned(letter + std::string(" = 1\n")).errors;
    ASSERT_EQ(errors.size(), 1U) << letter;
    EXPECT_EQ(errors[0].code, "E001") << letter;
  }
}

TEST(Diagnostics, AHeaderWithoutAKeyIsASyntaxError) {
  for (const char* text : {"[[#x", "[#x]", "[ =]", "[a.]", "[", "[["}) {
    const auto errors = planned(text).errors;
    ASSERT_EQ(errors.size(), 1U) << text;
    EXPECT_EQ(errors[0].code, "E001") << text;
  }
}

}  // namespace
}  // namespace espalier::job
