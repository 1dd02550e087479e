// Every op: a function of tensors that records its own gradient.
//
// For all of them: shapes broadcast as in PyTorch. Two tensors must have the same dtype. An integer
// argument takes the tensor's dtype; a fractional one needs a floating-point tensor. Shapes and
// dtypes that do not fit throw Error. `dim` counts from the end if it is negative.
#pragma once
#include "autograd/record.h"
#include "tensor/factories.h"
#include "tensor/indexing.h"

namespace gradus {

using std::nullopt;
/// PyTorch's name of std::optional.
template <class T>
using optional = std::optional<T>;
/// Several tensors.
using TensorList = std::vector<Tensor>;

namespace Reduction {
/// How a loss combines its terms.
enum Reduction : int64_t { None, Mean, Sum };
}  // namespace Reduction
/// The loss of each element.
inline constexpr Reduction::Reduction kNone = Reduction::None;
/// The mean of the losses.
inline constexpr Reduction::Reduction kMean = Reduction::Mean;
/// The sum of the losses.
inline constexpr Reduction::Reduction kSum = Reduction::Sum;

/// The number as a tensor without dimensions, of x's dtype. A fractional number and an int64 x do
/// not fit: that error names `op`.
Tensor number_like(const char* op, Scalar value, const Tensor& x);

// Elementwise (elementwise.cpp, remainder.cpp, nan_to_num.cpp)

/// a + alpha b
Tensor add(const Tensor& a, const Tensor& b, Scalar alpha = 1);
inline Tensor add(const Tensor& a, Scalar b, Scalar alpha = 1) {
  return add(a, number_like("add", b, a), alpha);
}
/// a - alpha b
Tensor sub(const Tensor& a, const Tensor& b, Scalar alpha = 1);
inline Tensor sub(const Tensor& a, Scalar b, Scalar alpha = 1) {
  return sub(a, number_like("sub", b, a), alpha);
}
/// a b
Tensor mul(const Tensor& a, const Tensor& b);
inline Tensor mul(const Tensor& a, Scalar b) { return mul(a, number_like("mul", b, a)); }
/// a / b, for floating-point tensors.
Tensor div(const Tensor& a, const Tensor& b);
inline Tensor div(const Tensor& a, Scalar b) { return div(a, number_like("div", b, a)); }
/// x to the power of `exponent`. int64 to a negative power throws.
Tensor pow(const Tensor& x, const Tensor& exponent);
Tensor pow(const Tensor& x, Scalar exponent);
inline Tensor pow(Scalar x, const Tensor& exponent) {
  return pow(number_like("pow", x, exponent), exponent);
}
/// -x
Tensor neg(const Tensor& x);
/// e^x
Tensor exp(const Tensor& x);
/// The natural logarithm.
Tensor log(const Tensor& x);
/// The logarithm to base 2.
Tensor log2(const Tensor& x);
/// log(1 + x), with all digits for a small x.
Tensor log1p(const Tensor& x);
/// e^x - 1, with all digits for a small x.
Tensor expm1(const Tensor& x);
/// The error function, 2 / sqrt(pi) times the integral of e^(-t^2) from 0 to x.
Tensor erf(const Tensor& x);
/// x^2; of a bool tensor it is int64.
Tensor square(const Tensor& x);
/// The square root.
Tensor sqrt(const Tensor& x);
/// 1 / sqrt(x)
Tensor rsqrt(const Tensor& x);
/// The sine of x in radians.
Tensor sin(const Tensor& x);
/// The cosine of x in radians.
Tensor cos(const Tensor& x);
/// The hyperbolic tangent, (e^x - e^-x) / (e^x + e^-x).
Tensor tanh(const Tensor& x);
/// 1 / (1 + e^-x)
Tensor sigmoid(const Tensor& x);
/// max(x, 0); the gradient at 0 is 0.
Tensor relu(const Tensor& x);
/// x Phi(x), with the normal CDF Phi (Hendrycks and Gimpel 2016). "tanh" is their approximation,
/// used by GPT-2: 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))).
Tensor gelu(const Tensor& x, const std::string& approximate = "none");
/// x sigmoid(x)
Tensor silu(const Tensor& x);
/// x where it is above 0, else negative_slope x (Maas et al. 2013).
Tensor leaky_relu(const Tensor& x, Scalar negative_slope = 0.01);
/// scale x where x is above 0, else scale alpha (e^(input_scale x) - 1) (Clevert et al. 2016).
Tensor elu(const Tensor& x, double alpha = 1, double scale = 1, double input_scale = 1);
/// log(1 + e^(beta x)) / beta, a smooth relu; where beta x is above the threshold, x.
Tensor softplus(const Tensor& x, double beta = 1, double threshold = 20);
/// |x|; the gradient at 0 is 0.
Tensor abs(const Tensor& x);
/// min(max(x, `min`), `max`), with at least one bound; the gradient passes at the bounds, too. A
/// bound that is NaN gives NaN.
Tensor clamp(const Tensor& x, std::optional<Scalar> min = {}, std::optional<Scalar> max = {});
/// The larger of a and b, or NaN if one is NaN. If they are equal, each gets half of the gradient;
/// if one is NaN, each gets all of it, as in PyTorch.
Tensor maximum(const Tensor& a, const Tensor& b);
inline Tensor max(const Tensor& a, const Tensor& b) { return maximum(a, b); }
/// The smaller of a and b, like maximum.
Tensor minimum(const Tensor& a, const Tensor& b);
inline Tensor min(const Tensor& a, const Tensor& b) { return minimum(a, b); }
/// The remainder of a / b with the sign of b, as % in Python: a - b floor(a / b). An int64 divided
/// by 0 throws.
Tensor remainder(const Tensor& a, const Tensor& b);
inline Tensor remainder(const Tensor& a, Scalar b) {
  return remainder(a, number_like("remainder", b, a));
}
inline Tensor remainder(Scalar a, const Tensor& b) {
  return remainder(number_like("remainder", a, b), b);
}
/// The remainder with the sign of a, as fmod and % in C: a - b trunc(a / b).
Tensor fmod(const Tensor& a, const Tensor& b);
inline Tensor fmod(const Tensor& a, Scalar b) { return fmod(a, number_like("fmod", b, a)); }
/// x with `nan` (default 0) for NaN, `posinf` (the largest number of the dtype) for infinity and
/// `neginf` (the lowest) for -infinity.
Tensor nan_to_num(const Tensor& x, std::optional<double> nan = {},
                  std::optional<double> posinf = {}, std::optional<double> neginf = {});
/// x as a new tensor of the graph that shares its memory: the identity.
Tensor alias(const Tensor& x);

// Rounding (rounding.cpp): the gradient is 0. Integers stay as they are.

/// 1, 0 or -1; 0 for NaN. Any dtype.
Tensor sign(const Tensor& x);
/// The largest integer that is at most x.
Tensor floor(const Tensor& x);
/// The smallest integer that is at least x.
Tensor ceil(const Tensor& x);
/// The nearest integer; of two equally near ones the even one.
Tensor round(const Tensor& x);
/// x without its fraction.
Tensor trunc(const Tensor& x);

// Comparisons and logic (compare.cpp): the result is bool and has no gradient

/// a == b
Tensor eq(const Tensor& a, const Tensor& b);
inline Tensor eq(const Tensor& a, Scalar b) { return eq(a, number_like("eq", b, a)); }
/// a != b
Tensor ne(const Tensor& a, const Tensor& b);
inline Tensor ne(const Tensor& a, Scalar b) { return ne(a, number_like("ne", b, a)); }
/// a < b
Tensor lt(const Tensor& a, const Tensor& b);
inline Tensor lt(const Tensor& a, Scalar b) { return lt(a, number_like("lt", b, a)); }
/// a <= b
Tensor le(const Tensor& a, const Tensor& b);
inline Tensor le(const Tensor& a, Scalar b) { return le(a, number_like("le", b, a)); }
/// a > b
Tensor gt(const Tensor& a, const Tensor& b);
inline Tensor gt(const Tensor& a, Scalar b) { return gt(a, number_like("gt", b, a)); }
/// a >= b
Tensor ge(const Tensor& a, const Tensor& b);
inline Tensor ge(const Tensor& a, Scalar b) { return ge(a, number_like("ge", b, a)); }
/// Whether x is 0; any dtype.
Tensor logical_not(const Tensor& x);
/// Whether neither a nor b is 0; any dtypes.
Tensor logical_and(const Tensor& a, const Tensor& b);
/// Whether one of a and b is not 0; any dtypes.
Tensor logical_or(const Tensor& a, const Tensor& b);

/// Whether x is NaN.
Tensor isnan(const Tensor& x);
/// Whether x is infinity or -infinity.
Tensor isinf(const Tensor& x);
/// Whether x is neither infinite nor NaN.
Tensor isfinite(const Tensor& x);

// Bits (bitwise.cpp): of two int64 tensors, or the logical op of two bool tensors; no gradient

/// a and b
Tensor bitwise_and(const Tensor& a, const Tensor& b);
inline Tensor bitwise_and(const Tensor& a, Scalar b) {
  return bitwise_and(a, number_like("bitwise_and", b, a));
}
/// a or b
Tensor bitwise_or(const Tensor& a, const Tensor& b);
inline Tensor bitwise_or(const Tensor& a, Scalar b) {
  return bitwise_or(a, number_like("bitwise_or", b, a));
}
/// either a or b
Tensor bitwise_xor(const Tensor& a, const Tensor& b);
inline Tensor bitwise_xor(const Tensor& a, Scalar b) {
  return bitwise_xor(a, number_like("bitwise_xor", b, a));
}
/// not x: all bits of an int64 inverted, which is -x - 1.
Tensor bitwise_not(const Tensor& x);

// Choosing elements by a mask (compare.cpp)

/// a where the condition (bool) is true, else b. All three broadcast.
Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b);
inline Tensor where(const Tensor& condition, const Tensor& a, Scalar b) {
  return where(condition, a, number_like("where", b, a));
}
inline Tensor where(const Tensor& condition, Scalar a, const Tensor& b) {
  return where(condition, number_like("where", a, b), b);
}
/// float32 if one of the numbers is fractional, else their own dtype, or int64 if these differ.
Tensor where(const Tensor& condition, Scalar a, Scalar b);
/// x with `value` where the mask (bool, broadcast to x's shape) is true.
Tensor masked_fill(const Tensor& x, const Tensor& mask, Scalar value);
Tensor masked_fill(const Tensor& x, const Tensor& mask, const Tensor& value);
/// The lower triangle of a matrix or of each in a batch: x[..., i, j] where j <= i + diagonal, else
/// 0.
Tensor tril(const Tensor& x, int64_t diagonal = 0);
/// The upper triangle: x[..., i, j] where j >= i + diagonal, else 0.
Tensor triu(const Tensor& x, int64_t diagonal = 0);

