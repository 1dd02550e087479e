// The element types of tensors; Scalar, one number of any type; TensorOptions, the options of a
// factory.
#pragma once
#include <cmath>
#include <concepts>
#include <cstdint>
#include <iosfwd>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "tensor/error.h"
#include "tensor/kernels/bfloat16.h"

namespace gradus {

/// The type of the elements of a tensor.
enum class DType : uint8_t { Float32, Float64, Int64, Bool, BFloat16 };
/// PyTorch's name.
using ScalarType = DType;
/// Numbers of 4 bytes with 24 binary digits: float.
inline constexpr DType kFloat32 = DType::Float32;
/// Numbers of 8 bytes with 53 binary digits: double.
inline constexpr DType kFloat64 = DType::Float64;
/// Whole numbers of 8 bytes: int64_t.
inline constexpr DType kInt64 = DType::Int64;
/// True or false.
inline constexpr DType kBool = DType::Bool;
/// Numbers of 2 bytes with 8 binary digits and the range of float32: BFloat16. Such a tensor stores
/// the weight of linear or embedding, in half the memory of float32; it has no gradient, and every
/// other op that computes with its elements throws. x.to(kBFloat16) and x.to(kFloat32) convert.
inline constexpr DType kBFloat16 = DType::BFloat16;
/// The same as kFloat32.
inline constexpr DType kFloat = kFloat32;
/// The same as kFloat64.
inline constexpr DType kDouble = kFloat64;
/// The same as kInt64.
inline constexpr DType kLong = kInt64;

/// "float32"
constexpr const char* name(DType t) {
  constexpr const char* names[] = {"float32", "float64", "int64", "bool", "bfloat16"};
  return names[static_cast<int>(t)];
}
constexpr const char* to_string(DType t) { return name(t); }
/// "float32"
std::ostream& operator<<(std::ostream& out, DType t);

}  // namespace gradus

template <>
struct fmt::formatter<gradus::DType> : gradus::ToStringFormatter {};

