// The rows of the table: the work that is measured, its size, and the goals of Gradus.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace bench {

struct Row {
  std::string name;  // group/work/...
  std::string title;
  // The least work: arithmetic operations, and bytes of memory that are read or written.
  double flops = 0;
  double bytes = 0;
  bool one_thread = false;                 // measured with one thread, too
  bool all_threads = true;                 // measured with all threads
  double target = 0;                       // goal: times as fast as the best peer; 0: none
  double floor_share = 0;                  // goal: this share of the floor
  double limit_mib = 0;                    // goal: at most this much memory
  std::vector<std::string> variants = {};  // configurations of the peers; "" is the default

  std::string group() const { return name.substr(0, name.find('/')); }
};

std::vector<Row> all_rows();

struct Product {
  int64_t M, N, K;
  std::string layout;  // NN; NT: B is stored transposed; TN: A is stored transposed
};
/// The product of a row "gemm/MxNxK/NN".
Product product_of(const std::string& row);

/// The sizes of the models that the names of the rows mention.
struct ModelSize {
  int64_t vocabulary, context, C, heads, layers, B, T;
};
constexpr ModelSize kNanoGpt{65, 64, 128, 4, 4, 12, 64};
constexpr ModelSize kGpt2{50257, 1024, 768, 12, 12, 4, 64};

}  // namespace bench
