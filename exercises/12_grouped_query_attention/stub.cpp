#include "exercises/12_grouped_query_attention/grouped_query_attention.h"

namespace mine {

Tensor grouped_query_attention(const Tensor& q, const Tensor& k, const Tensor& v) {
  // q (B, H, T, D), k and v (B, G, T, D) -> (B, H, T, D)
  todo("grouped_query_attention: forward");
}

}  // namespace mine
