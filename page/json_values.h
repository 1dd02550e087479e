// Numbers and tensors as JSON.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace gradus::page {

using Json = nlohmann::ordered_json;

/// x rounded to 5 significant digits; "inf", "-inf" and "nan" for what JSON does not have.
Json number(double x);
Json numbers(const std::vector<double>& values);
/// The elements in row-major order. int64 becomes the nearest double.
std::vector<double> elements(const Tensor& x);

/// {"shape": [...], "data": [...]}. Above 8,192 elements the data is {"scale": s, "i16": base64}:
/// element = s * integer, with -32768 for NaN, -32767 for -inf and 32767 for inf.
Json tensor_values(const Tensor& x);
Json tensor_values(const Shape& shape, const std::vector<double>& values);

std::string base64(const std::string& bytes);

}  // namespace gradus::page
