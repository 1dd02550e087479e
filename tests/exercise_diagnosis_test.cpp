// What the grader says about common mistakes: the mistake in words, or the numbers that show it.
#include <gtest/gtest.h>

#ifdef EXERCISE_GRADER
#include "tests/exercise_support.h"

using namespace gradus;
using namespace gradus::grader;
using namespace gradus::grader::tests;

namespace {

/// A mutant of an exercise, or an answer, and what the message says about it.
struct Mistake {
  std::string name, exercise, mutant;
  std::vector<std::string> says;
  std::vector<std::string> does_not_say = {};
};
void PrintTo(const Mistake& mistake, std::ostream* out) { *out << mistake.name; }

const std::vector<Mistake> kMistakes{
    {"the_variance_of_layer_norm",
     "layer_norm",
     "dx_forgets_the_variance",
     {"yours - right is a multiple of x - mean(x): the gradient through the row's own variance is "
      "missing"}},
    {"the_mean_of_layer_norm", "layer_norm", "dx_forgets_the_mean", {"a sum or mean over it"}},
    {"mean_and_variance_of_layer_norm",
     "layer_norm",
     "dx_with_constant_mean_and_variance",
     {"the gradients through the row's own mean and variance are missing"}},
    {"the_weight_of_layer_norm",
     "layer_norm",
     "dx_forgets_the_weight",
     {"weight is missing: the gradient of n is dy * weight"}},
    {"x_for_n_in_layer_norm",
     "layer_norm",
     "weight_gets_x_instead_of_n",
     {"dy is multiplied by x; it must be multiplied by the normalised n"}},
    {"the_divisor_of_layer_norm",
     "layer_norm",
     "divides_by_one_less",
     {"the variance is divided by C - 1 instead of C"}},
    {"the_eps_of_layer_norm",
     "layer_norm",
     "eps_outside_the_root",
     {"it must be added under the root"}},
    {"one_mean_for_layer_norm",
     "layer_norm",
     "one_mean_for_all_rows",
     {"one mean and one variance for the whole tensor: each row needs its own"}},
    {"the_bias_of_layer_norm",
     "layer_norm",
     "mean_over_the_rows",
     {"the rows are averaged; they must be added"}},
    {"the_mean_of_rms_norm",
     "rms_norm",
     "subtracts_the_mean",
     {"the mean is subtracted from x: this is layer normalisation"}},
    {"the_sum_of_rms_norm", "rms_norm", "forgets_the_mean", {"the squares are added"}},
    {"one_mean_square_for_rms_norm",
     "rms_norm",
     "mean_of_everything",
     {"one mean square for the whole tensor: each row needs its own"}},
    {"one_maximum_for_softmax",
     "softmax",
     "one_maximum_for_all_rows",
     {"one maximum for the whole tensor: subtract each row's own", "yours [nan, nan, nan]"}},
    {"no_maximum_for_softmax",
     "softmax",
     "nothing_subtracted",
     {"exp of a large logit is infinite: subtract each row's maximum first"}},
    {"softmax_over_the_columns",
     "softmax",
     "over_the_wrong_dimension",
     {"the sum goes over the first dimension, it must go over the last"}},
    {"one_sum_for_softmax",
     "softmax",
     "normalised_over_everything",
     {"one sum for the whole tensor: each row needs its own"}},
    {"one_maximum_for_log_sum_exp",
     "log_sum_exp",
     "one_maximum_for_all_rows",
     {"one maximum for the whole tensor: subtract each row's own"}},
    {"the_maximum_is_not_added",
     "log_sum_exp",
     "maximum_not_added_again",
     {"the maximum that was subtracted must be added again"}},
    {"a_mean_in_log_sum_exp", "log_sum_exp", "mean_for_sum", {"a mean instead of the sum"}},
    {"nan_without_a_sign",
     "log_sum_exp",
     "nan_for_a_masked_row",
     {"yours nan, right -inf", "yours [nan, 0.6931]"}},
    {"the_inner_derivative_of_gelu",
     "gelu",
     "inner_derivative_forgotten",
     {"the derivative of the inner function, sqrt(2 / pi) (1 + 3 * 0.044715 x^2), is missing"}},
    {"the_product_rule_of_gelu", "gelu", "no_product_rule", {"of the product rule"}},
    {"the_cube_of_gelu",
     "gelu",
     "three_of_the_cube_forgotten",
     {"the derivative of x^3 is 3 x^2: the 3 is missing"}},
    {"a_window_off_by_one",
     "sliding_window",
     "one_step_too_many",
     {"a token attends to 2 tokens, one too many", "\n    x x . . .    . x . . .\n"},
     {"only the first step"}},
    {"a_window_that_hides_nothing",
     "sliding_window",
     "forgets_the_window",
     {"all earlier tokens, so the window hides none"}},
    {"zero_grad_is_missing",
     "training_loop",
     "zero_grad_is_missing",
     {"zero_grad is missing: the second step added the gradient of the first"}},
    {"zero_grad_before_the_loop",
     "training_loop",
     "zero_grad_once",
     {"zero_grad is missing: the second step added the gradient of the first"}},
    {"zero_grad_before_the_step",
     "training_loop",
     "zero_grad_after_backward",
     {"is step missing, or is the gradient cleared before it?"}},
    {"zero_grad_after_the_step",
     "training_loop",
     "zero_grad_at_the_end",
     {"zero_grad comes before backward, not after the step"}},
    {"heads_in_turn",
     "grouped_query_attention",
     "heads_in_turn",
     {"yours [0, 1, 2, 0, 1, 2]", "right [0, 0, 1, 1, 2, 2]"},
     {"only the first step", "only the last step"}},
};

class Diagnosis : public testing::TestWithParam<Mistake> {};
TEST_P(Diagnosis, NamesTheMistake) {
  const Grader grader(scratch("diagnosis_" + GetParam().name));
  const Exercise e = grader.exercises().find(GetParam().exercise);
  const std::string file = GetParam().mutant + ".cpp";
  const Verdict v =
      grader.grade(grader.mutant(e, grader.exercises().source / e.folder / "mutants" / file));
  EXPECT_EQ(v.outcome, Outcome::wrong) << in_words(v);
  for (const std::string& text : GetParam().says)
    EXPECT_NE(v.message.find(text), std::string::npos) << text << "\n" << in_words(v);
  for (const std::string& text : GetParam().does_not_say)
    EXPECT_EQ(v.message.find(text), std::string::npos) << in_words(v);
}
INSTANTIATE_TEST_SUITE_P(Exercises, Diagnosis, testing::ValuesIn(kMistakes),
                         [](const auto& mistake) { return mistake.param.name; });

/// The verdict on an RMSNorm whose body is this.
Verdict verdict_on_rms_norm(const std::string& body, const std::string& name) {
  return verdict_on("rms_norm",
                    include_of("rms_norm") +
                        "namespace mine {\n"
                        "Tensor rms_norm(const Tensor& x, const Tensor& weight, double eps) {\n" +
                        body + "\n}\n}\n",
                    name);
}

/// One number says nothing about a factor.
TEST(Diagnosis, OneNumberHasNoRatio) {
  const Grader grader(scratch("one_number"));
  const Exercise e = grader.exercises().find("training_loop");
  const Verdict v = grader.grade(grader.mutant(
      e, grader.exercises().source / e.folder / "mutants" / "loss_after_the_step.cpp"));
  EXPECT_EQ(v.outcome, Outcome::wrong) << in_words(v);
  EXPECT_EQ(v.message.find("yours / right"), std::string::npos) << in_words(v);
  EXPECT_TRUE(v.message.ends_with("wrong\n  yours 0.16, right 4")) << in_words(v);
}

TEST(Diagnosis, Float32InsideIsLostPrecisionAndNoFactor) {
  const Verdict v = verdict_on_rms_norm(
      "const Tensor y = x.to(kFloat32);\n"
      "return (y * rsqrt((y * y).mean(-1, true) + eps)).to(x.dtype()) * weight;",
      "float32_inside");
  EXPECT_EQ(v.outcome, Outcome::wrong) << in_words(v);
  EXPECT_NE(v.message.find("digits only: precision is lost (float32"), std::string::npos)
      << in_words(v);
  EXPECT_EQ(v.message.find("everywhere"), std::string::npos) << in_words(v);
}

TEST(Diagnosis, Float32InsideIsNamedWhereOnlyTheGradientShowsIt) {
  const Verdict v = verdict_on_rms_norm(
      "const Tensor y = x.to(kFloat32);\n"
      "return x * rsqrt((y * y).mean(-1, true) + eps).to(x.dtype()) * weight;",
      "float32_scale");
  EXPECT_EQ(v.outcome, Outcome::wrong) << in_words(v);
  EXPECT_EQ(first_line(v.message),
            "gradient of x: 'to' gives float32, which keeps 7 digits only, where x has 16: keep "
            "x's dtype");
}

}  // namespace
#endif