namespace gradus {

/// Bytes.
constexpr int64_t element_size(DType t) {
  constexpr int64_t sizes[] = {4, 8, 8, 1, 2};
  return sizes[static_cast<int>(t)];
}
/// Whether it is float32, float64 or bfloat16.
constexpr bool is_floating_point(DType t) {
  return t == kFloat32 || t == kFloat64 || t == kBFloat16;
}

/// The dtype of tensors that are made of floating-point numbers, or without numbers, and without a
/// dtype: zeros, ones, empty, rand, randn, linspace, eye, tensor({1.5}), full({2}, 1.5),
/// arange(0.0, 1.0, 0.1), and the parameters of layers.
DType get_default_dtype();
/// Makes float32 or float64 the default dtype of all threads; a program starts with float32.
/// Tensors that exist already keep their dtype: Module::to converts a layer.
void set_default_dtype(DType t);

/// The DType of the C++ type T.
template <class T>
inline constexpr DType dtype_of = std::is_same_v<T, float>      ? kFloat32
                                  : std::is_same_v<T, double>   ? kFloat64
                                  : std::is_same_v<T, bool>     ? kBool
                                  : std::is_same_v<T, BFloat16> ? kBFloat16
                                                                : kInt64;
template <class T>
concept Element = std::same_as<T, float> || std::same_as<T, double> || std::same_as<T, int64_t> ||
    std::same_as<T, bool> || std::same_as<T, BFloat16>;

/// Any number type of C++, or bool.
template <class T>
concept Arithmetic = std::is_arithmetic_v<T>;

inline void check_is_no_bfloat16(const char* op, DType t) {
  check(t != kBFloat16,
        "{}: a bfloat16 tensor only stores the weight of linear or embedding; convert it with "
        ".to(kFloat32)",
        op);
}
/// Calls f<T>() where T is the C++ type of t. bfloat16 is an error; the message begins with `op`.
template <class F>
decltype(auto) dispatch(const char* op, DType t, F&& f) {
  check_is_no_bfloat16(op, t);
  return t == kFloat32   ? f.template operator()<float>()
         : t == kFloat64 ? f.template operator()<double>()
         : t == kInt64   ? f.template operator()<int64_t>()
                         : f.template operator()<bool>();
}
template <class F>
decltype(auto) dispatch(DType t, F&& f) {
  return dispatch("dispatch", t, std::forward<F>(f));
}
/// The same for code that only reads or copies elements, where T may also be BFloat16.
template <class F>
decltype(auto) dispatch_stored(DType t, F&& f) {
  return t == kBFloat16 ? f.template operator()<BFloat16>() : dispatch(t, std::forward<F>(f));
}
/// The type in which a stored T is read: float for BFloat16.
template <Element T>
using NumberOf = std::conditional_t<std::is_same_v<T, BFloat16>, float, T>;

inline void check_number(const char* op, DType t) {
  check(t != kBool,
        "{}: expected numbers, got a bool tensor; convert it with .to(kFloat32) or .to(kInt64)",
        op);
  check_is_no_bfloat16(op, t);
}
/// The same for ops that need numbers: bool is an error.
template <class F>
decltype(auto) dispatch_number(const char* op, DType t, F&& f) {
  check_number(op, t);
  return t == kFloat32   ? f.template operator()<float>()
         : t == kFloat64 ? f.template operator()<double>()
                         : f.template operator()<int64_t>();
}
inline void check_floating_point(const char* op, DType t) {
  check(is_floating_point(t),
        "{}: expected a floating-point tensor, got {}; convert it with .to(kFloat32)", op, t);
  check_is_no_bfloat16(op, t);
}
/// The same for ops that need floating-point numbers.
template <class F>
decltype(auto) dispatch_float(const char* op, DType t, F&& f) {
  check_floating_point(op, t);
  return t == kFloat32 ? f.template operator()<float>() : f.template operator()<double>();
}

/// Whether a floating-point number without its fraction is in the range of the integer type T.
template <class T, class Floating>
bool integer_part_fits(Floating value) {
  using Limits = std::numeric_limits<T>;
  // The largest T may round up in floating point; one more is a power of two, which is exact.
  const Floating end = static_cast<Floating>(uint64_t{1} << (Limits::digits - 1)) * 2;
  return value - static_cast<Floating>(Limits::min()) > -1 && value < end;
}

/// Whether `value` can be converted to T. A fraction may be dropped and digits may be rounded, but
/// the magnitude and the sign stay. Infinity and NaN fit floating-point types only; every number
/// fits bool.
template <Arithmetic T, Arithmetic From>
bool fits(From value) {
  constexpr bool from_integer = std::is_integral_v<From>;
  if constexpr (std::is_same_v<T, bool> || (std::is_floating_point_v<T> && from_integer)) {
    return true;
  } else if constexpr (std::is_floating_point_v<T>) {
    return std::isfinite(static_cast<T>(value)) || !std::isfinite(value);
  } else if constexpr (!from_integer) {
    return integer_part_fits<T>(value);
  } else {
    using Limits = std::numeric_limits<T>;
    if constexpr (std::is_signed_v<From>) {
      if (value < 0) return std::is_signed_v<T> && value >= static_cast<int64_t>(Limits::min());
    }
    return static_cast<uint64_t>(value) <= static_cast<uint64_t>(Limits::max());
  }
}

/// The name of a number type for messages: "int32", "uint8", "float64".
template <Arithmetic T>
std::string name_of() {
  const char* const kind = std::is_floating_point_v<T> ? "float"
                           : std::is_signed_v<T>       ? "int"
                                                       : "uint";
  return fmt::format("{}{}", kind, 8 * sizeof(T));
}

/// The value as T. One that T cannot hold is an error; the message begins with `op`.
template <Arithmetic T, Arithmetic From>
T converted(const char* op, From value) {
  if (!fits<T>(value)) [[unlikely]]
    fail("{}: {} does not fit into {}", op, value, name_of<T>());
  return static_cast<T>(value);
}

template <Arithmetic T>
T converted(const char* op, BFloat16 value) {
  return converted<T>(op, static_cast<float>(value));
}

/// One number, given as any C++ arithmetic type. It remembers whether that was an integer type, a
/// floating-point type or bool.
class Scalar {
 public:
  template <Arithmetic T>
  Scalar(T value)  // NOLINT: implicit, so that x + 1 works
      : dtype_(std::is_same_v<T, bool> ? kBool
               : std::is_integral_v<T> ? kInt64
                                       : kFloat64),
        exceeds_int64_(std::is_integral_v<T> && !fits<int64_t>(value)),
        integer_(std::is_integral_v<T> ? static_cast<int64_t>(value) : 0),
        floating_(static_cast<double>(value)) {}

