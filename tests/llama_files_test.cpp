// The files of llama2.c that the exercise llama reads: correct files, and files with wrong headers.
#include "exercises/20_llama/files.h"
#include "tests/expect_error.h"
#include "tests/files_support.h"

namespace gradus::llama_files_test {
namespace {
using namespace std::string_literals;
using LlamaFiles = Files;

std::string header(const std::vector<int64_t>& numbers) {
  std::string text;
  for (const int64_t number : numbers)
    text += little_endian(static_cast<uint64_t>(number), 4);
  return text;
}

/// 0, 1, 2, ... as float32.
std::string floats(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    const auto value = static_cast<float>(i);
    text.append(reinterpret_cast<const char*>(&value), 4);
  }
  return text;
}

// C = 12, F = 5, L = 2, H = 3 heads of D = 4 over G = 1, V = 7, context 3
constexpr int kEmbedding = 7 * 12, kBlocks = 2 * (12 + 144 + 48 + 48 + 144 + 12 + 60 + 60 + 60),
              kEnd = 12 + 2 * 3 * 2;

TEST_F(LlamaFiles, TheWeightsInTheirOrder) {
  const std::string file =
      put("m", header({12, 5, 2, 3, 1, 7, 3}) + floats(kEmbedding + kBlocks + kEnd));
  const Llama m = load_llama(file);
  EXPECT_EQ(m.config.heads, 3);
  EXPECT_EQ(m.config.kv_heads, 1);
  EXPECT_EQ(m.config.context_length, 3);
  ASSERT_EQ(m.blocks.size(), 2u);
  const LlamaBlock& b = m.blocks[1];
  const auto first = [](const Tensor& x) {
    return static_cast<int>(x.reshape({-1})[0].item<float>());
  };
  int at = kEmbedding;
  const auto expect = [&](const char* name, const Tensor& x, const Shape& sizes, int each) {
    EXPECT_EQ(x.sizes(), sizes) << name;
    EXPECT_EQ(first(x), at + each) << name;  // the second block's
    at += 2 * each;
  };
  EXPECT_EQ(first(m.embedding), 0);
  EXPECT_EQ(m.embedding.sizes(), (Shape{7, 12}));
  expect("attention_norm", b.attention_norm, {12}, 12);
  expect("wq", b.wq, {12, 12}, 144);
  expect("wk", b.wk, {4, 12}, 48);
  expect("wv", b.wv, {4, 12}, 48);
  expect("wo", b.wo, {12, 12}, 144);
  expect("feed_forward_norm", b.feed_forward_norm, {12}, 12);
  expect("w1", b.w1, {5, 12}, 60);
  expect("w2", b.w2, {12, 5}, 60);
  expect("w3", b.w3, {5, 12}, 60);
  EXPECT_EQ(first(m.norm), at);
  EXPECT_TRUE(m.classifier.is_same(m.embedding));
}

TEST_F(LlamaFiles, ANegativeVocabularyBringsItsClassifier) {
  const int shared = kEmbedding + kBlocks + kEnd;
  const Llama m =
      load_llama(put("m", header({12, 5, 2, 3, 1, -7, 3}) + floats(shared + kEmbedding)));
  EXPECT_EQ(m.embedding.sizes(), (Shape{7, 12}));
  EXPECT_EQ(m.classifier.sizes(), (Shape{7, 12}));
  EXPECT_EQ(m.classifier[0][0].item<float>(), static_cast<float>(shared));
}

TEST_F(LlamaFiles, RefusesHeadersThatLie) {
  const auto error = [&](const std::vector<int64_t>& numbers, const std::string& message) {
    const std::string file = put("m", header(numbers) + floats(kEmbedding + kBlocks + kEnd));
    expect_error([&] { load_llama(file); }, "load_llama: " + file + ": " + message);
  };
  constexpr int64_t huge = 0x7fffffff;
  error({0, 5, 2, 3, 1, 7, 3}, "number 0 of the header is 0, it must be positive");
  error({12, 5, 2, -3, 1, 7, 3}, "number 3 of the header is -3, it must be positive");
  error({12, 5, 2, 3, 1, 0, 3}, "number 5 of the header is 0, it must be positive");
  error({12, 5, huge, 3, 1, 7, 3}, "the header speaks of 2147483647 blocks, 10000 is the limit");
  error({12, 5, 2, 5, 1, 7, 3}, "12 numbers do not split into 5 heads of an even size");
  error({12, 5, 2, 4, 1, 7, 3}, "12 numbers do not split into 4 heads of an even size");
  error({12, 5, 2, 3, 2, 7, 3}, "3 query heads cannot share 2 heads of keys and values");
  error({12, 5, 1, 3, 1, 7, 3}, "the header asks for 2784 bytes of weights, and 5136 follow");
  error({12, 5, 2, 3, 1, -7, 3}, "the header asks for 5472 bytes of weights, and 5136 follow");
  error({12, 5, 2, 3, 1, -0x80000000LL, 3},
        "the header asks for 206158435008 bytes of weights, and 5136 follow");
  error({huge - 1, huge, 10000, 1, 1, 7, huge},
        "wq has the shape [10000, 2147483646, 2147483646], more than memory can hold");
}

TEST_F(LlamaFiles, EveryCutOrChangedByteEndsInAModelOrAnError) {
  const std::string whole =
      header({4, 1, 1, 2, 1, 2, 1}) + floats(8 + 4 + 16 + 8 + 8 + 16 + 4 + 4 + 4 + 4 + 4 + 2);
  EXPECT_EQ(load_llama(put("m", whole)).blocks.size(), 1u);
  for (size_t n = 0; n < whole.size(); ++n)
    EXPECT_THROW(load_llama(put("m", whole.substr(0, n))), Error) << n << " bytes";
  EXPECT_THROW(load_llama(put("m", whole + "x")), Error);
  for (size_t i = 0; i < 28; ++i)
    for (const int change : {0x01, 0x7f, 0x80, 0xff}) {
      std::string changed = whole;
      changed[i] = static_cast<char>(changed[i] ^ change);
      EXPECT_THROW(load_llama(put("m", changed)), Error) << "byte " << i << " by " << change;
    }
  EXPECT_THROW(load_llama(path("nowhere")), Error);
  EXPECT_THROW(load_llama(folder_.string()), Error);
}

std::string piece(const std::string& text) {
  return little_endian(0, 4) + little_endian(text.size(), 4) + text;
}

TEST_F(LlamaFiles, TokensBecomeText) {
  const std::string file =
      put("t", little_endian(6, 4) + piece("<unk>") + piece("\n<s>\n") + piece(" lily") +
                   piece("<0x0A>") + piece("<0xG1>") + piece(""));
  const LlamaVocabulary words(file, 6);
  EXPECT_EQ(words.decode({1, 2, 2, 3, 4, 5, 2}), "lily lily\n<0xG1> lily");
  EXPECT_EQ(words.decode({1}), "");
  EXPECT_EQ(words.decode({}), "");
  expect_error([&] { words.decode({1, 6}); }, "decode: token 1 is 6, the vocabulary has 6");
  expect_error([&] { words.decode({1, -1}); }, "decode: token 1 is -1, the vocabulary has 6");
}

TEST_F(LlamaFiles, RefusesVocabulariesThatLie) {
  const auto error = [&](const std::string& bytes, const std::string& message) {
    const std::string file = put("t", bytes);
    expect_error([&] { LlamaVocabulary(file, 2); }, "Vocabulary: " + file + ": " + message);
  };
  const std::string start = little_endian(6, 4) + piece("one");
  error("", "it ends where its header should be");
  error(start, "it ends where the score of token 1 should be");
  error(start + little_endian(0, 4), "it ends where the length of token 1 should be");
  error(start + little_endian(0, 4) + little_endian(4, 4) + "two",
        "token 1 should have 4 bytes, and 3 follow");
  error(start + little_endian(0, 4) + little_endian(0xffffffff, 4),
        "token 1 should have -1 bytes, and 0 follow");
  error(start + little_endian(0, 4) + little_endian(0x7fffffff, 4),
        "token 1 should have 2147483647 bytes, and 0 follow");
  error(start + piece("two") + "x", "1 bytes follow after the last of 2 tokens");
}

}  // namespace
}  // namespace gradus::llama_files_test
