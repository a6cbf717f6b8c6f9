// Winograd's transforms along one dimension, with the points 0, 1, -1 (2, -2) and infinity.
#pragma once

namespace espalier::runner::winograd {

// Into a function that is compiled for the vectors of one CPU.
#define ESPALIER_INLINE inline __attribute__((always_inline))

// From kTile + 2 inputs and 3 weights to kTile results; an array's elements lie `step` apart. The gradient of
// the weights goes the transposed ways: `of_gradient` is that of `of_output`, `to_weights` that of
// `of_weights`.
template <int kTile>
struct Transform;

template <>
struct Transform<2> {
  template <typename Vector>
  static ESPALIER_INLINE void of_weights(const Vector* in, Vector* out, int step) {
    const Vector ends = in[0] + in[2 * step];
    out[0] = in[0];
    out[step] = 0.5F * (ends + in[step]);
    out[2 * step] = 0.5F * (ends - in[step]);
    out[3 * step] = in[2 * step];
  }
  template <typename Vector>
  static ESPALIER_INLINE void of_input(const Vector* in, Vector* out, int step) {
    out[0] = in[0] - in[2 * step];
    out[step] = in[step] + in[2 * step];
    out[2 * step] = in[2 * step] - in[step];
    out[3 * step] = in[3 * step] - in[step];
  }
  template <typename Vector>
  static ESPALIER_INLINE void of_output(const Vector* in, Vector* out, int step) {
    out[0] = in[0] + in[step] + in[2 * step];
    out[step] = in[step] - in[2 * step] + in[3 * step];
  }
};

template <>
struct Transform<4> {
  static constexpr float kSixth = 1.0F / 6, kTwelfth = 1.0F / 12, kTwentyFourth = 1.0F / 24;

  template <typename Vector>
  static ESPALIER_INLINE void of_weights(const Vector* in, Vector* out, int step) {
    const Vector a = in[0], b = in[step], c = in[2 * step];
    const Vector even_of_one = kSixth * (a + c), odd_of_one = kSixth * b;
    const Vector even_of_two = kTwentyFourth * a + kSixth * c, odd_of_two = kTwelfth * b;
    out[0] = 0.25F * a;
    out[step] = -even_of_one - odd_of_one;
    out[2 * step] = odd_of_one - even_of_one;
    out[3 * step] = even_of_two + odd_of_two;
    out[4 * step] = even_of_two - odd_of_two;
    out[5 * step] = c;
  }
  template <typename Vector>
  static ESPALIER_INLINE void to_weights(const Vector* in, Vector* out, int step) {
    const Vector sum_of_one = in[step] + in[2 * step], difference_of_one = in[2 * step] - in[step];
    const Vector sum_of_two = in[3 * step] + in[4 * step], difference_of_two = in[3 * step] - in[4 * step];
    out[0] = 0.25F * in[0] - kSixth * sum_of_one + kTwentyFourth * sum_of_two;
    out[step] = kSixth * difference_of_one + kTwelfth * difference_of_two;
    out[2 * step] = kSixth * (sum_of_two - sum_of_one) + in[5 * step];
  }
  template <typename Vector>
  static ESPALIER_INLINE void of_input(const Vector* in, Vector* out, int step) {
    const Vector a = in[0], b = in[step], c = in[2 * step];
    const Vector d = in[3 * step], e = in[4 * step], f = in[5 * step];
    const Vector even_of_one = e - 4.0F * c, odd_of_one = d - 4.0F * b;
    const Vector even_of_two = e - c, odd_of_two = 2.0F * (d - b);
    out[0] = 4.0F * a - 5.0F * c + e;
    out[step] = even_of_one + odd_of_one;
    out[2 * step] = even_of_one - odd_of_one;
    out[3 * step] = even_of_two + odd_of_two;
    out[4 * step] = even_of_two - odd_of_two;
    out[5 * step] = 4.0F * b - 5.0F * d + f;
  }
  template <typename Vector>
  static ESPALIER_INLINE void of_output(const Vector* in, Vector* out, int step) {
    const Vector sum_of_one = in[step] + in[2 * step], difference_of_one = in[step] - in[2 * step];
    const Vector sum_of_two = in[3 * step] + in[4 * step], difference_of_two = in[3 * step] - in[4 * step];
    out[0] = in[0] + sum_of_one + sum_of_two;
    out[step] = difference_of_one + 2.0F * difference_of_two;
    out[2 * step] = sum_of_one + 4.0F * sum_of_two;
    out[3 * step] = difference_of_one + 8.0F * difference_of_two + in[5 * step];
  }
  template <typename Vector>
  static ESPALIER_INLINE void of_gradient(const Vector* in, Vector* out, int step) {
    const Vector a = in[0], b = in[step], c = in[2 * step], d = in[3 * step];
    const Vector even_of_one = a + c, odd_of_one = b + d;
    const Vector even_of_two = a + 4.0F * c, odd_of_two = 2.0F * b + 8.0F * d;
    out[0] = a;
    out[step] = even_of_one + odd_of_one;
    out[2 * step] = even_of_one - odd_of_one;
    out[3 * step] = even_of_two + odd_of_two;
    out[4 * step] = even_of_two - odd_of_two;
    out[5 * step] = d;
  }
};

}  // namespace espalier::runner::winograd
