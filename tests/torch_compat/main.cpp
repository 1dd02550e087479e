// Without an argument, prints every row. With the path of expected.tsv, compares and prints the
// rows that differ.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

#include "record.h"

void calls_make();
void calls_random();
void calls_views();
void calls_arithmetic();
void calls_reduce();
void calls_index();
void calls_neural();
void calls_inplace();
void calls_gradients();
void calls_autograd();
void calls_everyday();
void calls_functions();
void calls_rearrange();
void calls_products();
void calls_losses();
void calls_nn();

namespace {

struct Row {
  std::string dtype, shape, values;
};

std::vector<std::string> names;
std::map<std::string, Row> rows;
std::string prefix;

void add(const std::string& name, const Row& row) {
  std::string full = prefix + "/" + name;
  const std::string name_space = "torch::";
  for (size_t at; (at = full.find(name_space)) != std::string::npos;)
    full.erase(at, name_space.size());
  std::string unique = full;
  for (int n = 2; rows.count(unique) != 0; ++n)
    unique = full + " #" + std::to_string(n);
  rows[unique] = row;
  names.push_back(unique);
}

std::string number(const char* format, double value) {
  char text[40];
  if (std::isnan(value)) return "nan";
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::string shape_text(const std::vector<int64_t>& shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i)
    text += (i ? "," : "") + std::to_string(shape[i]);
  return text + "]";
}

template <class T>
std::string values_text(const torch::Tensor& x, const char* format) {
  const torch::Tensor dense = x.contiguous();
  const T* data = dense.data_ptr<T>();
  std::string text;
  for (int64_t i = 0; i < dense.numel(); ++i)
    text += (i ? " " : "") + number(format, static_cast<double>(data[i]));
  return text;
}

Row row_of(const torch::Tensor& given) {
  if (!given.defined()) return {"undefined", "", ""};
  const torch::Tensor x = given.detach();
  const std::string shape = shape_text(list(x.sizes()));
  if (x.scalar_type() == torch::kFloat32) return {"float32", shape, values_text<float>(x, "%.9g")};
  if (x.scalar_type() == torch::kFloat64)
    return {"float64", shape, values_text<double>(x, "%.17g")};
  if (x.scalar_type() == torch::kInt64) return {"int64", shape, values_text<int64_t>(x, "%.0f")};
  if (x.scalar_type() == torch::kBool) return {"bool", shape, values_text<bool>(x, "%.0f")};
  return {"another dtype", shape, ""};
}

std::vector<std::string> split(const std::string& line, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : line) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

/// Equal, except that floating-point results may differ by the rounding of sums in another order.
bool same_values(const Row& got, const Row& expected) {
  if (got.values == expected.values) return true;
  if (expected.dtype != "float32" && expected.dtype != "float64") return false;
  const double tolerance = expected.dtype == "float32" ? 2e-6 : 1e-10;
  const std::vector<std::string> a = split(got.values, ' ');
  const std::vector<std::string> b = split(expected.values, ' ');
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] == b[i]) continue;
    const double x = std::strtod(a[i].c_str(), nullptr);
    const double y = std::strtod(b[i].c_str(), nullptr);
    if (!(std::abs(x - y) <= tolerance * (1.0 + std::abs(y)))) return false;
  }
  return true;
}

int compare(const char* path) {
  std::ifstream file(path);
  if (!file) {
    std::cerr << "cannot read " << path << '\n';
    return 2;
  }
  std::map<std::string, Row> expected;
  for (std::string line; std::getline(file, line);) {
    const std::vector<std::string> parts = split(line, '\t');
    if (parts.size() != 4) {
      std::cerr << path << ": a line without four columns: " << line << '\n';
      return 2;
    }
    expected[parts[0]] = {parts[1], parts[2], parts[3]};
  }
  int differing = 0;
  const auto report = [&](const std::string& name, const Row& row) {
    std::cout << name << "\n    torch " << row.dtype << ' ' << row.shape << ' ' << row.values
              << '\n';
    ++differing;
  };
  for (const auto& [name, row] : expected) {
    const auto found = rows.find(name);
    if (found == rows.end()) {
      report(name, row);
      std::cout << "    here  has no such row\n";
    } else if (found->second.dtype != row.dtype || found->second.shape != row.shape ||
               !same_values(found->second, row)) {
      report(name, row);
      std::cout << "    here  " << found->second.dtype << ' ' << found->second.shape << ' '
                << found->second.values << '\n';
    }
  }
  for (const std::string& name : names) {
    if (expected.count(name) == 0) {
      report(name, {"has no such row", "", ""});
      std::cout << "    here  " << rows[name].dtype << ' ' << rows[name].shape << ' '
                << rows[name].values << '\n';
    }
  }
  std::cout << expected.size() << " rows of PyTorch, " << differing << " differ\n";
  return expected.empty() || differing != 0 ? 1 : 0;
}

}  // namespace

void record(const std::string& name, const torch::Tensor& x) { add(name, row_of(x)); }

void record_exact(const std::string& name, const torch::Tensor& x) {
  Row row = row_of(x);
  row.dtype += "!";
  add(name, row);
}

void record(const std::string& name, const std::vector<torch::Tensor>& xs) {
  record(name + " size", xs.size());
  for (size_t i = 0; i < xs.size(); ++i)
    record(name + " [" + std::to_string(i) + "]", xs[i]);
}

void record(const std::string& name, const std::tuple<torch::Tensor, torch::Tensor>& pair) {
  record(name + " <0>", std::get<0>(pair));
  record(name + " <1>", std::get<1>(pair));
}

void record(const std::string& name, const std::vector<int64_t>& values) {
  std::string text;
  for (size_t i = 0; i < values.size(); ++i)
    text += (i ? " " : "") + std::to_string(values[i]);
  add(name, {"int64", shape_text({static_cast<int64_t>(values.size())}), text});
}

void record_number(const std::string& name, const std::string& dtype, double value) {
  add(name, {dtype, "number", number("%.17g", value)});
}

void record_error(const std::string& name, const std::exception& error) {
  std::string text = error.what();
  text.erase(std::min(text.find('\n'), text.size()));
  std::replace(text.begin(), text.end(), '\t', ' ');
  std::cerr << prefix << '/' << name << ": " << text << '\n';
  add(name, {"error", "", text});
}

void section(const std::string& name, void (*calls)()) {
  prefix = name;
  try {
    calls();
  } catch (const std::exception& error) {
    record_error("between the rows", error);
  }
}

int main(int argc, char** argv) {
  calls_make();
  calls_random();
  calls_views();
  calls_arithmetic();
  calls_reduce();
  calls_index();
  calls_neural();
  calls_inplace();
  calls_gradients();
  calls_autograd();
  calls_everyday();
  calls_functions();
  calls_rearrange();
  calls_products();
  calls_losses();
  calls_nn();
  if (argc > 1) return compare(argv[1]);
  for (const std::string& name : names) {
    const Row& row = rows[name];
    std::cout << name << '\t' << row.dtype << '\t' << row.shape << '\t' << row.values << '\n';
  }
  return 0;
}
