// Words beside a printed tensor, and other small helpers of the lessons.
#pragma once
#include <string>
#include <vector>

#include "nn/module.h"

namespace gradus::lessons {

using Words = std::vector<std::string>;

/// Words to print with a tensor: its name, if that is to be another than the book's, and words
/// beside the rows and above the columns.
struct Labels {
  std::string name = {};
  Words rows = {}, columns = {};
  int64_t marked = -1;  // the row that gets an arrow, -1 for none
};

/// Adds the labels to a printed tensor, in lines of at most `width` columns. The row labels are
/// repeated for every block of a batch. Columns too narrow for their labels get numbers, which are
/// explained beside the rows or below.
std::string with_labels(const std::string& printed, const Labels& labels, int width = 80);

/// The values of x, row by row.
std::vector<double> values_of(const Tensor& x);
/// The number of parameters of a module: all elements of its parameter tensors.
int64_t parameter_count(const nn::Module& module);

}  // namespace gradus::lessons
