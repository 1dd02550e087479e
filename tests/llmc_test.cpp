// Checkpoints of llm.c.
#include <bit>

#include "gpt/pretrained.h"
#include "gpt/weights.h"
#include "tests/gpt_support.h"

namespace gradus::gpt::llmc_test {
namespace {

std::string int32s(const std::vector<int32_t>& numbers) {
  std::string bytes;
  for (const int32_t number : numbers)
    bytes += little_endian(static_cast<uint32_t>(number), 4);
  return bytes;
}

/// Magic number, version, max_seq_len, vocab_size, num_layers, num_heads, channels,
/// padded_vocab_size.
std::string header(const std::vector<int32_t>& numbers) {
  std::string bytes = int32s(numbers);
  bytes.resize(1024);
  return bytes;
}

/// The numbers of a tensor as float32, or the upper half of each.
std::string elements(const Tensor& x, bool is_bfloat16) {
  std::string bytes;
  const Tensor in_order = x.detach().contiguous();
  for (int64_t i = 0; i < x.numel(); ++i) {
    const auto bits = std::bit_cast<uint32_t>(in_order.data<float>()[i]);
    bytes += is_bfloat16 ? little_endian(bits >> 16, 2) : little_endian(bits, 4);
  }
  return bytes;
}

class Llmc : public GptFiles {
 protected:
  /// The twin as llm.c writes it: weights of one kind together, matrices [out, in].
  std::string twin_file(bool is_bfloat16, int64_t padded = 16) const {
    std::map<std::string, Tensor> twin;
    for (const auto& [name, x] : twin_weights())
      twin.emplace(name, x);
    std::string bytes =
        header({20240326, is_bfloat16 ? 5 : 3, 8, 11, 2, 2, 8, static_cast<int32_t>(padded)});
    const Tensor padding = full({padded - 11, 8}, 1e30);
    bytes += elements(cat({twin.at("wte.weight"), padding}, 0), is_bfloat16);
    bytes += elements(twin.at("wpe.weight"), is_bfloat16);
    for (const std::string layer :
         {"ln_1", "attn.c_attn", "attn.c_proj", "ln_2", "mlp.c_fc", "mlp.c_proj"})
      for (const std::string kind : {".weight", ".bias"})
        for (const std::string h : {"h.0.", "h.1."}) {
          const Tensor& x = twin.at(h + layer + kind);
          bytes += elements(x.dim() == 2 ? x.t() : x, is_bfloat16);
        }
    bytes += elements(twin.at("ln_f.weight"), is_bfloat16);
    return bytes + elements(twin.at("ln_f.bias"), is_bfloat16);
  }
  std::string error(const std::string& bytes) const {
    const std::string file = put("model.bin", bytes);
    const std::string message = error_of([&] { from_pretrained(file); });
    const std::string start = "from_pretrained: " + file + ": ";
    EXPECT_TRUE(message.starts_with(start)) << message;
    return message.substr(std::min(message.size(), start.size()));
  }
};

TEST_F(Llmc, Float32HasTheBitsOfHuggingFacesFile) {
  const nn::Gpt expected = from_pretrained(put_tied_twin());
  for (const int64_t padded : {11, 16}) {
    const nn::Gpt model = from_pretrained(put("model.bin", twin_file(false, padded)));
    EXPECT_FALSE(model.is_training());
    const auto a = weights_of(model);
    const auto b = weights_of(expected);
    ASSERT_EQ(a.size(), b.size());
    for (size_t i = 0; i < a.size(); ++i)
      EXPECT_TRUE(same(joined(a[i]), joined(b[i]))) << a[i].name;
  }
}

TEST_F(Llmc, BFloat16IsWidened) {
  const nn::Gpt model = from_pretrained(put("model.bin", twin_file(true)));
  const nn::Gpt expected = from_pretrained(put_tied_twin());
  const Tensor difference = (model.tok_emb.weight - expected.tok_emb.weight).abs();
  EXPECT_LT(difference.max().item<double>(), 1.0 / 128);
  EXPECT_GT(difference.max().item<double>(), 0);
}

TEST_F(Llmc, BFloat16StaysSoIfAsked) {
  const std::string file = put("model.bin", twin_file(true));
  const nn::Gpt wide = from_pretrained(file);
  const nn::Gpt model = from_pretrained(file, {.dtype = kBFloat16});
  EXPECT_TRUE(same(model.tok_emb.weight, wide.tok_emb.weight.detach().to(kBFloat16)));
  EXPECT_EQ(model.final_norm.weight.dtype(), kFloat32);
  EXPECT_TRUE(equal(model.final_norm.weight.detach(), wide.final_norm.weight.detach()));
}

TEST_F(Llmc, OtherFilesAreErrors) {
  EXPECT_EQ(error(""), "it has 0 bytes, and the header alone has 1024");
  EXPECT_EQ(error(std::string(5000, 'a')),
            "it begins with the number 1633771873, and a checkpoint of llm.c with 20240326");
  EXPECT_EQ(error(header({20240326, 1, 8, 11, 2, 2, 8, 16})),
            "it has version 1, and only 3 (float32) and 5 (bfloat16) are supported");
  EXPECT_EQ(error(header({20240326, 3, 8, 11, 0, 2, 8, 16})),
            "num_layers is 0, expected 1 or more");
  EXPECT_EQ(error(header({20240326, 3, -8, 11, 2, 2, 8, 16})),
            "max_seq_len is -8, expected 1 or more");
  EXPECT_EQ(error(header({20240326, 3, 8, 11, 2, 3, 8, 16})),
            "8 channels do not split into 3 heads");
  EXPECT_EQ(error(header({20240326, 3, 8, 11, 2, 2, 8, 10})),
            "padded_vocab_size 10 is less than vocab_size 11");
  const int32_t max = std::numeric_limits<int32_t>::max();
  EXPECT_EQ(error(header({20240326, 3, max, max, max, 1, max, max})),
            "1.188422436745511e+29 parameters need 4.753689746982044e+29 bytes, and 0 follow the "
            "header");
  const std::string twin = twin_file(false);
  EXPECT_EQ(error(twin.substr(0, twin.size() - 1)),
            "1952 parameters need 7808 bytes, and 7807 follow the header");
  EXPECT_EQ(error(twin + "a"), "1952 parameters need 7808 bytes, and 7809 follow the header");
}

}  // namespace
}  // namespace gradus::gpt::llmc_test
