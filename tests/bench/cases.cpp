#include "tests/bench/cases.h"

#include <memory>
#include <stdexcept>

#include "gradus.h"
#include "tensor/kernels/gemm.h"
#include "tensor/kernels/isa.h"

namespace bench {

using namespace gradus;

Case gemm_case(const Product& p) {
  const bool a_transposed = p.layout == "TN";
  const bool b_transposed = p.layout == "NT";
  const Tensor A = randn({p.M, p.K});
  const Tensor B = randn({p.K, p.N});
  const Tensor C = zeros({p.M, p.N});
  return {.run = [=] {
    kernels::gemm<float>({C.data_ptr<float>(), p.N, 1},
                         {A.data_ptr<float>(), a_transposed ? 1 : p.K, a_transposed ? p.M : 1},
                         {B.data_ptr<float>(), b_transposed ? 1 : p.N, b_transposed ? p.K : 1}, p.M,
                         p.N, p.K, {});
  }};
}

Case gradus_case(const std::string& row) {
  const size_t slash = row.find('/');
  const std::string group = row.substr(0, slash);
  const std::string rest = slash == std::string::npos ? "" : row.substr(slash + 1);
  if (group == "high" || group == "medium") {
    set_float32_matmul_precision(group);
    return gradus_case(rest);
  }
  if (group == "gemm") return gemm_case(product_of(row));
  if (group == "model") return model_case(rest);
  if (group == "tiny") return tiny_case(rest);
  if (group == "op") {
    const size_t second = rest.find('/');
    return op_case(rest.substr(0, second), rest.ends_with("/backward"));
  }
  throw std::runtime_error("no row " + row);
}

int serve_gradus() {
  constexpr const char* isas[] = {"portable", "AVX2", "AVX-512", "AVX-512 with AVX512_BF16",
                                  "AVX-512 with AMX"};
  std::string current;
  Case work;
  return serve(std::string("Gradus ") + isas[static_cast<int>(kernels::isa())],
               [&](const std::string& row, int threads, double seconds) {
                 set_num_threads(threads);
                 if (row.starts_with("memory/")) return gradus_memory(row);
                 if (row != current) {
                   work = {};  // frees its memory
                   current = "";
                   manual_seed(1);
                   set_float32_matmul_precision("highest");
                   work = gradus_case(row);
                   if (work.prepare) work.prepare();
                   work.run();
                   current = row;
                 }
                 return best_time(work, seconds);
               });
}

}  // namespace bench
