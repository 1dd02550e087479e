// What a layer promises beside its numbers: each function throws Error with a full sentence if it
// does not hold.
#pragma once
#include <functional>

#include "check/gradcheck.h"

namespace gradus {

using Layer = std::function<Tensor(const Tensor& x)>;

/// Step t of f(x) depends on no later step of x: changing the steps after t leaves the results up
/// to t as they are, to the last bit. Steps are counted along `dim` of x and of f(x).
void expect_causal(const Layer& f, const Tensor& x, int64_t dim = -2);

/// No weight is negative, and every row (last dimension) sums to one.
void expect_rows_sum_to_one(const Tensor& weights, double tolerance = 1e-6);

/// f with the steps of x in another order gives the same results in that order: f sees no
/// positions.
void expect_permutation_equivariant(const Layer& f, const Tensor& x, int64_t dim = -2,
                                    double tolerance = 1e-6);

/// f() depends on every element of every tensor in `on`: moving one moves the result.
void expect_depends_on(const std::function<Tensor()>& f, const std::vector<Checked>& on);

/// `step` called with one piece of x after the other, keeping what it needs in its cache, gives
/// what `whole` gives for all of x. The pieces have the lengths given along `dim`; none given is
/// one step at a time.
void expect_cache_equal(const Layer& whole, const Layer& step, const Tensor& x, int64_t dim = -2,
                        std::vector<int64_t> pieces = {}, double tolerance = 1e-6);

}  // namespace gradus
