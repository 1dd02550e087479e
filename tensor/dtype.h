// Element types, single numbers of any type, and what a factory may be told besides a shape.
#pragma once
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <type_traits>

#include "tensor/error.h"

namespace gradus {

enum class DType : uint8_t { Float32, Float64, Int64, Bool };
using ScalarType = DType;
inline constexpr DType kFloat32 = DType::Float32, kFloat64 = DType::Float64, kInt64 = DType::Int64,
                       kBool = DType::Bool;
inline constexpr DType kFloat = kFloat32, kDouble = kFloat64, kLong = kInt64;

constexpr const char* name(DType t) {
  constexpr const char* names[] = {"float32", "float64", "int64", "bool"};
  return names[static_cast<int>(t)];
}
constexpr const char* to_string(DType t) { return name(t); }

}  // namespace gradus

template <>
struct fmt::formatter<gradus::DType> : gradus::ToStringFormatter {};

namespace gradus {

constexpr int64_t element_size(DType t) { return t == kFloat32 ? 4 : t == kBool ? 1 : 8; }
constexpr bool is_floating_point(DType t) { return t == kFloat32 || t == kFloat64; }

/// The DType of the C++ type T.
template <class T>
inline constexpr DType dtype_of = std::is_same_v<T, float>    ? kFloat32
                                  : std::is_same_v<T, double> ? kFloat64
                                  : std::is_same_v<T, bool>   ? kBool
                                                              : kInt64;
template <class T>
concept Element = std::same_as<T, float> || std::same_as<T, double> || std::same_as<T, int64_t> ||
    std::same_as<T, bool>;

/// Calls f<T>() with T the C++ type behind t.
template <class F>
decltype(auto) dispatch(DType t, F&& f) {
  return t == kFloat32   ? f.template operator()<float>()
         : t == kFloat64 ? f.template operator()<double>()
         : t == kInt64   ? f.template operator()<int64_t>()
                         : f.template operator()<bool>();
}
/// The same for ops on numbers: bool is an error.
template <class F>
decltype(auto) dispatch_number(const char* op, DType t, F&& f) {
  check(t != kBool,
        "{}: expected numbers, got a bool tensor; convert it with .to(kFloat32) or .to(kInt64)",
        op);
  return t == kFloat32   ? f.template operator()<float>()
         : t == kFloat64 ? f.template operator()<double>()
                         : f.template operator()<int64_t>();
}
inline void check_floating_point(const char* op, DType t) {
  check(is_floating_point(t),
        "{}: expected a floating-point tensor, got {}; convert it with .to(kFloat32)", op, t);
}
/// The same for ops that only make sense on floating-point tensors.
template <class F>
decltype(auto) dispatch_float(const char* op, DType t, F&& f) {
  check_floating_point(op, t);
  return t == kFloat32 ? f.template operator()<float>() : f.template operator()<double>();
}

/// One number, given as any C++ arithmetic type. It remembers whether it was whole, fractional or a
/// bool.
class Scalar {
 public:
  template <class T>
  requires std::is_arithmetic_v<T> Scalar(T value)  // NOLINT: implicit, so that x + 1 works
      : dtype_(std::is_same_v<T, bool> ? kBool
               : std::is_integral_v<T> ? kInt64
                                       : kFloat64),
        whole_(std::is_integral_v<T> ? static_cast<int64_t>(value) : 0),
        real_(static_cast<double>(value)) {}

  /// kBool, kInt64 or kFloat64.
  DType dtype() const { return dtype_; }
  bool is_fractional() const { return dtype_ == kFloat64; }
  double to_double() const { return real_; }

  /// The value as T. A fractional value that T cannot hold is an error naming the op.
  template <Element T>
  T to(const char* op) const {
    if constexpr (std::is_same_v<T, int64_t>) {
      if (!is_fractional()) return whole_;
      check(real_ >= -0x1p63 && real_ < 0x1p63 &&
                static_cast<double>(static_cast<int64_t>(real_)) == real_,
            "{}: an int64 tensor cannot hold {}", op, real_);
      return static_cast<int64_t>(real_);
    } else if constexpr (std::is_same_v<T, bool>) {
      return real_ != 0;
    } else {
      return dtype_ == kInt64 ? static_cast<T>(whole_) : static_cast<T>(real_);
    }
  }

 private:
  DType dtype_;
  int64_t whole_;
  double real_;
};

/// What a factory may be told: `zeros({2, 3}, kFloat64)`, `zeros({2, 3},
/// dtype(kFloat64).requires_grad(true))`.
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
  DType dtype() const { return dtype_.value_or(kFloat32); }
  DType dtype_or(DType otherwise) const { return dtype_.value_or(otherwise); }
  bool requires_grad() const { return requires_grad_; }

 private:
  std::optional<DType> dtype_;
  bool requires_grad_ = false;
};
inline TensorOptions dtype(DType t) { return TensorOptions(t); }
inline TensorOptions requires_grad(bool on = true) { return TensorOptions().requires_grad(on); }

}  // namespace gradus
