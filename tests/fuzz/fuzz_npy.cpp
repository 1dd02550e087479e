// Any bytes are an .npy file or an Error. A tensor that was read can be written and read again.
#include "tensor/files.h"
#include "tests/fuzz/input_file.h"

using namespace gradus;
using namespace gradus::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string path = input_file({data, size});
  Tensor x;
  try {
    x = load_npy(path);
  } catch (const Error&) {
    return 0;
  }
  const std::string copy = scratch_path("copy");
  save_npy(copy, x);
  require(same_bits(load_npy(copy), x), "the copy is the same tensor");
  return 0;
}
