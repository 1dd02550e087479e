// Every op: a function of tensors that records how its gradient flows. Shapes broadcast as in
// PyTorch; two tensors must have one dtype; a whole number takes the tensor's dtype, a fractional
// one a floating-point tensor's.
#pragma once
#include "autograd/node.h"
#include "tensor/factories.h"

namespace gradus {

using std::nullopt;
template <class T>
using optional = std::optional<T>;
using TensorList = std::vector<Tensor>;

/// What a loss does with its terms.
namespace Reduction {
enum Reduction : int64_t { None, Mean, Sum };
}

// elementwise.cpp
/// a + alpha b
Tensor add(const Tensor& a, const Tensor& b, Scalar alpha = 1);
/// a - alpha b
Tensor sub(const Tensor& a, const Tensor& b, Scalar alpha = 1);
Tensor mul(const Tensor& a, const Tensor& b);
/// a / b, for floating-point tensors.
Tensor div(const Tensor& a, const Tensor& b);
/// x to the power of `exponent`. int64 to a negative power is an error.
Tensor pow(const Tensor& x, const Tensor& exponent);
Tensor pow(const Tensor& x, Scalar exponent);
Tensor neg(const Tensor& x);
Tensor exp(const Tensor& x);
/// Natural logarithm.
Tensor log(const Tensor& x);
Tensor sqrt(const Tensor& x);
/// 1 / sqrt(x)
Tensor rsqrt(const Tensor& x);
Tensor tanh(const Tensor& x);
/// 1 / (1 + exp(-x))
Tensor sigmoid(const Tensor& x);
/// max(x, 0); the gradient at 0 is 0.
Tensor relu(const Tensor& x);
/// x Phi(x), Phi the normal distribution's (Hendrycks and Gimpel 2016); "tanh" is their
/// approximation, which GPT-2 uses: 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))).
Tensor gelu(const Tensor& x, const std::string& approximate = "none");
/// x sigmoid(x)
Tensor silu(const Tensor& x);
Tensor sin(const Tensor& x);
Tensor cos(const Tensor& x);
/// |x|; the gradient at 0 is 0.
Tensor abs(const Tensor& x);
/// x kept between min and max, `max` winning; the gradient passes at the bounds.
Tensor clamp(const Tensor& x, std::optional<Scalar> min = {}, std::optional<Scalar> max = {});
/// The larger of a and b; equal ones share the gradient. NaN wins.
Tensor maximum(const Tensor& a, const Tensor& b);
Tensor minimum(const Tensor& a, const Tensor& b);
/// x with a history of its own: the identity.
Tensor alias(const Tensor& x);

// select.cpp: comparisons, masks, choices; results of comparisons are bool and need no gradients
Tensor eq(const Tensor& a, const Tensor& b);
Tensor ne(const Tensor& a, const Tensor& b);
Tensor lt(const Tensor& a, const Tensor& b);
Tensor le(const Tensor& a, const Tensor& b);
Tensor gt(const Tensor& a, const Tensor& b);
Tensor ge(const Tensor& a, const Tensor& b);
Tensor logical_not(const Tensor& x);
Tensor logical_and(const Tensor& a, const Tensor& b);
Tensor logical_or(const Tensor& a, const Tensor& b);
/// a where the condition (bool) holds, else b.
Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b);
/// x with `value` where the mask (bool, broadcast to x) holds.
Tensor masked_fill(const Tensor& x, const Tensor& mask, Scalar value);
Tensor masked_fill(const Tensor& x, const Tensor& mask, const Tensor& value);
/// The matrices' lower triangle, zeros above; `diagonal` moves the border up.
Tensor tril(const Tensor& x, int64_t diagonal = 0);
/// The upper triangle, zeros below.
Tensor triu(const Tensor& x, int64_t diagonal = 0);
Tensor to(const Tensor& x, DType t);
Tensor clone(const Tensor& x);
Tensor contiguous(const Tensor& x);

