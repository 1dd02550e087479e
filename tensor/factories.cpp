#include "tensor/factories.h"

#include <atomic>
#include <cmath>
#include <numeric>

#include "tensor/kernels/arithmetic.h"
#include "tensor/kernels/elementwise.h"
#include "tensor/random.h"
#include "tensor/strided.h"

namespace gradus {
namespace {

// Made before main: a child of fork() would wait forever for a thread that was just making them.
[[maybe_unused]] const Generator& generator_made_early = default_generator();
[[maybe_unused]] const kernels::ForkSafeMutex& mutex_made_early = generator_mutex();

std::atomic<DType> default_dtype = kFloat32;

/// ceil((to - from) / step), where the step has the sign of to - from. Exact, even if to - from
/// overflows int64.
uint64_t steps_between(int64_t from, int64_t to, int64_t step) {
  const auto a = static_cast<uint64_t>(from);
  const auto b = static_cast<uint64_t>(to);
  const auto signed_step = static_cast<uint64_t>(step);
  const uint64_t distance = step > 0 ? b - a : a - b;
  const uint64_t step_size = step > 0 ? signed_step : 0 - signed_step;
  return distance / step_size + (distance % step_size != 0);
}

Tensor strided(const Shape& sizes, const Shape& strides, const TensorOptions& options,
               bool zeroed = false) {
  const int64_t count = numel("empty", sizes);
  const DType t = options.dtype();  // asked once: another thread may change the default
  auto memory = make_ref<Storage>(count * element_size(t), zeroed);
  Tensor x(make_ref<TensorImpl>(std::move(memory), 0, sizes, strides, t));
  if (options.requires_grad()) x.requires_grad_();
  return x;
}

/// `strides` if they place the elements without gaps or overlap, else contiguous ones.
Shape dense_strides(const Shape& sizes, const Shape& strides) {
  int64_t span = 1;  // from the first to the last element
  for (size_t d = 0; d < sizes.size(); ++d)
    span += (std::max<int64_t>(sizes[d], 1) - 1) * strides[d];
  const bool dense = span == numel("empty", sizes) &&
                     !kernels::has_internal_overlap(kernels::strided_loop<1>(
                         sizes.size(), sizes.data(),
                         {kernels::Layout{sizes.size(), sizes.data(), strides.data()}}));
  return dense ? strides : contiguous_strides(sizes);
}

Tensor filled(const char* op, const Shape& sizes, const Shape& strides, Scalar value,
              const TensorOptions& options) {
  const bool zero = value.to_double() == 0 && !std::signbit(value.to_double());
  check_is_no_bfloat16(op, options.dtype());
  const Tensor x = strided(sizes, strides, options, zero);
  if (!zero)
    dispatch(op, x.dtype(),
             [&]<class T>() { kernels::fill(x.data<T>(), x.numel(), value.to<T>(op)); });
  return x;
}
Tensor filled(const char* op, const Shape& sizes, Scalar value, const TensorOptions& options) {
  numel(op, sizes);  // throws with this op's name
  return filled(op, sizes, contiguous_strides(sizes), value, options);
}

/// The options, with dtype t unless they name one.
TensorOptions with_default(const TensorOptions& options, DType t) {
  return options.dtype(options.dtype_or(t));
}

/// An int64 tensor filled by fill(generator, int64_t*, n), converted to the dtype of the options.
template <class Fill>
Tensor random_integers(const Shape& sizes, const TensorOptions& options, const Fill& fill) {
  const Tensor x = empty(sizes, kInt64);
  fill(*LockedGenerator(), x.data<int64_t>(), x.numel());
  return x.to(options.dtype_or(kInt64)).requires_grad_(options.requires_grad());
}

/// A floating-point tensor filled by fill(generator, T*, n).
template <class Fill>
Tensor random_floats(const char* op, const Shape& sizes, const TensorOptions& options,
                     const Fill& fill) {
  numel(op, sizes);
  const Tensor x = empty(sizes, options);
  const LockedGenerator generator;
  dispatch_float(op, x.dtype(), [&]<class T>() { fill(*generator, x.data<T>(), x.numel()); });
  return x;
}

}  // namespace

DType get_default_dtype() { return default_dtype.load(std::memory_order_relaxed); }
void set_default_dtype(DType t) {
  check(t == kFloat32 || t == kFloat64, "set_default_dtype: expected kFloat32 or kFloat64, got {}",
        t);
  default_dtype.store(t, std::memory_order_relaxed);
}

NestedNumbers::NestedNumbers(std::initializer_list<NestedNumbers> rows) {
  sizes_ = {static_cast<int64_t>(rows.size())};
  if (rows.size() == 0) return;
  const NestedNumbers& first = *rows.begin();
  for (const int64_t size : first.sizes_)
    sizes_.push_back(size);
  dtype_ = first.dtype_;
  for (const NestedNumbers& row : rows) {
    check(row.sizes_ == first.sizes_, "tensor: the rows differ in shape, {} and {}", first.sizes_,
          row.sizes_);
    check(row.dtype_ == first.dtype_ || (row.dtype_ != kBool && first.dtype_ != kBool),
          "tensor: the braces mix bool and numbers");
    if (row.dtype_ == kFloat64) dtype_ = kFloat64;
    numbers_.insert(numbers_.end(), row.numbers_.begin(), row.numbers_.end());
  }
}

Tensor tensor(const NestedNumbers& numbers, const TensorOptions& options) {
  const Tensor x = empty(numbers.sizes(), with_default(options, numbers.dtype()));
  dispatch("tensor", x.dtype(), [&]<class T>() {
    std::transform(numbers.numbers().begin(), numbers.numbers().end(), x.data<T>(),
                   tensor_element<T>);
  });
  return x;
}

Tensor empty(const Shape& sizes, const TensorOptions& options) {
  return strided(sizes, contiguous_strides(sizes), options);
}
Tensor full(const Shape& sizes, Scalar value, const TensorOptions& options) {
  const DType t = value.is_fractional() ? get_default_dtype() : value.dtype();
  return filled("full", sizes, value, with_default(options, t));
}
Tensor zeros(const Shape& sizes, const TensorOptions& options) {
  return filled("zeros", sizes, 0, options);
}
Tensor ones(const Shape& sizes, const TensorOptions& options) {
  return filled("ones", sizes, 1, options);
}

Tensor arange(Scalar end, const TensorOptions& options) { return arange(0, end, 1, options); }
Tensor arange(Scalar start, Scalar end, const TensorOptions& options) {
  return arange(start, end, 1, options);
}
Tensor arange(Scalar start, Scalar end, Scalar step, const TensorOptions& options) {
  const double from = start.to_double();
  const double to = end.to_double();
  const double by = step.to_double();
  check(std::isfinite(from) && std::isfinite(to) && by != 0 && (to - from) / by >= 0,
        "arange: from {} to {} in steps of {} - the steps do not lead there", from, to, by);
  const bool fractional = start.is_fractional() || end.is_fractional() || step.is_fractional();
  double count = std::ceil((to - from) / by);
  if (!fractional)
    count = static_cast<double>(steps_between(
        start.to<int64_t>("arange"), end.to<int64_t>("arange"), step.to<int64_t>("arange")));
  check(count < 0x1p53,
        "arange: from {} to {} in steps of {} are more numbers than memory can hold", from, to, by);
  const Tensor x = empty({static_cast<int64_t>(count)},
                         with_default(options, fractional ? get_default_dtype() : kInt64));
  dispatch_number("arange", x.dtype(), [&]<class T>() {
    using Step = std::conditional_t<std::is_same_v<T, int64_t>, int64_t, double>;
    const Step first = start.to<Step>("arange");
    const Step stride = step.to<Step>("arange");
    if constexpr (std::is_floating_point_v<T>) {
      const double last = from + std::max(count - 1, 0.0) * by;
      check(fits<T>(from) && fits<T>(last), "arange: from {} to {} in steps of {} does not fit {}",
            from, to, by, x.dtype());
    }
    for (int64_t i = 0; i < x.numel(); ++i)
      x.data<T>()[i] = static_cast<T>(
          kernels::wrapping_add(first, kernels::wrapping_mul(static_cast<Step>(i), stride)));
  });
  return x;
}

Tensor linspace(Scalar start, Scalar end, int64_t steps, const TensorOptions& options) {
  check(steps >= 0, "linspace: the number of steps cannot be negative, got {}", steps);
  numel("linspace", steps);
  const Tensor x = empty(steps, options);
  dispatch_float("linspace", x.dtype(), [&]<class T>() {
    const T a = start.to<T>("linspace");
    const T b = end.to<T>("linspace");
    const bool wide = std::isfinite(a) && std::isfinite(b) && !std::isfinite(b - a);
    const T step = steps > 1 && !wide ? (b - a) / T(steps - 1) : T(0);
    // The second half is computed from the end, so that the last number is exactly b.
    for (int64_t i = 0; i < steps; ++i)
      x.data<T>()[i] = i < steps / 2 || steps == 1 ? a + step * T(i) : b - step * T(steps - 1 - i);
    // b - a overflows: a and b are weighted instead.
    for (int64_t i = 1; wide && i + 1 < steps; ++i) {
      const T weight = T(i) / T(steps - 1);
      x.data<T>()[i] = a * (1 - weight) + b * weight;
    }
  });
  return x;
}

Tensor eye(int64_t n, const TensorOptions& options) { return eye(n, n, options); }
Tensor eye(int64_t n, int64_t m, const TensorOptions& options) {
  const Tensor x = filled("eye", {n, m}, 0, options);
  dispatch("eye", x.dtype(), [&]<class T>() {
    for (int64_t i = 0; i < std::min(n, m); ++i)
      x.data<T>()[i * (m + 1)] = T(1);
  });
  return x;
}

Tensor empty_strided_like(const Shape& sizes, const Shape& strides, DType t) {
  return strided(sizes, dense_strides(sizes, strides), t);
}

Tensor empty_like(const Tensor& x, const TensorOptions& options) {
  return strided(x.sizes(), dense_strides(x.sizes(), x.strides()),
                 with_default(options, x.dtype()));
}
Tensor full_like(const Tensor& x, Scalar value, const TensorOptions& options) {
  const Shape strides = dense_strides(x.sizes(), x.strides());
  return filled("full_like", x.sizes(), strides, value, with_default(options, x.dtype()));
}
Tensor zeros_like(const Tensor& x, const TensorOptions& options) {
  return full_like(x, 0, options);
}
Tensor ones_like(const Tensor& x, const TensorOptions& options) { return full_like(x, 1, options); }
Tensor rand_like(const Tensor& x, const TensorOptions& options) {
  return rand(x.sizes(), with_default(options, x.dtype()));
}
Tensor randn_like(const Tensor& x, const TensorOptions& options) {
  return randn(x.sizes(), with_default(options, x.dtype()));
}

Tensor rand(const Shape& sizes, const TensorOptions& options) {
  return random_floats("rand", sizes, options,
                       [](Generator& g, auto* x, int64_t n) { fill_uniform(g, x, n, 0, 1); });
}
Tensor randn(const Shape& sizes, const TensorOptions& options) {
  return random_floats("randn", sizes, options,
                       [](Generator& g, auto* x, int64_t n) { fill_normal(g, x, n, 0, 1); });
}
Tensor randint(int64_t high, const Shape& sizes, const TensorOptions& options) {
  return randint(0, high, sizes, options);
}
Tensor randint(int64_t low, int64_t high, const Shape& sizes, const TensorOptions& options) {
  numel("randint", sizes);
  const bool fits_bool = low >= 0 && high <= 2;
  check(options.dtype_or(kInt64) != kBool || fits_bool,
        "randint: from {} to {} - a bool tensor holds 0 and 1 only", low, high);
  return random_integers(sizes, options, [=](Generator& g, int64_t* x, int64_t n) {
    fill_randint(g, x, n, low, high);
  });
}
Tensor randperm(int64_t n, const TensorOptions& options) {
  check(n >= 0, "randperm: expected an integer of at least 0, got {}", n);
  numel("randperm", n);
  return random_integers(n, options,
                         [](Generator& g, int64_t* x, int64_t count) { randperm(g, x, count); });
}

}  // namespace gradus
