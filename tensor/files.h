// Tensors in files. Whatever a file holds, reading it ends in tensors or in an Error that says what
// is wrong with it.
#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tensor/tensor.h"

namespace gradus {

using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

/// The tensors of a safetensors file, in the order of their bytes. F32, F64, I64 and BOOL keep
/// their type, F16 and BF16 become float32. Throws on any other type, and on a file that is not
/// exactly as the format wants it.
NamedTensors load_safetensors(const std::string& path);
/// Writes the values of all tensors, widest elements first, so that every one lies aligned. An
/// existing file stays as it was until the new one is complete. Throws on a name given twice, or
/// one that is not UTF-8.
void save_safetensors(const std::string& path, const NamedTensors& tensors,
                      const std::map<std::string, std::string>& metadata = {});

/// The array of a NumPy .npy file (format 1 to 3) of little-endian float32, float64 or int64, or of
/// bool. Row-major in memory, whichever order the file has.
Tensor load_npy(const std::string& path);
/// Writes x for numpy.load. An existing file stays as it was until the new one is complete.
void save_npy(const std::string& path, const Tensor& x);

}  // namespace gradus
