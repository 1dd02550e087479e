// The mistakes that compare() recognises (check/diagnosis.h).
#pragma once
#include "check/diagnosis.h"

namespace gradus {

/// The elements of two tensors of the same shape, in row-major order, as double.
struct ComparedElements {
  Shape sizes;
  std::vector<double> yours;
  std::vector<double> right;
  std::vector<bool> known;  // elements that are not known are left out
  Tolerance tolerance;

  size_t size() const { return yours.size(); }
  bool same(double a, double b) const;
  bool is_right(size_t i) const { return !known[i] || same(yours[i], right[i]); }

  /// Whether `holds(i)` for all known elements.
  template <class Predicate>
  bool all(const Predicate& holds) const {
    for (size_t i = 0; i < size(); ++i)
      if (known[i] && !holds(i)) return false;
    return true;
  }
  /// How many known elements there are for which `holds(i)`.
  template <class Predicate>
  int64_t count(const Predicate& holds) const {
    int64_t n = 0;
    for (size_t i = 0; i < size(); ++i)
      n += known[i] && holds(i);
    return n;
  }
};

std::vector<double> elements_as_double(const Tensor& x);

/// The mistake that explains all differences, in words, or "". `right` has the elements of
/// elements.right; `more_sizes` are further numbers by which a division may have been forgotten.
std::string guess_mistake(const ComparedElements& elements, const Tensor& right,
                          const std::vector<int64_t>& more_sizes);

}  // namespace gradus
