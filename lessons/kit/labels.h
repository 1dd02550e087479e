// Words beside a printed tensor.
#pragma once
#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace gradus::lessons {

using Words = std::vector<std::string>;

/// What stands beside the rows and above the columns of a printed tensor, and which row gets an
/// arrow.
struct Labels {
  Words rows = {}, columns = {};
  int64_t marked = -1;
};

/// The printed tensor with words beside the rows (again for every block of a batch) and above the
/// columns.
std::string with_labels(const std::string& printed, const Labels& labels);

/// The values of x, row by row.
std::vector<double> values_of(const Tensor& x);

}  // namespace gradus::lessons
