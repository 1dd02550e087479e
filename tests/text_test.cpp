// The tokenizers: GPT-2's own ids, any bytes there and back, characters.
#include <ctime>
#include <random>

#include "tensor/files.h"
#include "tests/expect_error.h"
#include "tests/text_support.h"
#include "text/token_file.h"
#include "text/tokenizer.h"
#include "text/word_splitter.h"

namespace gradus::text::text_test {
namespace {

using Ids = std::vector<int64_t>;

/// GPT-2's tokenizer. The tests that need it are skipped without its files.
const BpeTokenizer* gpt2() {
  static const std::optional<BpeTokenizer> tokenizer = []() -> std::optional<BpeTokenizer> {
    for (const char* name : {"gpt2", "gpt2-bpe"})
      if (const auto dir = real_data(name)) return BpeTokenizer::from_pretrained(*dir);
    return {};
  }();
  return tokenizer ? &*tokenizer : nullptr;
}
constexpr const char* kNoGpt2 = "GPT-2's vocabulary is not there: ./run download gpt2 gets it";

/// Processor time of this thread in seconds.
double processor_time() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  WordSplitter splitter(text);
  for (std::string_view word = splitter.next(); !word.empty(); word = splitter.next())
    words.emplace_back(word);
  return words;
}

/// Some text with endings, numbers, spaces and other scripts.
std::string sample() {
  return "It's the sea, isn't it? We'll see 1234 ships;  they've\n\n gone \t home.   "
         "Die Möwe schrie 3½ mal: 海は広いな、大きいな。 The sea, the sea!";
}

TEST(Text, WordsAreSplitAsByGpt2) {
  using Words = std::vector<std::string>;
  EXPECT_EQ(words_of("It's we'll, 'tis  12ab!?\n\n x "),
            (Words{"It", "'s", " we", "'ll", ",", " '", "tis", " ", " 12", "ab", "!?", "\n\n", " x",
                   " "}));
  EXPECT_EQ(words_of("a\xff\xfe b\xe6\xb5"), (Words{"a", "\xff\xfe", " b", "\xe6\xb5"}));
  EXPECT_TRUE(words_of("").empty());
}

TEST(Text, Gpt2IdsAreTiktokens) {
  if (gpt2() == nullptr) GTEST_SKIP() << kNoGpt2;
  std::ifstream file(GRADUS_GOLDEN_DIR "/gpt2_tokens.tsv");
  int64_t count = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    const size_t tab = line.find('\t');
    const std::string bytes = from_base64(line.substr(0, tab));
    std::istringstream numbers(line.substr(tab + 1));
    const Ids expected{std::istream_iterator<int64_t>(numbers), {}};
    EXPECT_EQ(gpt2()->encode(bytes), expected) << bytes;
    EXPECT_EQ(gpt2()->decode(expected), bytes);
    ++count;
  }
  EXPECT_EQ(count, 340);
  EXPECT_EQ(gpt2()->vocab_size(), 50257);
  EXPECT_EQ(gpt2()->decode(Ids{50256}), "<|endoftext|>");
}

TEST(Text, Gpt2TokensOfTinyShakespeare) {
  const auto path = real_data("tiny-shakespeare/input.txt");
  if (gpt2() == nullptr || !path) GTEST_SKIP() << kNoGpt2 << "; or tiny-shakespeare is not there";
  const std::string text = file_bytes(*path);
  const auto [train, validation] = split_text(text);
  EXPECT_EQ(gpt2()->encode(train).size(), 301966);
  EXPECT_EQ(gpt2()->encode(validation).size(), 36059);
  double best = 1e9;
  for (int i = 0; i < 3; ++i) {
    const double start = processor_time();
    const Ids ids = gpt2()->encode(text);
    best = std::min(best, processor_time() - start);
    EXPECT_EQ(gpt2()->decode(ids), text);
  }
  const double speed = static_cast<double>(text.size()) / best * 1e-6;
  RecordProperty("megabytes_per_second", fmt::format("{:.1f}", speed));
#ifdef NDEBUG  // the library is optimised
  EXPECT_GT(speed, 5) << "MB/s on one core";
#endif
}

