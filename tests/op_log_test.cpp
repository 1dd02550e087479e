// autograd::OpLog: the results of ops.
#include "autograd/op_log.h"

#include <gtest/gtest.h>

#include "gradus.h"

namespace op_log_test {
using namespace gradus;
using autograd::OpLog;

namespace {

TEST(OpLog, ResultsInOrderWithTheirInputs) {
  const Tensor x = tensor({1.0, -2.0}).requires_grad_();
  const OpLog log;
  const Tensor squared = x * x;
  const Tensor y = relu(squared + 1).sum();
  std::vector<std::string_view> ops;
  for (const OpLog::Entry& entry : log.entries())
    ops.push_back(entry.op);
  EXPECT_EQ(ops, (std::vector<std::string_view>{"mul", "add", "relu", "sum"}));
  EXPECT_TRUE(log.entries()[0].result.is_same(squared));
  EXPECT_TRUE(log.entries()[0].inputs[0].is_same(x));
  EXPECT_TRUE(log.entries()[1].inputs[0].is_same(squared));
  EXPECT_EQ(log.entries()[1].inputs[1].item<double>(), 1);
  EXPECT_TRUE(log.entries()[3].result.is_same(y));
}

TEST(OpLog, WithoutGradientsButNotInBackward) {
  const Tensor x = tensor({1.0, 2.0}).requires_grad_();
  const OpLog log;
  {
    const NoGradGuard no_grad;
    exp(x);
    x.view({2, 1}).transpose(0, 1);
  }
  EXPECT_EQ(log.entries().size(), 3U);
  const Tensor y = (x * x).sum();
  const size_t before = log.entries().size();
  y.backward();
  EXPECT_EQ(log.entries().size(), before);
  EXPECT_EQ(x.grad()[1].item<double>(), 4);
}

TEST(OpLog, NestsAndEnds) {
  const Tensor x = ones(2);
  const OpLog outer;
  {
    const OpLog inner;
    exp(x);
    EXPECT_EQ(inner.entries().size(), 1U);
  }
  log(x);
  ASSERT_EQ(outer.entries().size(), 2U);
  EXPECT_EQ(outer.entries()[1].op, "log");
  EXPECT_TRUE(autograd::logs_ops());
}

TEST(OpLog, NothingIsLoggedAfterwards) {
  { const OpLog log; }
  EXPECT_FALSE(autograd::logs_ops());
  EXPECT_FALSE(observers::active());
}

TEST(OpLog, WorksBesideTheOtherTools) {
  const autograd::Profile profile;
  const autograd::DetectAnomalyGuard detect_anomaly;
  const OpLog log;
  EXPECT_THROW(sqrt(tensor({-1.0})), Error);
  EXPECT_EQ(log.entries().size(), 1U);  // also the result that is NaN
  EXPECT_EQ(profile.rows().size(), 1U);
}

}  // namespace
}  // namespace op_log_test
