// Profile measures time and memory of each op, forward and backward.
#include "autograd/profile.h"

#include <chrono>
#include <sstream>
#include <thread>

#include "autograd/engine.h"
#include "autograd/function.h"
#include "tests/engine_support.h"

namespace gradus::profile_test {
namespace {

using autograd::Profile;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

constexpr double kWait = 0.05;
void wait() { std::this_thread::sleep_for(std::chrono::duration<double>(kWait)); }

Profile::Row row(const Profile& profile, const std::string& op) {
  for (const Profile::Row& found : profile.rows())
    if (found.op == op) return found;
  return {op, {}, {}};
}

TEST(Profile, CountsCallsAndBytesForwardAndBackward) {
  const Tensor x = full({1000}, 0.5, kFloat64).requires_grad_();
  const Profile profile;
  for (int i = 0; i < 3; ++i)
    (x.exp().view({10, 100}).t() * x.view({100, 10})).sum().backward();
  EXPECT_EQ(row(profile, "exp").forward.calls, 3);
  EXPECT_EQ(row(profile, "exp").forward.bytes, 3 * 8000);
  EXPECT_EQ(row(profile, "exp").backward.calls, 3);
  EXPECT_GE(row(profile, "exp").backward.bytes, 3 * 8000);
  EXPECT_EQ(row(profile, "mul").forward.calls, 3);  // the products inside a backward do not count
  EXPECT_EQ(row(profile, "mul").forward.bytes, 3 * 8000);
  EXPECT_EQ(row(profile, "mul").backward.bytes, 2 * 3 * 8000);
  EXPECT_EQ(row(profile, "view").forward.calls, 6);
  EXPECT_EQ(row(profile, "view").forward.bytes, 0);
  EXPECT_EQ(row(profile, "sum").forward.bytes, 3 * 8);
  EXPECT_GT(row(profile, "exp").forward.seconds, 0);
  EXPECT_GT(row(profile, "exp").backward.seconds, 0);
}

TEST(Profile, CountsOpsThatAreNotRecordedAndWritesInPlace) {
  const Profile profile;
  const Tensor x = ones({1000}, kFloat64);
  x.exp();
  x.add_(1);
  x.copy_(x * 2);
  x.normal_();
  EXPECT_EQ(row(profile, "exp").forward.calls, 1);
  for (const char* op : {"add_", "copy_", "normal_"}) {
    EXPECT_EQ(row(profile, op).forward.calls, 1) << op;
    EXPECT_GT(row(profile, op).forward.seconds, 0) << op;
  }
}

TEST(Profile, DoesNotCountTheTimeBetweenOps) {
  const Tensor x = full({1000}, 0.5, kFloat64).requires_grad_();
  const Profile profile;
  const Clock::time_point start = Clock::now();
  wait();
  const Tensor y = x.exp();
  wait();
  const Tensor unused = empty({10});
  wait();
  const Tensor z = y * 2;
  z.sum().backward();
  const double whole = seconds_since(start);
  double seconds = 0;
  for (const Profile::Row& found : profile.rows())
    seconds += found.forward.seconds + found.backward.seconds;
  EXPECT_LE(seconds, whole - 3 * kWait);
}

/// Its backward takes long, and runs another slow backward inside.
struct Slow : autograd::Function<Slow> {
  static Tensor forward(autograd::AutogradContext* ctx, const Tensor& x, bool nested) {
    ctx->saved_data["nested"] = nested;
    return x * 1;
  }
  static autograd::tensor_list backward(autograd::AutogradContext* ctx, autograd::tensor_list dy) {
    wait();
    if (ctx->saved_data["nested"].toBool()) {
      const AutoGradMode record_inside(true);
      Slow::apply(leaf({1., 2.}), false).sum().backward();
    }
    return {dy[0], Tensor()};
  }
};

TEST(Profile, CountsTheTimeOfANestedBackwardOnce) {
  const Tensor x = leaf({1., 2.});
  const Tensor y = Slow::apply(x, true).sum();
  const Profile profile;
  const Clock::time_point start = Clock::now();
  y.backward();
  const double whole = seconds_since(start);
  EXPECT_EQ(row(profile, "Slow").backward.calls, 2);
  EXPECT_GE(row(profile, "Slow").backward.seconds, 2 * kWait);
  EXPECT_LE(row(profile, "Slow").backward.seconds, whole);  // counted twice, it is kWait more
}

TEST(Profile, BelongsToItsThreadAndItsBlock) {
  const Tensor x = ones({10});
  const Profile outer;
  {
    const Profile inner;
    x.exp();
    EXPECT_EQ(row(inner, "exp").forward.calls, 1);
  }
  x.exp();
  std::thread([&] { x.exp(); }).join();
  EXPECT_EQ(row(outer, "exp").forward.calls, 2);
}

TEST(Profile, IsPrintedAsATable) {
  const Tensor x = full({1000, 1000}, 0.5).requires_grad_();
  const Profile profile;
  x.exp().sum().backward();
  std::ostringstream out;
  out << profile;
  std::istringstream lines(out.str());
  std::string line;
  std::getline(lines, line);
  EXPECT_EQ(line, "op      forward         ms         MB  backward         ms         MB");
  const size_t width = line.size();
  size_t count = 0;
  for (; std::getline(lines, line); ++count)
    EXPECT_EQ(line.size(), width) << line;
  EXPECT_EQ(count, 3u);  // exp, sum, total
  EXPECT_NE(out.str().find("\ntotal "), std::string::npos);
  EXPECT_NE(out.str().find(" 4.000 "), std::string::npos) << out.str();
}

}  // namespace
}  // namespace gradus::profile_test
