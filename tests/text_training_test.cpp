// BpeTokenizer::train, compared with a reference that counts everything anew for each merge.
#include <ctime>
#include <map>
#include <random>

#include "tests/expect_error.h"
#include "tests/text_support.h"
#include "text/bpe_tokenizer.h"
#include "text/byte_letters.h"
#include "text/word_splitter.h"

namespace gradus::text::text_training_test {
namespace {

using Pair = std::pair<int64_t, int64_t>;

/// The merges, by the definition: counts all pairs of neighbours inside the words of the text,
/// takes the most frequent one (the lowest ids if several are), merges it from left to right, and
/// repeats.
std::vector<Pair> reference(const std::string& text, int64_t vocab_size) {
  std::map<unsigned char, int64_t> id_of_byte;
  for (const unsigned char byte : bytes_in_order())
    id_of_byte.emplace(byte, std::ssize(id_of_byte));
  std::vector<std::vector<int64_t>> words;
  WordSplitter splitter(text);
  for (std::string_view word = splitter.next(); !word.empty(); word = splitter.next()) {
    words.emplace_back();
    for (const char c : word)
      words.back().push_back(id_of_byte.at(static_cast<unsigned char>(c)));
  }
  std::vector<Pair> merges;
  for (int64_t id = 256; id < vocab_size; ++id) {
    std::map<Pair, int64_t> counts;  // sorted by ids, so max_element finds the lowest ones
    for (const auto& word : words)
      for (size_t i = 0; i + 1 < word.size(); ++i)
        ++counts[{word[i], word[i + 1]}];
    const auto best = std::max_element(counts.begin(), counts.end(),
                                       [](auto& a, auto& b) { return a.second < b.second; });
    if (best == counts.end() || best->second < 2) break;
    merges.push_back(best->first);
    for (auto& word : words)
      for (size_t i = 0; i + 1 < word.size(); ++i)
        if (Pair{word[i], word[i + 1]} == best->first) {
          word[i] = id;
          word.erase(word.begin() + static_cast<std::ptrdiff_t>(i) + 1);
        }
  }
  return merges;
}

std::vector<Pair> trained(const std::string& text, int64_t vocab_size) {
  const BpeTokenizer tokenizer = BpeTokenizer::train(text, vocab_size);
  std::vector<Pair> pairs;
  for (const Merge& merge : tokenizer.merges()) {
    EXPECT_EQ(merge.merged, 256 + std::ssize(pairs));
    pairs.emplace_back(merge.left, merge.right);
  }
  EXPECT_EQ(tokenizer.vocab_size(), 256 + std::ssize(pairs));
  return pairs;
}

TEST(TextTraining, SmallTexts) {
  for (const std::string text :
       {"", "a", "aa", "aaa", "aaaa", "aaaaaaaaa", "abab", "ab ba ab ba", "abcabcabc abcabc bcbc",
        "aaabdaaabac", "banana bandana banana", "low low low lower lowest newest newest widest",
        "\xff\xfe\xff\xfe\xff\xfe", "Möwe Möwe Möwen", "aaa aaaa aaaaa baaa caaaa aab aab"})
    EXPECT_EQ(trained(text, 300), reference(text, 300)) << text;
}

/// Few letters give many pairs that are equally frequent, and many that overlap with themselves.
TEST(TextTraining, RandomTextsWithTies) {
  std::mt19937 random(3);
  for (int i = 0; i < 200; ++i) {
    std::string text;
    const unsigned letters = 1 + random() % 4;
    const size_t length = random() % 120;
    while (text.size() < length)
      text += random() % 6 == 0 ? ' ' : static_cast<char>('a' + random() % letters);
    const auto vocab_size = 256 + static_cast<int64_t>(random() % 40);
    ASSERT_EQ(trained(text, vocab_size), reference(text, vocab_size)) << text;
  }
}

TEST(TextTraining, StopsWhenNoPairOccursTwice) {
  EXPECT_EQ(BpeTokenizer::train("abcdef", 1000).vocab_size(), 256);
  EXPECT_EQ(BpeTokenizer::train("abab", 1000).vocab_size(), 257);
  EXPECT_EQ(BpeTokenizer::train("abababab", 256).vocab_size(), 256);
}

TEST(TextTraining, WrongSizes) {
  for (const int64_t size : {-1, 0, 255, (1 << 24) + 1})
    expect_error(
        [&] { (void)BpeTokenizer::train("abc", size); },
        fmt::format("BpeTokenizer: vocab_size {} - it is from 256, the number of bytes, to "
                    "16777216",
                    size));
}

TEST(TextTraining, TinyShakespeare) {
  const auto path = real_data("tiny-shakespeare/input.txt");
  if (!path) GTEST_SKIP() << "tiny Shakespeare is not there: ./run download shakespeare gets it";
  const std::string text = file_bytes(*path);
  const std::clock_t start = std::clock();
  const BpeTokenizer tokenizer = BpeTokenizer::train(text, 1024);
  EXPECT_LT(static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC, 10) << "seconds";
  EXPECT_EQ(tokenizer.vocab_size(), 1024);
  const std::vector<int64_t> ids = tokenizer.encode(text);
  EXPECT_EQ(ids.size(), 459792);
  EXPECT_EQ(tokenizer.decode(ids), text);

  const std::string part = text.substr(0, 20'000);
  EXPECT_EQ(trained(part, 400), reference(part, 400));
}

}  // namespace
}  // namespace gradus::text::text_training_test