// Dtypes and copies (convert.cpp)

/// x converted to the dtype; x itself if it has that dtype. int64 and bool have no gradient.
Tensor to(const Tensor& x, DType t);
/// A copy in memory of its own. Its dimensions have the same order in memory, without gaps.
Tensor clone(const Tensor& x);
/// x itself if its elements are in row-major order without gaps, else a copy that is.
Tensor contiguous(const Tensor& x);

// Views (views.cpp): other sizes and strides over the same memory

/// The same elements in row-major order with other sizes; one of them may be -1 and is then
/// computed. Throws if x's strides do not allow it.
Tensor view(const Tensor& x, const Shape& sizes);
/// view, or if x's strides do not allow it, the view of a copy.
Tensor reshape(const Tensor& x, const Shape& sizes);
/// x with two dimensions exchanged.
Tensor transpose(const Tensor& x, int64_t dim0, int64_t dim1);
/// The transpose of a matrix. A vector or a tensor without dimensions is returned as it is.
Tensor t(const Tensor& x);
/// Dimension i of the result is dimension dims[i] of x.
Tensor permute(const Tensor& x, const Shape& dims);
/// x with a new dimension of size 1 at `dim`.
Tensor unsqueeze(const Tensor& x, int64_t dim);
/// x without its dimensions of size 1.
Tensor squeeze(const Tensor& x);
/// x without the dimension `dim` if that has size 1.
Tensor squeeze(const Tensor& x, int64_t dim);
/// Dimensions of size 1, and new ones on the left, repeated to the given sizes without a copy; -1
/// keeps a size.
Tensor expand(const Tensor& x, const Shape& sizes);
/// The dimensions from start_dim to end_dim merged into one.
Tensor flatten(const Tensor& x, int64_t start_dim = 0, int64_t end_dim = -1);

