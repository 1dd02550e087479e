// Reads lessons/golden/lessons.tsv, which has the golden tensors; the lessons and the tests share
// this reader. All other facts are in lessons/golden/lessons.json (golden_entries.h). No fact is in
// both files.
#pragma once
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "autograd/ops.h"

namespace gradus::lessons::golden {

/// The tensors of a file by name. Each line has the name, the dtype (f32 or i64), the shape ("2x3",
/// or "scalar" for no dimensions) and the values, row by row.
inline std::map<std::string, Tensor> read_tensors(const std::string& path) {
  std::ifstream file(path);
  check(file.good(), "golden: {} cannot be read", path);
  std::map<std::string, Tensor> tensors;
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::string name;
    std::string dtype;
    std::string shape;
    fields >> name >> dtype >> shape;
    Shape sizes;
    if (shape != "scalar") {
      std::istringstream numbers(shape);
      for (std::string size; std::getline(numbers, size, 'x');)
        sizes.push_back(std::stoll(size));
    }
    std::vector<double> values;
    for (std::string value; fields >> value;)
      values.push_back(std::stod(value));
    tensors[name] = tensor(values, kFloat64).view(sizes).to(dtype == "i64" ? kInt64 : kFloat32);
  }
  return tensors;
}

/// Every tensor of lessons.tsv, such as "01_simplified_self_attention/inputs".
inline const std::map<std::string, Tensor>& tensors() {
  static const std::map<std::string, Tensor> all = read_tensors(GRADUS_GOLDEN_DIR "/lessons.tsv");
  return all;
}

}  // namespace gradus::lessons::golden
