// The work of the rows, done by Gradus.
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

/// The MiB of a row "memory/...". Call it in a new process.
double gradus_memory(const std::string& row);

/// Answers requests for measurements of Gradus.
int serve_gradus();
/// Answers requests for matrix products, computed by the BLAS library at `path`.
int serve_blas(const std::string& path);

}  // namespace bench
