// The rows of the table: what is measured, how much work it is, and what Gradus wants to reach.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace bench {

struct Row {
  std::string name;  // group/work/...
  std::string title;
  double flops = 0,
         bytes = 0;  // what cannot be avoided: arithmetic, and memory that is read or written
  bool one_thread = false;                 // measured with one thread too
  bool all_threads = true;                 // measured with all threads
  double target = 0;                       // times as fast as the best peer; 0: none
  double floor_share = 0;                  // of the floor, at least
  double limit_mib = 0;                    // memory: at most
  std::vector<std::string> variants = {};  // how PyTorch can do it; "" is the plain way

  std::string group() const { return name.substr(0, name.find('/')); }
};

std::vector<Row> all_rows();

struct Product {
  int64_t M, N, K;
  std::string layout;  // NN, NT: B is stored transposed, TN: A is
};
/// The product behind a row "gemm/MxNxK/NN".
Product product_of(const std::string& row);

/// The sizes of the models, as in the rows' names.
struct ModelSize {
  int64_t vocabulary, context, C, heads, layers, B, T;
};
constexpr ModelSize kNanoGpt{65, 64, 128, 4, 4, 12, 64};
constexpr ModelSize kGpt2{50257, 1024, 768, 12, 12, 4, 64};

}  // namespace bench