TEST(Text, AnyBytesThereAndBack) {
  const BpeTokenizer trained = BpeTokenizer::train(sample(), 400);
  std::mt19937 random(1);
  for (int i = 0; i < 10'000; ++i) {
    // Half of them are mostly UTF-8: the sample with a few other bytes.
    std::string bytes = i % 2 == 0 ? std::string(random() % 60, ' ') : sample();
    for (size_t k = 0; k < bytes.size(); ++k) {
      if (i % 2 == 0 || random() % 20 == 0) bytes[k] = static_cast<char>(random());
    }
    ASSERT_EQ(trained.decode(trained.encode(bytes)), bytes) << i;
    if (gpt2() == nullptr) continue;
    ASSERT_EQ(gpt2()->decode(gpt2()->encode(bytes)), bytes) << i;
  }
}

TEST(Text, LongWordsTakeLittleTime) {
#ifdef NDEBUG
  constexpr double kMostSeconds = 1;
#else
  constexpr double kMostSeconds = 20;  // the library is not optimised
#endif
  std::string letters = "a";
  for (int i = 0; i < 10; ++i)
    letters += letters;
  const BpeTokenizer trained = BpeTokenizer::train(letters, 260);
  for (const char c : {'a', ' ', '\n', '.', '\xff'}) {
    const std::string text(1'000'000, c);
    for (const BpeTokenizer* tokenizer : {&trained, gpt2()}) {
      if (tokenizer == nullptr) continue;
      const double start = processor_time();
      const Ids ids = tokenizer->encode(text);
      EXPECT_LT(processor_time() - start, kMostSeconds) << printable({&c, 1});
      EXPECT_EQ(tokenizer->decode(ids), text);
    }
  }
  EXPECT_EQ(trained.encode(std::string(1'000'000, 'a')).size(), 1'000'000 / 16);
}

/// A short word is merged by another algorithm than a long one.
TEST(Text, LongWordsAreMergedAsShortOnes) {
  const BpeTokenizer trained =
      BpeTokenizer::train("abababcabcaabbccabcabc aabbab cabbac bacca", 300);
  std::mt19937 random(2);
  for (int i = 0; i < 300; ++i) {
    std::string word;
    while (word.size() < 40 + random() % 60)
      word += static_cast<char>('a' + random() % 3);
    // Merges by the definition: the lowest rank first, from left to right.
    Ids expected;
    for (const char c : word)
      expected.push_back(trained.encode(std::string(1, c)).front());
    for (const Merge& merge : trained.merges())
      for (size_t at = 0; at + 1 < expected.size(); ++at)
        if (expected[at] == merge.left && expected[at + 1] == merge.right) {
          expected[at] = merge.merged;
          expected.erase(expected.begin() + static_cast<std::ptrdiff_t>(at) + 1);
        }
    ASSERT_EQ(trained.encode(word), expected) << word;
  }
}

TEST(Text, Characters) {
  const CharTokenizer tokenizer("hello, wörld\n");
  EXPECT_EQ(tokenizer.vocab_size(), 11);
  EXPECT_EQ(tokenizer.encode("\n ,ö"), (Ids{0, 1, 2, 10}));
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("low löwe, hör")), "low löwe, hör");
  EXPECT_TRUE(tokenizer.encode("").empty());
  expect_error([&] { (void)tokenizer.encode("löw€"); },
               "encode: the character '€' (U+20AC) at byte 4 is not one of the 11 characters of "
               "the vocabulary");
  expect_error(
      [&] { (void)tokenizer.encode("lo\x1bw"); },
      "encode: the character '\\x1b' (U+001B) at byte 2 is not one of the 11 characters of "
      "the vocabulary");
  expect_error(
      [] { CharTokenizer("ab\xff"); },
      "CharTokenizer: byte 2 is 0xff and not UTF-8; a tokenizer of characters needs UTF-8, "
      "byte-pair encoding takes any bytes");
  expect_error([] { CharTokenizer(""); }, "CharTokenizer: the text is empty");
  expect_error(
      [&] {
        (void)tokenizer.decode(Ids{0, 11});
      },
      "decode: id 11 at position 1 is not from 0 to 10");
  expect_error([&] { (void)tokenizer.decode(Ids{-1}); },
               "decode: id -1 at position 0 is not from 0 to 10");
}

}  // namespace
}  // namespace gradus::text::text_test
