// What TorchScript itself can reach from inside of the fence, and that work goes on there. Each case is a
// child that seals itself before LibTorch has started a thread.
#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <torch/script.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>

#include "worker/confinement/seal.hpp"

namespace espalier::runner {
namespace {

namespace fs = std::filesystem;

class SealedLibTorch : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!has_landlock()) GTEST_SKIP() << "this kernel has no Landlock, or a sanitizer a thread of its own";
    std::string name = (fs::temp_directory_path() / "confinement_test-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  void TearDown() override {
    if (!folder_.empty()) fs::remove_all(folder_);
  }

  [[nodiscard]] int sealed(const std::function<int()>& work) const {
    const pid_t child = ::fork();
    if (child == 0) {
      confinement::Fence fence;
      fence.folder = folder_;
      confinement::seal(fence, {});
      try {
        ::_exit(work());
      } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        ::_exit(100);
      }
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  static bool has_landlock() {
    const pid_t child = ::fork();
    if (child == 0) {
      const auto active = confinement::names_of_active(confinement::seal({}, {}));
      ::_exit(std::find(active.begin(), active.end(), "landlock") == active.end() ? 1 : 0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return status == 0;
  }

  static std::string failure_of(const std::string& source) {
    torch::jit::Module module("hostile");
    module.define(source);
    try {
      module.forward({torch::zeros({1})});
    } catch (const std::exception& error) {
      return error.what();
    }
    return "";
  }

  fs::path folder_;
};

TEST_F(SealedLibTorch, AScriptThatMapsAFileGetsNone) {
  constexpr const char* kSource =
      "def forward(self, x):\n  return torch.from_file('/etc/passwd', False, 10, dtype=0)\n";
  EXPECT_EQ(failure_of(kSource), "") << "outside of a fence it could";
  EXPECT_EQ(sealed([&] { return failure_of(kSource).find("ermission denied") != std::string::npos ? 0 : 1; }),
            0);
}

TEST_F(SealedLibTorch, AScriptThatSharesAFileMakesNoneOutsideOfItsFolder) {
  EXPECT_EQ(sealed([&] {
              return failure_of(
                         "def forward(self, x):\n  return torch.from_file('/tmp/espalier-hostile', True, 10, "
                         "dtype=0)\n")
                                 .find("ermission denied") != std::string::npos
                         ? 0
                         : 1;
            }),
            0);
}

TEST_F(SealedLibTorch, GradientsThreadsAndSavingWorkAsBefore) {
  EXPECT_EQ(sealed([&] {
              at::set_num_threads(2);
              auto weights = torch::randn({256, 256}, torch::requires_grad());
              torch::mm(weights, weights).relu().sum().backward();
              if (!weights.grad().defined()) return 1;
              torch::jit::Module module("kept");
              module.register_parameter("weights", weights.data(), false);
              module.define("def forward(self, x):\n  return x + self.weights\n");
              module.save((folder_ / "model.pt").string());
              return torch::jit::load((folder_ / "model.pt").string()).hasattr("weights") ? 0 : 2;
            }),
            0);
}

}  // namespace
}  // namespace espalier::runner
