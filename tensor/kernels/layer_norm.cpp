#include "tensor/kernels/layer_norm.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "tensor/kernels/parallel.h"
#include "tensor/kernels/reduce.h"
#include "tensor/kernels/simd/rows.h"

namespace gradus::kernels {

void layer_norm_reference(const LayerNorm<double>& call) {
  const auto n = static_cast<double>(call.size);
  for (int64_t r = 0; r < call.rows; ++r) {
    const double* const x = call.x + r * call.size;
    double mean = 0;
    double var = 0;
    for (int64_t i = 0; i < call.size; ++i)
      mean += x[i] / n;
    for (int64_t i = 0; i < call.size; ++i)
      var += (x[i] - mean) * (x[i] - mean) / n;
    const double rstd = 1 / std::sqrt(var + call.eps);
    for (int64_t i = 0; i < call.size; ++i) {
      const double z = (x[i] - mean) * rstd;
      const double weight = call.weight == nullptr ? 1 : call.weight[i];
      const double bias = call.bias == nullptr ? 0 : call.bias[i];
      call.y[r * call.size + i] = z * weight + bias;
    }
    call.mean[r] = mean;
    call.rstd[r] = rstd;
  }
}

void layer_norm_backward_reference(const LayerNormBackward<double>& call) {
  const auto n = static_cast<double>(call.size);
  if (call.dweight != nullptr) std::fill_n(call.dweight, call.size, 0.0);
  if (call.dbias != nullptr) std::fill_n(call.dbias, call.size, 0.0);
  for (int64_t r = 0; r < call.rows; ++r) {
    const double* const x = call.x + r * call.size;
    const double* const dy = call.dy + r * call.size;
    const auto z = [&](int64_t i) { return (x[i] - call.mean[r]) * call.rstd[r]; };
    const auto dz = [&](int64_t i) {
      return call.weight == nullptr ? dy[i] : dy[i] * call.weight[i];
    };
    double mean_dz = 0;
    double mean_dz_z = 0;
    for (int64_t i = 0; i < call.size; ++i) {
      mean_dz += dz(i) / n;
      mean_dz_z += dz(i) * z(i) / n;
    }
    for (int64_t i = 0; i < call.size; ++i) {
      const double dx = call.rstd[r] * (dz(i) - mean_dz - z(i) * mean_dz_z);
      if (call.dx != nullptr) call.dx[r * call.size + i] = dx;
      if (call.dweight != nullptr) call.dweight[i] += dy[i] * z(i);
      if (call.dbias != nullptr) call.dbias[i] += dy[i];
    }
  }
}

// The fast versions share the rows between threads; simd/rows.cpp computes one row.

template <class T>
void layer_norm(const LayerNorm<T>& call) {
  parallel_for(call.rows, grain_for(call.size), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const int64_t offset = r * call.size;
      GRADUS_DISPATCH(layer_norm_row(call.y + offset, call.mean + r, call.rstd + r, call.x + offset,
                                     call.weight, call.bias, call.size, call.eps));
    }
  });
}

template <class T>
void layer_norm_backward(const LayerNormBackward<T>& call) {
  // dweight and dbias are sums over all rows. So that threads can share them, each piece of the
  // rows has sums of its own, which are added at the end. The length of a piece depends on the
  // number of rows only, and so the result does not depend on the number of threads.
  const int64_t length = std::max<int64_t>(32, call.rows / 1024);
  const int64_t pieces = (call.rows + length - 1) / length;
  const auto sums = static_cast<size_t>(pieces * call.size);
  std::vector<T> weight_sums(call.dweight != nullptr ? sums : 0);
  std::vector<T> bias_sums(call.dbias != nullptr ? sums : 0);
  const auto at = [](T* p, int64_t offset) { return p == nullptr ? nullptr : p + offset; };
  parallel_for(pieces, grain_for(call.size * length), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin * length; r < std::min(end * length, call.rows); ++r) {
      const int64_t piece = r / length * call.size;
      const int64_t row = r * call.size;
      GRADUS_DISPATCH(layer_norm_backward_row(
          at(call.dx, row), call.dweight != nullptr ? weight_sums.data() + piece : nullptr,
          call.dbias != nullptr ? bias_sums.data() + piece : nullptr, call.dy + row, call.x + row,
          call.mean[r], call.rstd[r], call.weight, call.size));
    }
  });
  if (call.dweight != nullptr) sum(call.dweight, weight_sums.data(), 1, pieces, call.size);
  if (call.dbias != nullptr) sum(call.dbias, bias_sums.data(), 1, pieces, call.size);
}

template void layer_norm(const LayerNorm<float>&);
template void layer_norm(const LayerNorm<double>&);
template void layer_norm_backward(const LayerNormBackward<float>&);
template void layer_norm_backward(const LayerNormBackward<double>&);

}  // namespace gradus::kernels
