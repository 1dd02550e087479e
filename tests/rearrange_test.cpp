// Copies in another order and padding: wrong calls with their messages, and what shares memory.
// Values and gradients: tests/torch_compat and the table of ops.
#include <gtest/gtest.h>

#include "tests/errors_support.h"

namespace gradus::rearrange_test {
using namespace wrong_calls;
namespace {

TEST(Rearrange, WrongCallsOfCopiesAreErrors) {
  expect_errors({
      {[] { ones({}).unbind(); }, "unbind: a tensor without dimensions has no parts"},
      {[] { x.unbind(2); }, "unbind: dimension 2 is out of range for a tensor of 2 dimensions"},
      {[] {
         zeros({int64_t{1} << 40, 0}).unbind();
       },
       "unbind: [1099511627776, 0] has 1099511627776 entries along dimension 0, at most 1048576 "
       "views "
       "are made"},
      {[] { unbind(undefined); }, kUndefined},
      {[] {
         zeros({int64_t{1} << 40, 0}).split(1);
       },
       "split: [1099511627776, 0] has 1099511627776 parts of size 1 along dimension 0, at most "
       "1048576 views are made"},
      {[] {
         zeros({0, int64_t{1} << 40}).chunk(int64_t{1} << 39, 1);
       },
       "chunk: [0, 1099511627776] has 549755813888 parts of size 2 along dimension 1, at most "
       "1048576 views are made"},
      {[] { x.tile(-1); }, "tile: numbers of repetitions are at least 0, got [1, -1]"},
      {[] { x.tile(kMost); },
       "tile: [2, 3] repeated [1, 9223372036854775807] times has more elements than can be "
       "counted"},
      {[] {
         x.tile({int64_t{1} << 57, 1});
       },
       "tile: a tensor of shape [288230376151711744, 3] has more elements than memory can hold"},
      {[] { x.roll({}); }, "roll: no shift is given"},
      {[] {
         x.roll({1, 2}, 0);
       },
       "roll: 2 shifts for 1 dimensions, got [1, 2] and [0]"},
      {[] {
         x.roll({1, 2});
       },
       "roll: 2 shifts for 0 dimensions, got [1, 2] and []"},
      {[] { x.roll(1, -3); }, "roll: dimension -3 is out of range for a tensor of 2 dimensions"},
      {[] { ones({}).roll(1, 0); }, "roll: a tensor without dimensions has no dimension 0"},
      {[] { roll(undefined, 1); }, kUndefined},
  });
}

TEST(Rearrange, WrongCallsOfRepeatInterleaveAreErrors) {
  expect_errors({
      {[] { x.repeat_interleave(-1); },
       "repeat_interleave: the repeats must be at least 0, got -1"},
      {[] { x.repeat_interleave(2, 2); },
       "repeat_interleave: dimension 2 is out of range for a tensor of 2 dimensions"},
      {[] { ones({}).repeat_interleave(2, 0); },
       "repeat_interleave: a tensor without dimensions has no dimension 0"},
      {[] { x.repeat_interleave(kMost, 0); },
       "repeat_interleave: [2, 3] repeated 9223372036854775807 times has more elements than can "
       "be counted"},
      {[] { x.repeat_interleave(2, 0, 5); },
       "repeat_interleave: output_size is 5, but there are 4 entries"},
      {[] { x.repeat_interleave(ids, 0, 5); },
       "repeat_interleave: output_size is 5, but there are 1 entries"},
      {[] { x.repeat_interleave(ids, 1); },
       "repeat_interleave: 2 repeats for the 3 entries of dimension 1 of [2, 3]"},
      {[] { x.repeat_interleave(ids); },
       "repeat_interleave: 2 repeats for the 6 entries of dimension 0 of [6]"},
      {[] { x.repeat_interleave(vector, 1); },
       "repeat_interleave: the repeats must be int64, got float32"},
      {[] { x.repeat_interleave(integers, 1); },
       "repeat_interleave: the repeats must be one number or a vector of them, got [2, 3]"},
      {[] {
         x.repeat_interleave(tensor({1, -2}), 0);
       },
       "repeat_interleave: the repeats must be at least 0, got -2"},
      {[] {
         x.repeat_interleave(tensor({kMost, 1}), 0);
       },
       "repeat_interleave: the sum of the repeats is more than can be counted"},
      {[] { repeat_interleave(integers); },
       "repeat_interleave: the repeats must be a vector, got [2, 3]"},
      {[] { x.repeat_interleave(undefined); }, kUndefined},
  });
}

TEST(Rearrange, WrongCallsOfPadAreErrors) {
  expect_errors({
      {[] { pad(x, 1); }, "pad: expected two numbers for each padded dimension, got [1]"},
      {[] {
         pad(vector, {1, 1, 1, 1});
       },
       "pad: [1, 1, 1, 1] has numbers for 2 dimensions, x is [3]"},
      {[] {
         pad(x, {-2, -2});
       },
       "pad: -2 and -2 cannot be added to the 3 entries of dimension 1 of [2, 3]"},
      {[] {
         pad(x, {-4, 5});
       },
       "pad: -4 and 5 cannot be added to the 3 entries of dimension 1 of [2, 3]"},
      {[] {
         pad(x, {kMost, 0});
       },
       "pad: 9223372036854775807 and 0 cannot be added to the 3 entries of dimension 1 of [2, 3]"},
      {[] {
         pad(x, {kMost - 9, 0}, "replicate");
       },
       "pad: a tensor of shape [2, 9223372036854775801] has more elements than can be counted"},
      {[] {
         pad(x, {kLeast, 0});
       },
       "pad: -9223372036854775808 and 0 cannot be added to the 3 entries of dimension 1 of [2, "
       "3]"},
      {[] {
         pad(integers, {1, 1}, "constant", 0.5);
       },
       "pad: an int64 tensor takes no fractional number, got 0.5"},
      {[] {
         pad(x, {1, 1}, "mirror");
       },
       R"(pad: the mode is "constant", "reflect", "replicate" or "circular", got "mirror")"},
      {[] {
         pad(x, {1, 1}, "reflect", 1);
       },
       "pad: mode reflect takes no value"},
      {[] {
         pad(vector, {1, 1}, "reflect");
       },
       "pad: mode reflect pads the last 1, 2 or 3 dimensions of (C, ...) or (N, C, ...), got [1, "
       "1] for x of shape [3]"},
      {[] {
         pad(x, {3, 0}, "reflect");
       },
       "pad: 3 and 0 are more than the 2 entries that mode reflect can add to dimension 1 of [2, "
       "3]"},
      {[] {
         pad(x, {-2, 2}, "circular");
       },
       "pad: -2 and 2 are more than the 1 entries that mode circular can add to dimension 1 of "
       "[2, 3]"},
      {[] {
         pad(zeros({2, 0}), {1, 1}, "replicate");
       },
       "pad: dimension 1 of [2, 0] has no entries to pad with"},
      {[] {
         pad(undefined, {1, 1});
       },
       kUndefined},
  });
}

TEST(Rearrange, UnboundEntriesAreViews) {
  const Tensor a = zeros({2, 3});
  a.unbind(1)[2].fill_(5);
  EXPECT_TRUE(equal(a, tensor({{0., 0., 5.}, {0., 0., 5.}})));
  EXPECT_TRUE(zeros({0, 2}).unbind().empty());
  EXPECT_EQ(zeros({3, 0}).unbind().size(), 3u);
}

TEST(Rearrange, OtherResultsAreCopies) {
  const Tensor a = ones({1, 2});
  for (const Tensor& y : {a.tile(1), a.tile({}), a.roll(0), a.roll(2, 1), a.repeat_interleave(1, 0),
                          a.repeat_interleave(tensor(1), 1), pad(a, {}), pad(a, {0, 0}),
                          pad(a, {0, 0}, "circular")}) {
    y.fill_(3);
    EXPECT_TRUE(equal(a, ones({1, 2})));
  }
}

// Copies of a dimension of size 1 could be made without memory, by a stride of 0.
TEST(Rearrange, CopiesAreNoViewsOfOneEntry) {
  const Tensor a = ones({2, 1});
  for (const Tensor& y :
       {a.repeat_interleave(2, 1), a.repeat_interleave(3, -1), a.repeat_interleave(2, 0),
        a.repeat_interleave(2), a.repeat_interleave(tensor(2), 1), a.repeat({1, 2}), a.tile({3, 1}),
        a[0].repeat_interleave(2), pad(a, {0, 0}, "replicate"), a.unsqueeze(0).repeat({2, 1, 1})}) {
    y.fill_(3);
    EXPECT_TRUE(equal(a, ones({2, 1})));
  }
}

TEST(Rearrange, LongRowsAreReversedInAnyDType) {
  for (const DType t : {kFloat32, kFloat64, kInt64, kBool}) {
    const Tensor numbers = bitwise_and(arange(3 * 257), 6).reshape({3, 257}).to(t);
    const Tensor y = numbers.flip(1);
    for (const int64_t i : {0, 1, 100, 255, 256})
      EXPECT_TRUE(equal(y.select(1, i), numbers.select(1, 256 - i))) << t << " " << i;
    EXPECT_TRUE(equal(y.flip(1), numbers));
    EXPECT_TRUE(equal(numbers.t().flip(0).t(), y));
  }
}

TEST(Rearrange, RollingNothingEndsAtOnce) {
  EXPECT_EQ(zeros({int64_t{1} << 57, 0}).roll(kMost, 0).sizes(), (Shape{int64_t{1} << 57, 0}));
  EXPECT_TRUE(equal(arange(5).roll(kLeast), arange(5).roll(-3)));
  EXPECT_TRUE(equal(arange(5).roll(kMost), arange(5).roll(2)));
}

}  // namespace
}  // namespace gradus::rearrange_test
