// Sinusoidal positions (Vaswani et al. 2017, section 3.5).
#include "exercises/exercise.h"

namespace mine {

/// A row for each of T positions, the first of which is `start`; C is even. Row p has
/// sin(p / 10000^(2i / C)) in column 2i and the cosine of the same angle in column 2i + 1.
/// -> (T, C), float64
Tensor sinusoidal_positions(int64_t T, int64_t C, int64_t start = 0);

/// x plus the row of each position, in the dtype of x.   x (..., T, C) -> (..., T, C)
Tensor add_positions(const Tensor& x, int64_t start = 0);

}  // namespace mine
