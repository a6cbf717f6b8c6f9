// While a net is trained, its 3x3 convolutions of stride 1 and their gradients are computed by Winograd's
// filtering, with less than half of the multiplications of LibTorch's way.
#pragma once

namespace espalier::runner {

// While it lives, of the calling thread's convolutions on the CPU, those that gain are computed so: 3x3, of
// stride 1, fp32, channels innermost, in whole vectors of channels, with images large enough. A question of
// shapes, not of time: the same net is always trained alike. The others stay LibTorch's.
class QuickConvolutions {
 public:
  QuickConvolutions();
  ~QuickConvolutions();
  QuickConvolutions(const QuickConvolutions&) = delete;
  QuickConvolutions& operator=(const QuickConvolutions&) = delete;

 private:
  bool before_;
};

}  // namespace espalier::runner
