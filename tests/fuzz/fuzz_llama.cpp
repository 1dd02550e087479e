// Any bytes are a checkpoint of llama2.c or an Error. Every weight of a model can be read.
#include "exercises/20_llama/files.h"
#include "tests/fuzz/input_file.h"

using namespace gradus;
using namespace gradus::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Llama model;
  try {
    model = load_llama(input_file({data, size}));
  } catch (const Error&) {
    return 0;
  }
  std::vector<Tensor> weights = {model.embedding, model.norm, model.classifier};
  for (const LlamaBlock& b : model.blocks)
    for (const Tensor& weight :
         {b.attention_norm, b.wq, b.wk, b.wv, b.wo, b.feed_forward_norm, b.w1, b.w2, b.w3})
      weights.push_back(weight);
  for (const Tensor& weight : weights)
    require(sum(weight).numel() == 1, "every weight has a sum");
  require(model.config.heads % model.config.kv_heads == 0, "the heads share keys and values");
  return 0;
}
