// How precisely float32 matrices are multiplied.
#pragma once
#include <string>
#include <string_view>

namespace gradus {

/// As torch.set_float32_matmul_precision. "highest", the default: products of float32 matrices are
/// computed in float32. "medium": their factors are rounded to bfloat16 (8 significant bits), and
/// the products of these are added in float32, in a half to a fifth of the time; the tensors
/// stay float32. This needs a processor with AVX512_BF16 or AMX and is the same as "highest" on
/// others. It holds for matmul, linear, attention and their gradients; products of up to eight rows
/// or one column, and attention of up to four queries, may remain in float32. The gradient of
/// attention is computed with the precision of its forward, even if the setting has changed since.
/// "high": each factor of matmul and linear is split into two bfloat16 numbers, of 16 significant
/// bits together, on processors with AMX; if that would lose more, because a number is infinite,
/// NaN or very small, the product is computed in float32. The setting is one for all threads;
/// float64 is never affected. Throws for another name.
void set_float32_matmul_precision(std::string_view precision);
/// The name given to set_float32_matmul_precision.
std::string get_float32_matmul_precision();

}  // namespace gradus