// views.cpp: other sizes and strides over the same memory
/// The same elements in row-major order under other sizes; one size may be -1. Throws if x's
/// strides do not allow it.
Tensor view(const Tensor& x, const Shape& sizes);
/// view, or the view of a copy.
Tensor reshape(const Tensor& x, const Shape& sizes);
Tensor transpose(const Tensor& x, int64_t dim0, int64_t dim1);
/// The transpose of a matrix; anything smaller as it is.
Tensor t(const Tensor& x);
/// y's dimension i is x's dimension dims[i].
Tensor permute(const Tensor& x, const Shape& dims);
/// A new dimension of size 1.
Tensor unsqueeze(const Tensor& x, int64_t dim);
/// Without the dimensions of size 1, or without this one if its size is 1.
Tensor squeeze(const Tensor& x);
Tensor squeeze(const Tensor& x, int64_t dim);
/// Repeats dimensions of size 1 without copying; -1 keeps a size.
Tensor expand(const Tensor& x, const Shape& sizes);
/// x[index] along dim, which goes away.
Tensor select(const Tensor& x, int64_t dim, int64_t index);
/// `length` entries along dim from `start`.
Tensor narrow(const Tensor& x, int64_t dim, int64_t start, int64_t length);
/// x[start:end:step] along dim, with Python's reading of missing, negative and too large bounds;
/// step is positive.
Tensor slice(const Tensor& x, int64_t dim = 0, std::optional<int64_t> start = {},
             std::optional<int64_t> end = {}, int64_t step = 1);
/// Pieces of ceil(size / chunks) along dim: at most `chunks` of them.
std::vector<Tensor> chunk(const Tensor& x, int64_t chunks, int64_t dim = 0);
/// Pieces of `size` along dim, the last one smaller.
std::vector<Tensor> split(const Tensor& x, int64_t size, int64_t dim = 0);
/// Pieces of the given sizes, which must add up.
std::vector<Tensor> split(const Tensor& x, const std::vector<int64_t>& sizes, int64_t dim = 0);
/// The dimensions from start_dim to end_dim as one.
Tensor flatten(const Tensor& x, int64_t start_dim = 0, int64_t end_dim = -1);
/// The tensors one behind the other along dim; the other sizes agree.
Tensor cat(const std::vector<Tensor>& tensors, int64_t dim = 0);
/// The tensors, of one shape, along a new dimension.
Tensor stack(const std::vector<Tensor>& tensors, int64_t dim = 0);

// reduce.cpp
/// The sum over dims (all, if empty); of bool and int64 it is int64. A dtype converts x first, here
/// as everywhere.
Tensor sum(const Tensor& x, const Shape& dim = {}, bool keepdim = false,
           std::optional<DType> dtype = {});
Tensor mean(const Tensor& x, const Shape& dim = {}, bool keepdim = false,
            std::optional<DType> dtype = {});
inline Tensor sum(const Tensor& x, DType dtype) { return sum(x, {}, false, dtype); }
inline Tensor mean(const Tensor& x, DType dtype) { return mean(x, {}, false, dtype); }
/// sum((x - mean)^2) / (n - 1), or / n when not unbiased.
Tensor var(const Tensor& x, const Shape& dim, bool unbiased = true, bool keepdim = false);
Tensor std(const Tensor& x, const Shape& dim, bool unbiased = true, bool keepdim = false);
template <std::same_as<bool> Bool = bool>
Tensor var(const Tensor& x, Bool unbiased = true) {
  return var(x, Shape{}, unbiased);
}
template <std::same_as<bool> Bool = bool>
Tensor std(const Tensor& x, Bool unbiased = true) {
  return std(x, Shape{}, unbiased);
}
/// The largest element; equal ones share the gradient. NaN wins.
Tensor max(const Tensor& x);
Tensor min(const Tensor& x);
/// (values, indices) along dim; of equal ones the first, which alone gets the gradient.
std::tuple<Tensor, Tensor> max(const Tensor& x, int64_t dim, bool keepdim = false);
std::tuple<Tensor, Tensor> min(const Tensor& x, int64_t dim, bool keepdim = false);
/// The largest over dims (all, if empty); equal ones share the gradient.
Tensor amax(const Tensor& x, const Shape& dim = {}, bool keepdim = false);
Tensor amin(const Tensor& x, const Shape& dim = {}, bool keepdim = false);
/// Where the largest is, the first of equal ones; without dim in the flattened tensor. int64.
Tensor argmax(const Tensor& x, std::optional<int64_t> dim = {}, bool keepdim = false);
Tensor argmin(const Tensor& x, std::optional<int64_t> dim = {}, bool keepdim = false);
/// log(sum(exp(x))) without overflow.
Tensor logsumexp(const Tensor& x, const Shape& dim, bool keepdim = false);
/// (sum |x|^p)^(1/p); p = 0 counts what is not zero, p = +-infinity is the largest or smallest |x|.
/// Gradient 0 at 0.
Tensor norm(const Tensor& x, Scalar p = 2);
Tensor norm(const Tensor& x, std::optional<Scalar> p, const Shape& dim, bool keepdim = false);
/// y[i] = x[0] + ... + x[i] along dim.
Tensor cumsum(const Tensor& x, int64_t dim, std::optional<DType> dtype = {});
/// (values, indices) of the k largest, or smallest, along dim, in order.
std::tuple<Tensor, Tensor> topk(const Tensor& x, int64_t k, int64_t dim = -1, bool largest = true,
                                bool sorted = true);