// Diagonals (diagonal.cpp)

/// The entries [i, i + offset] of dimensions dim1 and dim2, as the last dimension. A view.
Tensor diagonal(const Tensor& x, int64_t offset = 0, int64_t dim1 = 0, int64_t dim2 = 1);
/// The diagonal of a matrix, a copy; or the matrix of zeros with the vector x on its diagonal. It
/// is `diagonal` above the main one.
Tensor diag(const Tensor& x, int64_t diagonal = 0);
/// The sum of the diagonal of a matrix.
Tensor trace(const Tensor& x);

// Parts of a tensor, and tensors made of parts (slice.cpp)

/// x[index] along dim, without that dimension. A view.
Tensor select(const Tensor& x, int64_t dim, int64_t index);
/// `length` entries along dim from `start`. A view.
Tensor narrow(const Tensor& x, int64_t dim, int64_t start, int64_t length);
/// x[start:end:step] along dim, where bounds may be missing, negative or too large, as in Python. A
/// view. The step must be positive.
Tensor slice(const Tensor& x, int64_t dim = 0, std::optional<int64_t> start = {},
             std::optional<int64_t> end = {}, int64_t step = 1);
/// At most `chunks` views of ceil(size / chunks) entries along dim; the last may be smaller. An
/// empty dimension gives `chunks` empty views.
std::vector<Tensor> chunk(const Tensor& x, int64_t chunks, int64_t dim = 0);
/// Views of `size` entries along dim; the last may be smaller.
std::vector<Tensor> split(const Tensor& x, int64_t size, int64_t dim = 0);
/// Views of the given sizes along dim, which must add up to x's size.
std::vector<Tensor> split(const Tensor& x, const std::vector<int64_t>& sizes, int64_t dim = 0);
/// The entries of x along dim, without that dimension. Views.
std::vector<Tensor> unbind(const Tensor& x, int64_t dim = 0);
/// The tensors one after the other along dim. Their other sizes must agree.
Tensor cat(const std::vector<Tensor>& tensors, int64_t dim = 0);
/// The tensors along a new dimension `dim`. Their shapes must agree.
Tensor stack(const std::vector<Tensor>& tensors, int64_t dim = 0);

