// Properties that a layer must have, whatever its numbers are. Each function throws an Error if the
// property does not hold.
#pragma once
#include <functional>

#include "check/gradcheck.h"

namespace gradus {

/// A layer, or a function of one tensor.
using LayerFunction = std::function<Tensor(const Tensor& x)>;

/// Step t of f(x) depends on no later step of x: after a change of the steps after t, the results
/// up to t are the same to the last bit. `dim` is the dimension of the steps, in x and in f(x).
void expect_causal(const LayerFunction& f, const Tensor& x, int64_t dim = -2);

/// No weight is negative, and every row (last dimension) sums to one.
void expect_rows_sum_to_one(const Tensor& weights, double tolerance = 1e-6);

/// If the steps of x are permuted, the steps of f(x) are permuted in the same way: f does not
/// depend on positions.
void expect_permutation_equivariant(const LayerFunction& f, const Tensor& x, int64_t dim = -2,
                                    double tolerance = 1e-6);

/// f() depends on every element of every tensor in `inputs`: if one changes, so does the result.
void expect_depends_on(const std::function<Tensor()>& f, const std::vector<NamedInput>& inputs);

/// `with_cache`, called with one piece of x after the other, gives the same as `without_cache` for
/// all of x: it keeps what later pieces need in a cache. `pieces` are the sizes of the pieces along
/// `dim`; by default each has one step.
void expect_cache_equal(const LayerFunction& without_cache, const LayerFunction& with_cache,
                        const Tensor& x, int64_t dim = -2, std::vector<int64_t> pieces = {},
                        double tolerance = 1e-6);

}  // namespace gradus