/// Summed over the dimensions that broadcasting `sizes` to x's shape added or stretched.
Tensor sum_to(const Tensor& x, const Shape& sizes);

// matmul.cpp
/// The matrix product (..., M, K) x (..., K, N) -> (..., M, N), leading dimensions broadcast. A
/// vector is a row on the left and a column on the right, and its dimension goes away.
Tensor matmul(const Tensor& a, const Tensor& b);
/// (M) x (N) -> (M, N)
Tensor outer(const Tensor& a, const Tensor& b);
/// x W^T + b: x (..., in), weight (out, in), bias (out) or none -> (..., out)
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {});

// index.cpp
/// The entries of x along dim that `index` (int64, one dimension) names.
Tensor index_select(const Tensor& x, int64_t dim, const Tensor& index);
/// y[i][j] = x[index[i][j]][j] for dim 0, and so on; y has the shape of index.
Tensor gather(const Tensor& x, int64_t dim, const Tensor& index);
/// x with source[i][j] added at [index[i][j]][j] for dim 0, and so on.
Tensor scatter_add(const Tensor& x, int64_t dim, const Tensor& index, const Tensor& source);
/// Rows of weight (V, C): indices (...) int64 -> (..., C).
Tensor embedding(const Tensor& weight, const Tensor& indices);
/// (...) int64 -> (..., num_classes) of zeros with a one at each index; -1 means the largest index
/// + 1.
Tensor one_hot(const Tensor& indices, int64_t num_classes = -1);
/// Indices drawn with probabilities proportional to p, (categories) or (rows, categories).
Tensor multinomial(const Tensor& p, int64_t num_samples, bool replacement = false);

// neural.cpp, attention.cpp
/// exp(x) / sum(exp(x)) along dim.
Tensor softmax(const Tensor& x, int64_t dim, std::optional<DType> dtype = {});
Tensor log_softmax(const Tensor& x, int64_t dim, std::optional<DType> dtype = {});
/// (x - mean) / sqrt(var + eps) * weight + bias over the last dimensions, those of normalized_shape
/// (Ba et al. 2016).
Tensor layer_norm(const Tensor& x, const Shape& normalized_shape, const Tensor& weight = {},
                  const Tensor& bias = {}, double eps = 1e-5);
/// In training: 0 with probability p, else x / (1 - p) (Srivastava et al. 2014).
Tensor dropout(const Tensor& x, double p, bool train);
/// -log softmax(logits)[target]: logits (N, V), target (N) int64 of class numbers; also (V) with a
/// number and (N, V, d...) with (N, d...). Targets equal to ignore_index count for nothing; weight
/// (V) scales classes.
Tensor cross_entropy(const Tensor& logits, const Tensor& target, const Tensor& weight = {},
                     int64_t reduction = Reduction::Mean, int64_t ignore_index = -100,
                     double label_smoothing = 0);
struct CrossEntropyOptions {
  Tensor weight = {};
  int64_t ignore_index = -100;
  int64_t reduction = Reduction::Mean;
  double label_smoothing = 0;
};
Tensor cross_entropy(const Tensor& logits, const Tensor& target,
                     const CrossEntropyOptions& options);
/// The same from log-probabilities: -log_probs[target].
Tensor nll_loss(const Tensor& log_probs, const Tensor& target, const Tensor& weight = {},
                int64_t reduction = Reduction::Mean, int64_t ignore_index = -100);
/// (a - b)^2
Tensor mse_loss(const Tensor& a, const Tensor& b, int64_t reduction = Reduction::Mean);
/// softmax(q k^T / sqrt(D) + mask) v (Vaswani et al. 2017): q (..., L, D), k (..., S, D), v (...,
/// S, Dv) -> (..., L, Dv). attn_mask broadcasts to (..., L, S): bool says who takes part, numbers
/// are added. is_causal: row i sees columns 0 ... i. A row that may see nothing gives zeros.
Tensor scaled_dot_product_attention(const Tensor& q, const Tensor& k, const Tensor& v,
                                    const Tensor& attn_mask = {}, double dropout_p = 0,
                                    bool is_causal = false, std::optional<double> scale = {});
/// softmax along the last dimension, of rows in which -inf hides entries: zeros for a row that is
/// hidden entirely.
Tensor masked_softmax(const Tensor& scores);

}  // namespace gradus

#include "autograd/scalar_ops.h"
