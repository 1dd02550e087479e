// What the grader says about common mistakes: the mistake in words, or the numbers that show it.
#include <gtest/gtest.h>

#ifdef EXERCISE_GRADER
#include "tests/exercise_support.h"

namespace exercise_diagnosis_test {
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
    {"the_scale_of_attention", "attention", "no_scale", {"the scores are not divided by sqrt(D)"}},
    {"the_root_in_attention",
     "attention",
     "scaled_by_D",
     {"the scores are divided by D, they must be"}},
    {"softmax_over_the_queries",
     "attention",
     "softmax_over_the_queries",
     {"softmax goes over the queries"}},
    {"the_scale_of_grouped_queries",
     "grouped_query_attention",
     "no_scale",
     {"the scores are not divided by sqrt(D)"}},
    {"the_mask_of_grouped_queries",
     "grouped_query_attention",
     "no_mask",
     {"there is no causal mask"}},
    {"the_scale_of_a_window",
     "sliding_window",
     "no_scale",
     {"the scores are not divided by sqrt(D)"}},
    {"the_mask_of_a_cache", "kv_cache", "no_mask", {"there is no causal mask"}},
    {"the_first_step_of_a_cache",
     "kv_cache",
     "is_causal_counts_from_0",
     {"step 1 sees step 0 only"}},
    {"all_rows_divide",
     "cross_entropy",
     "divides_by_all_rows",
     {"divided by all rows, ignored ones included"}},
    {"ignored_rows_count",
     "cross_entropy",
     "ignored_rows_count_as_class_0",
     {"count as if their target were class 0, and"}},
    {"another_ignored_index",
     "cross_entropy",
     "ignores_negative_targets_only",
     {"compare the targets with ignore_index"}},
    {"the_sum_of_losses", "cross_entropy", "sum_instead_of_mean", {"they must be averaged"}},
    {"softmax_over_the_rows",
     "cross_entropy",
     "softmax_down_the_batch",
     {"softmax goes over the rows"}},
    {"dloss_is_missing", "cross_entropy", "gradient_forgets_dloss", {"dloss is missing"}},
    {"the_gate_of_swiglu", "swiglu", "sigmoid_for_silu", {"the gate is sigmoid(W1 x)"}},
    {"the_other_branch_of_swiglu", "swiglu", "bends_the_other_branch", {"silu is applied to W3 x"}},
    {"the_product_of_swiglu", "swiglu", "bends_the_product", {"silu is applied to the product"}},
    {"the_sum_of_swiglu", "swiglu", "adds_the_branches", {"the branches are added"}},
    {"gelu_in_swiglu", "swiglu", "gelu_for_silu", {"the gate is gelu(W1 x)"}},
    {"the_base_of_positions", "sinusoidal_positions", "base_1000", {"the base is 1000"}},
    {"the_exponent_of_positions",
     "sinusoidal_positions",
     "half_the_exponent",
     {"it must be 2i / C"}},
    {"the_first_position", "sinusoidal_positions", "counts_from_one", {"counted from 1"}},
    {"halves_of_positions", "sinusoidal_positions", "in_two_halves", {"all sines come first"}},
    {"the_start_of_positions", "sinusoidal_positions", "start_ignored", {"start is not added"}},
    {"the_first_position_of_rope", "rope", "counts_from_1", {"counted from 1"}},
    {"the_pairs_of_rope", "rope", "halves_as_pairs", {"they must be neighbours"}},
    {"the_places_of_rope", "rope", "not_put_back_as_neighbours", {"must go back to their places"}},
    {"the_base_of_rope", "rope", "base_is_10000", {"base is not used"}},
    {"the_start_of_rope", "rope", "forgets_start", {"start is not added"}},
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
}  // namespace exercise_diagnosis_test
#endif
