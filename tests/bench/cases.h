// The work behind the rows, done by Gradus.
#pragma once
#include <string>

#include "tests/bench/protocol.h"
#include "tests/bench/rows.h"

namespace bench {

/// The work of a row, ready to run. Throws if there is no such row.
Case gradus_case(const std::string& row);

Case gemm_case(const Product& product);
Case model_case(const std::string& name);
Case tiny_case(const std::string& name);
Case op_case(const std::string& name, bool backward);

/// The MiB of a row "memory/...". To be called in a process that has done nothing else.
double gradus_memory(const std::string& row);

/// Answers requests about Gradus.
int serve_gradus();
/// Answers requests about matrix products, by the BLAS in the library at `path`.
int serve_blas(const std::string& path);

}  // namespace bench