  /// kBool, kInt64 or kFloat64.
  DType dtype() const { return dtype_; }
  /// Whether it was given as a floating-point number, even 2.0.
  bool is_fractional() const { return dtype_ == kFloat64; }
  double to_double() const { return floating_; }

  bool isFloatingPoint() const { return is_fractional(); }
  bool isBoolean() const { return dtype_ == kBool; }
  bool isIntegral(bool include_bool) const {
    return dtype_ == kInt64 || (include_bool && dtype_ == kBool);
  }
  /// The value converted to T. A fraction is dropped if T is an integer type; a value outside T's
  /// range is an error.
  template <Arithmetic T>
  T to() const {
    const auto convert = [](auto value) { return converted<T>("Scalar", value); };
    if (is_fractional()) return convert(floating_);
    return exceeds_int64_ ? convert(static_cast<uint64_t>(integer_)) : convert(integer_);
  }
  double toDouble() const { return to<double>(); }
  float toFloat() const { return to<float>(); }
  int64_t toLong() const { return to<int64_t>(); }
  int toInt() const { return to<int>(); }
  bool toBool() const { return to<bool>(); }

  /// The value as T. A value that T cannot hold is an error naming the op.
  template <Element T>
  T to(const char* op) const {
    if constexpr (std::is_same_v<T, int64_t>) {
      check(!exceeds_int64_, "{}: {} does not fit into int64", op, static_cast<uint64_t>(integer_));
      if (!is_fractional()) return integer_;
      check(fits<int64_t>(floating_) &&
                static_cast<double>(static_cast<int64_t>(floating_)) == floating_,
            "{}: an int64 tensor cannot hold {}", op, floating_);
      return static_cast<int64_t>(floating_);
    } else if constexpr (std::is_same_v<T, bool>) {
      return floating_ != 0;
    } else {
      if (exceeds_int64_) return static_cast<T>(static_cast<uint64_t>(integer_));
      if (dtype_ == kInt64) return static_cast<T>(integer_);
      if (!fits<T>(floating_)) [[unlikely]]
        fail("{}: {} does not fit into {}", op, floating_, dtype_of<T>);
      return static_cast<T>(floating_);
    }
  }

 private:
  DType dtype_;
  bool exceeds_int64_;  // an unsigned integer of 2^63 or more, whose bits are in integer_
  int64_t integer_;
  double floating_;
};
/// "true", "3" or "0.5"
std::ostream& operator<<(std::ostream& out, const Scalar& value);

/// The options of a factory, such as zeros({2, 3}, kFloat64) or
/// zeros({2, 3}, dtype(kFloat64).requires_grad(true)).
class TensorOptions {
 public:
  TensorOptions() = default;
  TensorOptions(DType t) : dtype_(t) {}  // NOLINT: implicit, a dtype alone is the usual option

  TensorOptions dtype(DType t) const {
    TensorOptions changed = *this;
    changed.dtype_ = t;
    return changed;
  }
  TensorOptions requires_grad(bool on) const {
    TensorOptions changed = *this;
    changed.requires_grad_ = on;
    return changed;
  }
  bool has_dtype() const { return dtype_.has_value(); }
  DType dtype() const { return dtype_ ? *dtype_ : get_default_dtype(); }
  DType dtype_or(DType otherwise) const { return dtype_.value_or(otherwise); }
  bool requires_grad() const { return requires_grad_; }

 private:
  std::optional<DType> dtype_;
  bool requires_grad_ = false;
};
/// Options with this dtype.
inline TensorOptions dtype(DType t) { return TensorOptions(t); }
/// Options for a leaf that requires gradients.
inline TensorOptions requires_grad(bool on = true) { return TensorOptions().requires_grad(on); }

}  // namespace gradus
