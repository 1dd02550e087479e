// A BLAS from a shared library, found at run time: OpenBLAS, BLIS, MKL (cblas_sgemm) or oneDNN
// (dnnl_sgemm).
#include <dlfcn.h>
#include <fmt/format.h>

#include <stdexcept>
#include <vector>

#include "tests/bench/cases.h"

#ifdef _OPENMP
#include <omp.h>
#endif

namespace bench {
namespace {

using CblasSgemm = void (*)(int order, int trans_a, int trans_b, int M, int N, int K, float alpha,
                            const float* A, int lda, const float* B, int ldb, float beta, float* C,
                            int ldc);
using DnnlSgemm = int (*)(char trans_a, char trans_b, int64_t M, int64_t N, int64_t K, float alpha,
                          const float* A, int64_t lda, const float* B, int64_t ldb, float beta,
                          float* C, int64_t ldc);

struct DnnlVersion {
  int major, minor, patch;
};

class Library {
 public:
  explicit Library(const std::string& path) : handle_(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    if (!handle_) throw std::runtime_error(dlerror());
    find(cblas_, "cblas_sgemm");
    find(cblas_, "scipy_cblas_sgemm");
    find(dnnl_, "dnnl_sgemm");
    if (!cblas_ && !dnnl_)
      throw std::runtime_error(path + " has neither cblas_sgemm nor dnnl_sgemm");
    for (const char* name : {"openblas_set_num_threads", "scipy_openblas_set_num_threads",
                             "bli_thread_set_num_threads", "MKL_Set_Num_Threads"})
      find(set_threads_, name);
  }

  std::string name(const std::string& path) const {
    char* (*config)() = nullptr;
    find(config, "openblas_get_config");
    find(config, "scipy_openblas_get_config");
    if (config) {
      const std::string text =
          config();  // "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH NO_AFFINITY USE_OPENMP ..."
      const std::string pool =
          text.find("USE_OPENMP") != std::string::npos ? " OpenMP" : " pthreads";
      return text.substr(0, text.find(' ', text.find(' ') + 1)) + pool;
    }
    const DnnlVersion* (*version)() = nullptr;
    find(version, "dnnl_version");
    if (version)
      return fmt::format("oneDNN {}.{}.{}", version()->major, version()->minor, version()->patch);
    return path.substr(path.rfind('/') + 1);
  }

  void set_threads(int threads) const {
    if (set_threads_) set_threads_(threads);
#ifdef _OPENMP
    omp_set_num_threads(threads);
#endif
  }

  /// C (M, N) = A B, row-major.
  void multiply(const Product& p, float* C, const float* A, const float* B) const {
    const bool a_t = p.layout == "TN";
    const bool b_t = p.layout == "NT";
    const int64_t lda = a_t ? p.M : p.K;
    const int64_t ldb = b_t ? p.K : p.N;
    if (dnnl_) {
      dnnl_(a_t ? 'T' : 'N', b_t ? 'T' : 'N', p.M, p.N, p.K, 1, A, lda, B, ldb, 0, C, p.N);
    } else {
      constexpr int row_major = 101;
      constexpr int plain = 111;
      constexpr int transposed = 112;
      const auto i = [](int64_t n) { return static_cast<int>(n); };
      cblas_(row_major, a_t ? transposed : plain, b_t ? transposed : plain, i(p.M), i(p.N), i(p.K),
             1, A, i(lda), B, i(ldb), 0, C, i(p.N));
    }
  }

 private:
  template <class Function>
  void find(Function& function, const char* name) const {
    if (void* const symbol = dlsym(handle_, name)) function = reinterpret_cast<Function>(symbol);
  }

  void* handle_;
  CblasSgemm cblas_ = nullptr;
  DnnlSgemm dnnl_ = nullptr;
  void (*set_threads_)(int) = nullptr;
};

}  // namespace

int serve_blas(const std::string& path) {
  try {
    const Library library(path);
    std::string current;
    Case work;
    return serve(library.name(path), [&](const std::string& row, int threads, double seconds) {
      if (row != current) {
        const Product p = product_of(row);
        std::vector<float> A(static_cast<size_t>(p.M * p.K));
        std::vector<float> B(static_cast<size_t>(p.K * p.N));
        std::vector<float> C(static_cast<size_t>(p.M * p.N));
        uint32_t random = 1;
        for (auto* const x : {&A, &B})
          for (float& number : *x)
            number = static_cast<float>((random = random * 1664525 + 1013904223) >> 8) * 0x1p-24F;
        work = {.run = [&library, p, A, B, C]() mutable {
          library.multiply(p, C.data(), A.data(), B.data());
        }};
        current = row;
      }
      library.set_threads(threads);
      work.run();
      return best_time(work, seconds);
    });
  } catch (const std::exception& error) {
    fmt::print("absent {}\n", error.what());
    return 1;
  }
}

}  // namespace bench