// Rearranged copies (rearrange.cpp, pad.cpp)

/// x in reverse order along each of the dimensions.
Tensor flip(const Tensor& x, const Shape& dims);
/// x repeated repeats[i] times along dimension i. More repeats than dimensions add new ones on the
/// left.
Tensor repeat(const Tensor& x, const Shape& repeats);
/// x repeated dims[i] times along dimension i, counted from the last one.
Tensor tile(const Tensor& x, const Shape& dims);
/// Entry i of dimension dims[k] moved to i + shifts[k], and from the end on to the start. Without
/// dims, x is flattened, and gets its shape back.
Tensor roll(const Tensor& x, const Shape& shifts, const Shape& dims = {});
/// Each entry along dim `repeats` times, one after the other. Without dim, x is flattened. If
/// output_size is given, it must be the number of entries of the result.
Tensor repeat_interleave(const Tensor& x, int64_t repeats, std::optional<int64_t> dim = {},
                         std::optional<int64_t> output_size = {});
/// Entry i repeats[i] times (int64). One number holds for all.
Tensor repeat_interleave(const Tensor& x, const Tensor& repeats, std::optional<int64_t> dim = {},
                         std::optional<int64_t> output_size = {});
/// i repeats[i] times, for a vector of int64: {1, 0, 2} gives {0, 2, 2}. No gradient.
Tensor repeat_interleave(const Tensor& repeats, std::optional<int64_t> output_size = {});
/// x with `padding` = {before, after} more entries in its last dimension, or {before, after,
/// before, after} with the last dimension first, and so on. Negative numbers remove entries. The
/// new ones are `value` (0 by default) for mode "constant". The modes "reflect" (2 1 | 0 1 2),
/// "replicate" (0 0 | 0 1 2) and "circular" (1 2 | 0 1 2) pad all but the first 1 or 2 dimensions.
Tensor pad(const Tensor& x, const Shape& padding, const std::string& mode = "constant",
           std::optional<Scalar> value = {});

