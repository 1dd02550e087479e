// make_corpus FOLDER: writes the small files from which the fuzzers of file readers start. They are
// committed in corpus/; run this again when a writer or a format changes.
#include <fmt/ranges.h>

#include <iostream>

#include "autograd/ops.h"
#include "lessons/translation/number_words.h"
#include "tensor/files.h"
#include "tests/fuzz/input_file.h"
#include "text/token_file.h"

namespace gradus::fuzz {
namespace {

namespace fs = std::filesystem;

Tensor counted(const Shape& sizes, DType t) {
  return arange(numel("corpus", sizes)).to(t).view(sizes);
}

void make_safetensors(const fs::path& folder) {
  const auto save = [&](const char* name, const NamedTensors& tensors,
                        const std::map<std::string, std::string>& metadata = {}) {
    save_safetensors(folder / name, tensors, metadata);
  };
  save("nothing", {});
  save("layer", {{"weight", counted({3, 2}, kFloat32)}, {"bias", counted({3}, kFloat32)}});
  save("dtypes",
       {{"a", counted({2}, kFloat64)}, {"b", counted({}, kInt64)}, {"c", counted({0, 4}, kBool)}});
  save("metadata", {{"\xc3\xa9.\n\"", counted({1, 1, 2}, kBool)}}, {{"format", "pt"}});
}

void make_npy(const fs::path& folder) {
  save_npy(folder / "matrix", counted({2, 3}, kFloat32));
  save_npy(folder / "number", counted({}, kFloat64));
  save_npy(folder / "empty", counted({2, 0}, kInt64));
  save_npy(folder / "bools", counted({3}, kBool));
}

void put(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

template <class T>
std::string bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

void make_llama(const fs::path& folder) {
  // C = 4, F = 1, H = 2 heads over G = 1, V = 2 tokens, context 1; the number of floats follows
  const auto model = [](int32_t blocks, int32_t vocabulary, size_t floats) {
    return bytes_of(std::vector<int32_t>{4, 1, blocks, 2, 1, vocabulary, 1}) +
           bytes_of(std::vector<float>(floats, 0.5f));
  };
  put(folder / "one_block", model(1, 2, 8 + 68 + 6));
  put(folder / "two_blocks_and_classifier", model(2, -2, 8 + 2 * 68 + 6 + 8));
}

void make_vocabulary(const fs::path& folder) {
  const auto piece = [](const std::string& text) {
    return bytes_of(std::vector<float>{-1.5f}) +
           bytes_of(std::vector<int32_t>{static_cast<int32_t>(text.size())}) + text;
  };
  const std::string longest = bytes_of(std::vector<int32_t>{6});
  put(folder / "empty", std::string(1, '\0') + longest);
  put(folder / "four_tokens",
      '\4' + longest + piece("<unk>") + piece("\n<s>\n") + piece(" lily") + piece("<0x0A>"));
}

void make_pairs(const fs::path& folder) {
  std::string lines;
  for (const int64_t number : {7, 42, 999}) {
    const auto [german, english, alignment] = lessons::numbers::translate(number);
    lines += fmt::format("{}\t{}\n", fmt::join(german, " "), fmt::join(english, " "));
  }
  put(folder / "numbers", lines);
  put(folder / "windows", "ich bin\tI am\r\ndu\tyou\r\n");
}

void make_config(const fs::path& folder) {
  put(folder / "small", R"({"model_type": "gpt2", "vocab_size": 11, "n_positions": 8, "n_embd": 8,
 "n_head": 2, "n_layer": 2})");
  put(folder / "all", R"({"vocab_size": 53, "n_positions": 512, "n_embd": 64, "n_head": 4,
 "n_layer": 4, "activation_function": "gelu_new", "attn_pdrop": 0.1, "embd_pdrop": 0.1,
 "resid_pdrop": 0.1, "eos_token_id": 51, "layer_norm_epsilon": 1e-05, "n_inner": null,
 "scale_attn_weights": true, "scale_attn_by_inverse_layer_idx": false, "add_cross_attention": false,
 "tie_word_embeddings": false, "qkv_bias": false, "architectures": ["GPT2LMHeadModel"]})");
}

/// The first byte is what fuzz_tokenizer.cpp does with the others.
void make_tokenizer(const fs::path& folder) {
  put(folder / "characters", std::string(1, '\0') + R"({"\n": 0, "a": 2, "\u00e9": 1})");
  put(folder / "two_files",
      "\1{\"a\": 0, \"ab\": 1}" + std::string(1, '\0') + "#version: 0.2\na b\n");
  put(folder / "merges", "\2#version: 0.2\na b\nab c\n\xc4\xa0 a\na a\naa aa\n");
  text::TokenFile::save(folder / "tokens", std::vector<int64_t>{1, 2, 3}, std::vector<int64_t>{4},
                        10);
  std::ifstream tokens(folder / "tokens", std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(tokens), {});
  put(folder / "tokens", "\3" + bytes);
  put(folder / "text", "\4It's  1234 ab\xff\xc3 l\xc3\xb6we\n\naaaaaaaa aaaa");
}

}  // namespace
}  // namespace gradus::fuzz

int main(int argc, char** argv) {
  namespace fs = std::filesystem;
  if (argc != 2) {
    std::cerr << "usage: make_corpus FOLDER\n";
    return 2;
  }
  using Maker = void (*)(const fs::path&);
  const std::pair<const char*, Maker> makers[] = {{"safetensors", gradus::fuzz::make_safetensors},
                                                  {"npy", gradus::fuzz::make_npy},
                                                  {"llama", gradus::fuzz::make_llama},
                                                  {"vocabulary", gradus::fuzz::make_vocabulary},
                                                  {"pairs", gradus::fuzz::make_pairs},
                                                  {"config", gradus::fuzz::make_config},
                                                  {"tokenizer", gradus::fuzz::make_tokenizer}};
  for (const auto& [name, make] : makers) {
    fs::create_directories(fs::path(argv[1]) / name);
    make(fs::path(argv[1]) / name);
  }
}
