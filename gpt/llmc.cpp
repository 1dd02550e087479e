// A checkpoint of llm.c (https://github.com/karpathy/llm.c, train_gpt2.py): 256 integers of 32 bits
// and the weights. The weights are in the order of weights_of, but those of the blocks are sorted
// by kind: ln_1.weight of all blocks, then ln_1.bias of all blocks, and so on. Matrices are [out,
// in], and the rows of wte are padded to a multiple of 128.
#include "gpt/llmc.h"

#include <array>

#include "gpt/weights.h"
#include "tensor/factories.h"
#include "tensor/file_io.h"

namespace gradus::gpt {
namespace {

constexpr int32_t kMagic = 20240326;
constexpr int32_t kFloat32Version = 3;
constexpr int32_t kBFloat16Version = 5;
constexpr size_t kWeightsOfBlock = 12;

struct Header {
  bool is_bfloat16;
  nn::GptConfig config;
  int64_t padded_vocab_size;
};

Header read_llmc_header(InputFile& file) {
  std::array<int32_t, 256> numbers;
  const auto bytes = static_cast<int64_t>(sizeof numbers);
  file.check(file.left() >= bytes, "it has {} bytes, and the header alone has {}", file.left(),
             bytes);
  file.read(numbers.data(), bytes);
  file.check(numbers[0] == kMagic,
             "it begins with the number {}, and a checkpoint of llm.c with {}", numbers[0], kMagic);
  const int32_t version = numbers[1];
  file.check(version == kFloat32Version || version == kBFloat16Version,
             "it has version {}, and only {} (float32) and {} (bfloat16) are supported", version,
             kFloat32Version, kBFloat16Version);
  const auto size = [&](size_t i, const char* name) -> int64_t {
    file.check(numbers[i] >= 1, "{} is {}, expected 1 or more", name, numbers[i]);
    return numbers[i];
  };
  const nn::GptConfig config = {
      .vocab_size = size(3, "vocab_size"),
      .context_length = size(2, "max_seq_len"),
      .emb_dim = size(6, "channels"),
      .n_heads = size(5, "num_heads"),
      .n_layers = size(4, "num_layers"),
      .drop_rate = 0,
      .qkv_bias = true,
      .tied_head = true,
  };
  const int64_t padded = size(7, "padded_vocab_size");
  file.check(padded >= config.vocab_size, "padded_vocab_size {} is less than vocab_size {}", padded,
             config.vocab_size);
  file.check(config.emb_dim % config.n_heads == 0, "{} channels do not split into {} heads",
             config.emb_dim, config.n_heads);
  return {version == kBFloat16Version, config, padded};
}

/// Throws unless the file has the weights of this header, before memory is allocated for them.
void check_length(const InputFile& file, const Header& header) {
  const auto C = static_cast<double>(header.config.emb_dim);
  const auto rows = static_cast<double>(header.padded_vocab_size + header.config.context_length);
  const double block = 12 * C * C + 13 * C;
  const double count = rows * C + static_cast<double>(header.config.n_layers) * block + 2 * C;
  const double bytes = count * (header.is_bfloat16 ? 2 : 4);
  // A double has every integer up to 2^53, and no file is larger.
  file.check(bytes == static_cast<double>(file.left()),
             "{} parameters need {} bytes, and {} follow the header", count, bytes, file.left());
}

}  // namespace

nn::Gpt load_llmc(const std::string& path, std::optional<DType> dtype) {
  InputFile file("from_pretrained", path);
  const Header header = read_llmc_header(file);
  check_length(file, header);
  const nn::Gpt model(header.config);
  if (dtype) make_room(model, *dtype);
  const DType in_file = header.is_bfloat16 ? kBFloat16 : kFloat32;
  const std::vector<Weight> weights = weights_of(model);
  const auto load = [&](const Weight& weight) {
    Shape shape = shape_of(weight);
    if (weight.name == "wte.weight") shape[0] = header.padded_vocab_size;
    assign(weight, file.read_tensor(weight.name, shape, in_file));
  };
  const auto blocks = static_cast<size_t>(header.config.n_layers);
  const size_t first = 2;  // after wte and wpe
  load(weights[0]);
  load(weights[1]);
  for (size_t kind = 0; kind < kWeightsOfBlock; ++kind)
    for (size_t block = 0; block < blocks; ++block)
      load(weights[first + block * kWeightsOfBlock + kind]);
  for (size_t i = first + blocks * kWeightsOfBlock; i < weights.size(); ++i)
    load(weights[i]);
  model.eval();
  return model;
}

}  // namespace gradus::gpt