// Reductions (reduce.cpp, statistics.cpp, product.cpp, sort.cpp): over the dimensions `dim`, or
// over all if it is empty. keepdim keeps them with size 1. A dtype converts x first.

/// The sum. For bool and int64 it is int64.
Tensor sum(const Tensor& x, const Shape& dim = {}, bool keepdim = false,
           std::optional<DType> dtype = {});
inline Tensor sum(const Tensor& x, DType dtype) { return sum(x, {}, false, dtype); }
/// The product of all elements. For bool and int64 it is int64. The gradient is right also where x
/// is 0.
Tensor prod(const Tensor& x, std::optional<DType> dtype = {});
/// The product along dim.
Tensor prod(const Tensor& x, int64_t dim, bool keepdim = false, std::optional<DType> dtype = {});
/// sum(x) / n, for floating-point tensors.
Tensor mean(const Tensor& x, const Shape& dim = {}, bool keepdim = false,
            std::optional<DType> dtype = {});
inline Tensor mean(const Tensor& x, DType dtype) { return mean(x, {}, false, dtype); }
/// The variance, sum((x - mean)^2) / (n - 1), or / n if not unbiased.
Tensor var(const Tensor& x, const Shape& dim, bool unbiased = true, bool keepdim = false);
template <std::same_as<bool> Bool = bool>
Tensor var(const Tensor& x, Bool unbiased = true) {
  return var(x, Shape{}, unbiased);
}
/// The standard deviation, sqrt(var(x)).
Tensor std(const Tensor& x, const Shape& dim, bool unbiased = true, bool keepdim = false);
template <std::same_as<bool> Bool = bool>
Tensor std(const Tensor& x, Bool unbiased = true) {
  return std(x, Shape{}, unbiased);
}
/// The largest element, or NaN if there is one. Equal ones share the gradient, and so do NaNs.
Tensor max(const Tensor& x);
/// The smallest element, like max.
Tensor min(const Tensor& x);
/// (values, indices) of the largest elements along dim. The gradient goes to the index, which is
/// the first among equal ones.
std::tuple<Tensor, Tensor> max(const Tensor& x, int64_t dim, bool keepdim = false);
/// (values, indices) of the smallest elements along dim, like max.
std::tuple<Tensor, Tensor> min(const Tensor& x, int64_t dim, bool keepdim = false);
/// The largest elements. Equal ones share the gradient.
Tensor amax(const Tensor& x, const Shape& dim = {}, bool keepdim = false);
/// The smallest elements, like amax.
Tensor amin(const Tensor& x, const Shape& dim = {}, bool keepdim = false);
/// Whether an element is not 0; NaN is not 0. Any dtype; the result is bool and has no gradient.
Tensor any(const Tensor& x);
/// The same over the dimensions `dim`. No dimension means none here, not all.
Tensor any(const Tensor& x, const Shape& dim, bool keepdim = false);
/// Whether no element is 0, like any.
Tensor all(const Tensor& x);
Tensor all(const Tensor& x, const Shape& dim, bool keepdim = false);
/// The index (int64) of the largest element along dim, or without dim in the flattened tensor; the
/// first among equal ones.
Tensor argmax(const Tensor& x, std::optional<int64_t> dim = {}, bool keepdim = false);
/// The index of the smallest element, like argmax.
Tensor argmin(const Tensor& x, std::optional<int64_t> dim = {}, bool keepdim = false);
/// log(sum(exp(x))), without overflow.
Tensor logsumexp(const Tensor& x, const Shape& dim, bool keepdim = false);
/// The p-norm (sum |x|^p)^(1/p), with gradient 0 at 0. p = 0 counts the elements that are not 0;
/// p = infinity is the largest |x|, p = -infinity the smallest.
Tensor norm(const Tensor& x, Scalar p = 2);
Tensor norm(const Tensor& x, std::optional<Scalar> p, const Shape& dim, bool keepdim = false);
/// The running sum along dim: y[i] = x[0] + ... + x[i].
Tensor cumsum(const Tensor& x, int64_t dim, std::optional<DType> dtype = {});
/// (values, indices) of the k largest elements along dim, or of the k smallest, in order.
std::tuple<Tensor, Tensor> topk(const Tensor& x, int64_t k, int64_t dim = -1, bool largest = true,
                                bool sorted = true);
