// Any bytes are a vocabulary of llama2.c or an Error, for any number of tokens: the first byte. A
// vocabulary decodes each of its tokens.
#include <numeric>

#include "exercises/20_llama/files.h"
#include "tests/fuzz/input_file.h"

using namespace gradus;
using namespace gradus::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::vector<int64_t> tokens(data[0]);
  std::iota(tokens.begin(), tokens.end(), 0);
  try {
    const LlamaVocabulary vocabulary(input_file({data + 1, size - 1}), std::ssize(tokens));
    require(vocabulary.decode(tokens).size() <= size, "the text is shorter than the file");
  } catch (const Error&) {
  }
  return 0;
}
