// Numbers and tensors as JSON.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/tensor.h"

namespace gradus::page {

using Json = nlohmann::ordered_json;

/// x rounded to 5 significant digits; "inf", "-inf" and "nan" for what JSON does not have.
Json number(double x);
Json numbers(const std::vector<double>& values);
/// The elements in row-major order. int64 becomes the nearest double.
std::vector<double> elements(const Tensor& x);

/// {"shape": [...], "data": [...]}. Above 4,096 elements the data is {"scale": s, "i16": base64},
/// or "i32" for large integers: element = s * integer. The smallest integer of the type encodes
/// NaN, the next one for -inf, the largest one for inf.
Json tensor_values(const Tensor& x);
enum class Packing { large, always };
Json tensor_values(const Shape& shape, const std::vector<double>& values,
                   Packing packing = Packing::large);

std::string base64(const std::string& bytes);
/// The bytes of a text in base64, up to the first letter that base64 does not have.
std::string from_base64(std::string_view text);

}  // namespace gradus::page