/// (values, indices) of the elements along dim in order, NaN after all numbers (or first, if
/// descending). Equal ones keep their order, also if this is not asked for by stable = true.
std::tuple<Tensor, Tensor> sort(const Tensor& x, int64_t dim = -1, bool descending = false);
std::tuple<Tensor, Tensor> sort(const Tensor& x, std::optional<bool> stable, int64_t dim = -1,
                                bool descending = false);
/// The indices that sort gives.
Tensor argsort(const Tensor& x, int64_t dim = -1, bool descending = false);
template <std::same_as<bool> Bool>
Tensor argsort(const Tensor& x, Bool /*stable*/, int64_t dim = -1, bool descending = false) {
  return argsort(x, dim, descending);
}
/// The sum of x over the dimensions that broadcasting from `sizes` to x's shape added or repeated.
Tensor sum_to(const Tensor& x, const Shape& sizes);

// Matrix products (matmul.cpp, einsum.cpp)

/// (..., M, K) x (..., K, N) -> (..., M, N), where the leading dimensions broadcast. A vector is a
/// row on the left and a column on the right, and the result does not have that dimension.
Tensor matmul(const Tensor& a, const Tensor& b);
/// (M, K) x (K, N) -> (M, N), without broadcasting.
Tensor mm(const Tensor& a, const Tensor& b);
/// (B, M, K) x (B, K, N) -> (B, M, N), without broadcasting.
Tensor bmm(const Tensor& a, const Tensor& b);
/// Einstein summation: "bij,bjk->bik" names the dimensions of each operand and of the result. Equal
/// letters have the same index, those missing in the result are summed, and an operand with a
/// letter twice gives its diagonal. "..." is for the other dimensions, which broadcast. Without
/// "->", the result has the letters that occur once, in alphabetical order. The operands are
/// multiplied from left to right by matmul.
Tensor einsum(const std::string& equation, const std::vector<Tensor>& operands);
/// a b^T of two vectors: (M) x (N) -> (M, N)
Tensor outer(const Tensor& a, const Tensor& b);
/// x W^T + b: x (..., in), weight (out, in), bias (out) or none -> (..., out). All have the same
/// dtype, or x is float32 and the weight (and the bias, if it is not float32) bfloat16.
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {});

// Lists of indices (indexing.cpp): x.index({...}) and x.index_put_({...}, value) take integers,
// slices and more, see tensor/indexing.h. The functions here take one tensor for each dimension,
// int64 or bool, where nullopt selects all of a dimension. A negative index counts from the end.

/// x[ids, mask, ...] as in NumPy: index tensors broadcast together, and their dimensions replace
/// the indexed ones, or come first if other dimensions are in between. A copy.
Tensor index(const Tensor& x, const std::vector<std::optional<Tensor>>& indices);
/// x with x[ids, mask, ...] = values, or += if `accumulate`. The values broadcast. Without
/// `accumulate`, the last of several values for one element is written, and each gets the gradient.
Tensor index_put(const Tensor& x, const std::vector<std::optional<Tensor>>& indices,
                 const Tensor& values, bool accumulate = false);
/// The same in place.
Tensor index_put_(const Tensor& x, const std::vector<std::optional<Tensor>>& indices,
                  const Tensor& values, bool accumulate = false);
/// The indices of the elements that are not 0: (...) -> (n, dim) int64. No gradient.
Tensor nonzero(const Tensor& x);
/// The elements of x where the mask (bool) is true, in row-major order; both broadcast. A vector.
Tensor masked_select(const Tensor& x, const Tensor& mask);

// Indices (index.cpp): an index outside its range throws

