// Tensors in files. Reading a file gives its tensors, or throws an Error that says what is wrong
// with it, whatever bytes it holds.
#pragma once
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tensor/tensor.h"

namespace gradus {

/// Tensors with their names, in order.
using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

/// Whether a tensor of a file may be copied into one of a module: both have the same dtype, or
/// bfloat16 becomes float32, which changes no number.
inline bool loads_into(DType in_file, DType in_module) {
  return in_file == in_module || (in_file == kBFloat16 && in_module == kFloat32);
}

/// The text with control characters as \x1b: messages must not change the state of a terminal.
std::string printable(std::string_view text);

/// What load_safetensors reads.
struct SafetensorsOptions {
  /// Whether a tensor is read, by its name and the file's name of its type, such as "F16" or "U8".
  /// A tensor that is not wanted may have any type, and its elements are skipped. By default all
  /// tensors are read.
  std::function<bool(const std::string& name, const std::string& dtype)> wanted = {};
  /// Gets the metadata of the file, if given.
  std::map<std::string, std::string>* metadata = nullptr;
};
/// Reads a safetensors file; the tensors are in the order of their bytes. F32, F64, I64, BOOL and
/// BF16 keep their type, F16 becomes float32. Throws if a tensor has another type, and if the
/// file breaks any rule of the format.
NamedTensors load_safetensors(const std::string& path, const SafetensorsOptions& options = {});
/// Writes the tensors, those with the largest elements first, so that all are aligned. An existing
/// file is replaced only when the new one is complete. Throws if a name is given twice or is not
/// UTF-8.
void save_safetensors(const std::string& path, const NamedTensors& tensors,
                      const std::map<std::string, std::string>& metadata = {});

/// Reads a NumPy .npy file (format 1.0, 2.0 or 3.0) of little-endian float32, float64 or int64, or
/// of bool. The tensor is row-major, also if the file is not.
Tensor load_npy(const std::string& path);
/// Writes a file for numpy.load, which has no bfloat16. An existing file is replaced only when the
/// new one is complete.
void save_npy(const std::string& path, const Tensor& x);

}  // namespace gradus
