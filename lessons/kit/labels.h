// Words beside a printed tensor, and other small helpers of the lessons.
#pragma once
#include <string>
#include <vector>

#include "nn/module.h"

namespace gradus::lessons {

using Words = std::vector<std::string>;

/// Words to print beside the rows and above the columns of a tensor.
struct Labels {
  Words rows = {}, columns = {};
  int64_t marked = -1;  // the row that gets an arrow, -1 for none
};

/// Adds the labels to a printed tensor. The row labels are repeated for every block of a batch.
std::string with_labels(const std::string& printed, const Labels& labels);

/// The values of x, row by row.
std::vector<double> values_of(const Tensor& x);
/// The number of parameters of a module: all elements of its parameter tensors.
int64_t parameter_count(const nn::Module& module);

}  // namespace gradus::lessons