/// The entries of x along dim whose numbers are in `index` (int64, one dimension).
Tensor index_select(const Tensor& x, int64_t dim, const Tensor& index);
/// For dim 0: y[i][j] = x[index[i][j]][j], and so on. y has the shape of the index (int64).
Tensor gather(const Tensor& x, int64_t dim, const Tensor& index);
/// For dim 0: x with source[i][j] added to x[index[i][j]][j], and so on. The gradient of gather.
Tensor scatter_add(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source);
/// Rows of a table: weight (V, C), indices (...) int64 -> (..., C). Those of a bfloat16 table are
/// float32.
Tensor embedding(const Tensor& weight, const Tensor& indices);
/// (...) int64 -> (..., num_classes) int64: 1 at the index, 0 elsewhere. -1 means max(indices) + 1.
Tensor one_hot(const Tensor& indices, int64_t num_classes = -1);
/// Indices drawn with probabilities proportional to p: (V) -> (num_samples), (B, V) -> (B,
/// num_samples). No gradient.
Tensor multinomial(const Tensor& p, int64_t num_samples, bool replacement = false);

// Neural networks (neural.cpp, activations.cpp, losses.cpp, elementwise_losses.cpp, attention.cpp)

/// exp(x) / sum(exp(x)) along dim. A dtype converts x first.
Tensor softmax(const Tensor& x, int64_t dim, std::optional<DType> dtype = {});
/// log(softmax(x)) along dim, without overflow.
Tensor log_softmax(const Tensor& x, int64_t dim, std::optional<DType> dtype = {});
/// (x - mean) / sqrt(var + eps) * weight + bias, with mean and (biased) variance over the last
/// dimensions, whose sizes are normalized_shape (Ba et al. 2016).
Tensor layer_norm(const Tensor& x, const Shape& normalized_shape, const Tensor& weight = {},
                  const Tensor& bias = {}, double eps = 1e-5);
/// x / sqrt(mean(x^2) + eps) * weight over the last dimensions, which have the sizes
/// normalized_shape (Zhang and Sennrich 2019). The default of eps is the dtype's distance from 1 to
/// the next number.
Tensor rms_norm(const Tensor& x, const Shape& normalized_shape, const Tensor& weight = {},
                std::optional<double> eps = {});
/// In training each element is 0 with probability p, else x / (1 - p); otherwise x (Srivastava et
/// al. 2014).
Tensor dropout(const Tensor& x, double p, bool train);
/// -log(softmax(logits)[target]): logits (N, V) with target (N) int64, (V) with (), or (N, V, d...)
/// with (N, d...). Targets equal to ignore_index do not count. weight (V) scales each class. Label
/// smoothing mixes the target with the uniform distribution (Szegedy et al. 2016). A floating-point
/// target has the shape of the logits and gives the probability of each class.
Tensor cross_entropy(const Tensor& logits, const Tensor& target, const Tensor& weight = {},
                     int64_t reduction = Reduction::Mean, int64_t ignore_index = -100,
                     double label_smoothing = 0);
/// PyTorch's options of cross_entropy.
struct CrossEntropyOptions {
  Tensor weight = {};           // (V); default: every class counts 1
  int64_t ignore_index = -100;  // a target that does not count
  int64_t reduction = Reduction::Mean;
  double label_smoothing = 0;  // from 0 (none) to 1; 0.1 is common
};
Tensor cross_entropy(const Tensor& logits, const Tensor& target,
                     const CrossEntropyOptions& options);
/// cross_entropy for scores that are log-probabilities already: -log_probs[target].
Tensor nll_loss(const Tensor& log_probs, const Tensor& target, const Tensor& weight = {},
                int64_t reduction = Reduction::Mean, int64_t ignore_index = -100);
/// (a - b)^2; the shapes must be equal.
Tensor mse_loss(const Tensor& a, const Tensor& b, int64_t reduction = Reduction::Mean);
/// |x - target|; like mse_loss.
Tensor l1_loss(const Tensor& x, const Tensor& target, int64_t reduction = Reduction::Mean);
/// (x - target)^2 / 2 where |x - target| is at most delta, else delta (|x - target| - delta / 2)
/// (Huber 1964); like mse_loss.
Tensor huber_loss(const Tensor& x, const Tensor& target, int64_t reduction = Reduction::Mean,
                  double delta = 1);
