// Grouped-query attention (Ainslie et al. 2023): several query heads share one head of keys and
// values.
#pragma once
#include "exercises/exercise.h"

namespace mine {

/// Causal attention in which query head h uses head h / (H / G) of k and v.
/// q (B, H, T, D), k and v (B, G, T, D), G divides H -> (B, H, T, D)
Tensor grouped_query_attention(const Tensor& q, const Tensor& k, const Tensor& v);

}  // namespace mine
