// The number format of a net's arithmetic, as `train.precision` and `benchmark.precision` name it.
#pragma once

#include <string>

namespace espalier::runner {

enum class Precision { fp32, bf16 };

// "fp32" or "bf16"; throws ErrorException for another one. `key` is the setting it comes from.
Precision precision_from(const std::string& name, const std::string& key);

// While it lives with bf16, the thread's matrix products and convolutions are done in bf16 and all that needs
// more is done in fp32; the weights' bf16 copies end with it. Nothing with fp32.
class Arithmetic {
 public:
  explicit Arithmetic(Precision precision);
  ~Arithmetic();
  Arithmetic(const Arithmetic&) = delete;
  Arithmetic& operator=(const Arithmetic&) = delete;

 private:
  Precision precision_;
};

}  // namespace espalier::runner