/// huber_loss / beta with delta = beta; for beta = 0 it is l1_loss.
Tensor smooth_l1_loss(const Tensor& x, const Tensor& target, int64_t reduction = Reduction::Mean,
                      double beta = 1);
/// -(target log x + (1 - target) log(1 - x)) times the weight, which broadcasts. x and target are
/// probabilities of the same shape; a logarithm is at least -100.
Tensor binary_cross_entropy(const Tensor& x, const Tensor& target, const Tensor& weight = {},
                            int64_t reduction = Reduction::Mean);
/// binary_cross_entropy of sigmoid(logits), which is exact for large logits, too. `pos_weight`
/// multiplies the term of the target; both weights broadcast.
Tensor binary_cross_entropy_with_logits(const Tensor& logits, const Tensor& target,
                                        const Tensor& weight = {}, const Tensor& pos_weight = {},
                                        int64_t reduction = Reduction::Mean);
/// target (log target - log_probs), of each element; 0 log 0 is 0. With log_target, target is given
/// as its logarithm. The mean divides by the number of elements, not of distributions.
Tensor kl_div(const Tensor& log_probs, const Tensor& target, int64_t reduction = Reduction::Mean,
              bool log_target = false);
/// sum(a b) / (|a| |b|) along dim, where no norm is below eps. The shapes broadcast.
Tensor cosine_similarity(const Tensor& a, const Tensor& b, int64_t dim = 1, double eps = 1e-8);
/// softmax(q k^T * scale + mask) v, where scale is 1 / sqrt(D) by default (Vaswani et al. 2017):
/// q (..., L, D), k (..., S, D), v (..., S, Dv) -> (..., L, Dv). attn_mask broadcasts to (..., L,
/// S): a bool mask says which keys take part, a floating-point one is added to the scores. With
/// is_causal row i sees the keys 0 ... i. A row that sees no key gives zeros.
Tensor scaled_dot_product_attention(const Tensor& q, const Tensor& k, const Tensor& v,
                                    const Tensor& attn_mask = {}, double dropout_p = 0,
                                    bool is_causal = false, std::optional<double> scale = {});
/// softmax along the last dimension of scores in which -inf hides entries. A row that is all -inf
/// gives zeros.
Tensor masked_softmax(const Tensor& scores);

// Operators

#define GRADUS_OPERATOR(sign, op)                                                    \
  inline Tensor operator sign(const Tensor& a, const Tensor& b) { return op(a, b); } \
  inline Tensor operator sign(const Tensor& a, Scalar b) { return op(a, b); }        \
  inline Tensor operator sign(Scalar a, const Tensor& b) { return op(number_like(#op, a, b), b); }
GRADUS_OPERATOR(+, add)
GRADUS_OPERATOR(-, sub)
GRADUS_OPERATOR(*, mul)
GRADUS_OPERATOR(/, div)
GRADUS_OPERATOR(%, remainder)
GRADUS_OPERATOR(&, bitwise_and)
GRADUS_OPERATOR(|, bitwise_or)
GRADUS_OPERATOR(^, bitwise_xor)
#undef GRADUS_OPERATOR

/// The same as bitwise_not
inline Tensor operator~(const Tensor& x) { return bitwise_not(x); }

// `mirrored` is the comparison with exchanged sides: 1 < x is x > 1.
#define GRADUS_COMPARISON(sign, op, mirrored)                                        \
  inline Tensor operator sign(const Tensor& a, const Tensor& b) { return op(a, b); } \
  inline Tensor operator sign(const Tensor& a, Scalar b) { return op(a, b); }        \
  inline Tensor operator sign(Scalar a, const Tensor& b) { return mirrored(b, a); }
GRADUS_COMPARISON(==, eq, eq)
GRADUS_COMPARISON(!=, ne, ne)
GRADUS_COMPARISON(<, lt, gt)
GRADUS_COMPARISON(<=, le, ge)
GRADUS_COMPARISON(>, gt, lt)
GRADUS_COMPARISON(>=, ge, le)
#undef GRADUS_COMPARISON

}  // namespace gradus
