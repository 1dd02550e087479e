// The task of lessons 02, 03 and 09: number words, sentence pairs as batches, and pairs from a
// file.
#include <sys/stat.h>

#include <map>
#include <set>

#include "autograd/ops.h"
#include "lessons/translation/number_words.h"
#include "lessons/translation/sentences.h"
#include "tensor/random.h"
#include "tests/expect_error.h"
#include "tests/files_support.h"

namespace translation_task_test {
using namespace gradus;
using namespace gradus::lessons;
using numbers::translate;

namespace {

std::string german(int64_t n) { return numbers::written_german(translate(n).german); }
std::string english(int64_t n) { return numbers::written_english(translate(n).english); }

TEST(NumberWords, AreWrittenAsInBothLanguages) {
  const std::vector<std::tuple<int64_t, const char*, const char*>> known{
      {0, "null", "zero"},
      {1, "eins", "one"},
      {7, "sieben", "seven"},
      {11, "elf", "eleven"},
      {12, "zwölf", "twelve"},
      {16, "sechzehn", "sixteen"},
      {17, "siebzehn", "seventeen"},
      {20, "zwanzig", "twenty"},
      {21, "einundzwanzig", "twenty-one"},
      {30, "dreißig", "thirty"},
      {31, "einunddreißig", "thirty-one"},
      {66, "sechsundsechzig", "sixty-six"},
      {77, "siebenundsiebzig", "seventy-seven"},
      {100, "einhundert", "one hundred"},
      {101, "einhunderteins", "one hundred one"},
      {121, "einhunderteinundzwanzig", "one hundred twenty-one"},
      {234, "zweihundertvierunddreißig", "two hundred thirty-four"},
      {999, "neunhundertneunundneunzig", "nine hundred ninety-nine"},
      {1000, "eintausend", "one thousand"},
      {1001, "eintausendeins", "one thousand one"},
      {21000, "einundzwanzigtausend", "twenty-one thousand"},
      {101101, "einhunderteintausendeinhunderteins", "one hundred one thousand one hundred one"},
      {1000000, "eine Million", "one million"},
      {1000001, "eine Million eins", "one million one"},
      {9021016, "neun Millionen einundzwanzigtausendsechzehn",
       "nine million twenty-one thousand sixteen"},
  };
  for (const auto& [n, de, en] : known) {
    EXPECT_EQ(german(n), de);
    EXPECT_EQ(english(n), en);
  }
  EXPECT_EQ(translate(23).german, (Words{"drei", "und", "zwanzig"}));
  EXPECT_EQ(translate(23).english, (Words{"twenty", "three"}));
  EXPECT_EQ(translate(23).alignment, (std::vector<int64_t>{2, 0}));
}

/// What English pieces mean, worked out from the pieces alone.
int64_t value_of(const Words& english_pieces) {
  static const std::map<std::string, int64_t> values{
      {"zero", 0},     {"one", 1},      {"two", 2},        {"three", 3},     {"four", 4},
      {"five", 5},     {"six", 6},      {"seven", 7},      {"eight", 8},     {"nine", 9},
      {"ten", 10},     {"eleven", 11},  {"twelve", 12},    {"thirteen", 13}, {"fourteen", 14},
      {"fifteen", 15}, {"sixteen", 16}, {"seventeen", 17}, {"eighteen", 18}, {"nineteen", 19},
      {"twenty", 20},  {"thirty", 30},  {"forty", 40},     {"fifty", 50},    {"sixty", 60},
      {"seventy", 70}, {"eighty", 80},  {"ninety", 90}};
  int64_t total = 0;
  int64_t part = 0;
  for (const std::string& piece : english_pieces) {
    if (piece == "hundred")
      part *= 100;
    else if (piece == "thousand")
      total += part * 1000, part = 0;
    else if (piece == "million")
      total += part * 1000000, part = 0;
    else
      part += values.at(piece);
  }
  return total + part;
}

TEST(NumberWords, EveryNumberIsExact) {
  std::set<std::string> de;
  std::set<std::string> en;
  std::vector<int64_t> all;
  for (int64_t n = 0; n <= 1100; ++n)
    all.push_back(n);
  for (int64_t n = 1101; n <= numbers::kLargest; n += 2999)
    all.push_back(n);
  all.push_back(numbers::kLargest);
  for (const int64_t n : all) {
    const numbers::Translation t = translate(n);
    EXPECT_EQ(value_of(t.english), n);
    EXPECT_EQ(numbers::german_pieces(numbers::written_german(t.german)), t.german);
    EXPECT_TRUE(de.insert(numbers::written_german(t.german)).second) << n;
    EXPECT_TRUE(en.insert(numbers::written_english(t.english)).second) << n;
  }
}

/// The dictionary of pieces: what German pieces are aligned with.
TEST(NumberWords, AlignmentLeadsFromEachEnglishPieceToItsGermanOne) {
  std::map<std::string, std::set<std::string>> english_of;
  for (int64_t n = 0; n < 1000; ++n) {
    const numbers::Translation t = translate({n, 1'234'567, n});
    ASSERT_EQ(t.alignment.size(), t.english.size());
    std::set<int64_t> used;
    for (size_t i = 0; i < t.english.size(); ++i) {
      ASSERT_GE(t.alignment[i], 0);
      ASSERT_LT(t.alignment[i], static_cast<int64_t>(t.german.size()));
      EXPECT_TRUE(used.insert(t.alignment[i]).second);
      english_of[t.german[static_cast<size_t>(t.alignment[i])]].insert(t.english[i]);
    }
    for (size_t i = 0; i < t.german.size(); ++i)
      EXPECT_EQ(used.count(static_cast<int64_t>(i)), t.german[i] == "und" ? 0u : 1u);
  }
  EXPECT_EQ(english_of.size(),
            numbers::all_german(numbers::kLargest).size() - 2);  // without und and Millionen
  for (const auto& [piece, translations] : english_of)
    EXPECT_EQ(translations.size(), 1u) << piece;
}

TEST(NumberWords, ListsHaveCommas) {
  const numbers::Translation t = translate({21, 7});
  EXPECT_EQ(numbers::written_german(t.german), "einundzwanzig, sieben");
  EXPECT_EQ(numbers::written_english(t.english), "twenty-one, seven");
  EXPECT_EQ(t.alignment, (std::vector<int64_t>{2, 0, 3, 4}));
  EXPECT_EQ(numbers::written_german(translate({2'000'000, 1}).german), "zwei Millionen, eins");
  EXPECT_EQ(numbers::german_pieces("einundzwanzig ,sieben"), t.german);
}

TEST(NumberWords, EveryFormHasItsVocabulary) {
  const Words de = numbers::all_german(999);
  const Words en = numbers::all_english(999);
  EXPECT_EQ(de.size(), 32u);  // , und hundert, null to zwölf and ein, 7 teens, 8 tens
  EXPECT_EQ(en.size(), 30u);
  EXPECT_EQ(numbers::all_german().size(), 36u);  // tausend eine Million Millionen
  EXPECT_EQ(numbers::all_english().size(), 32u);
}

TEST(NumberWords, HeldOutNumbersAreATenthAndEveryPieceIsSeenInTraining) {
  const std::vector<int64_t> test = numbers::below_thousand(true);
  const std::vector<int64_t> train = numbers::below_thousand(false);
  EXPECT_EQ(test.size(), 89u);
  EXPECT_EQ(test.size() + train.size(), 1000u);
  std::set<std::string> seen;
  for (const int64_t n : test)
    EXPECT_TRUE(n % 100 != 0 && (n > 100 || n % 10 != 0)) << n << " is round";
  for (const int64_t n : train) {
    EXPECT_FALSE(numbers::held_out(n));
    for (const std::string& piece : translate(n).german)
      seen.insert(piece);
  }
  for (const std::string& piece : numbers::all_german(999))
    EXPECT_TRUE(piece == "," || seen.count(piece)) << piece;
  EXPECT_FALSE(numbers::held_out(-6));
  EXPECT_FALSE(numbers::held_out(1006));
}

TEST(NumberWords, WhatIsNoNumber) {
  expect_error([] { translate(-1); }, "number words: -1 - a number is from 0 to 9999999");
  expect_error([] { translate(10'000'000); },
               "number words: 10000000 - a number is from 0 to 9999999");
  expect_error([] { translate(std::vector<int64_t>{}); },
               "number words: the list is empty - it needs at least one number");
  expect_error([] { numbers::german_pieces(" "); },
               "number words: the text is empty - it needs at least one number word");
  expect_error([] { numbers::german_pieces("sieben dreiundfuffzig"); },
               "number words: 'dreiundfuffzig' - no German number word begins with 'fuffzig'");
}

TEST(Vocabulary, NumbersAndWords) {
  const Vocabulary v({"the", "cat"});
  EXPECT_EQ(v.size(), 5);
  EXPECT_EQ(v.numbers({"cat", "the"}), (std::vector<int64_t>{4, 3}));
  EXPECT_EQ(v.words(tensor({4, 3, kEnd, 4})), (Words{"cat", "the"}));
  EXPECT_EQ(v.words(tensor({0, 1})), (Words{"(pad)", "(start)"}));
  expect_error(
      [&] {
        v.numbers({"the", "dog"});
      },
      "vocabulary: 'dog' - it is not one of the 2 words");
  expect_error([&] { v.numbers({"d\x1b[0m"}); },
               "vocabulary: 'd?[0m' - it is not one of the 2 words");
  expect_error([&] { v.numbers({}); },
               "vocabulary: the sentence is empty - it needs at least one word");
  expect_error([&] { v.word(5); }, "vocabulary: number 5 - there are 5 words");
  expect_error([&] { v.words(tensor({-1})); }, "vocabulary: number -1 - there are 5 words");
  expect_error(
      [&] {
        v.words(ones({1, 1}));
      },
      "vocabulary: a row of numbers is int64 [T], got float32 [1, 1]");
  expect_error([] { Vocabulary({"a", "a"}); }, "vocabulary: 'a' is given twice");
}

TEST(Batch, PadsAndShifts) {
  const Vocabulary de({"x", "y"});
  const Vocabulary en({"a", "b"});
  const Batch batch = make_batch({{{"x"}, {"a", "b"}}, {{"x", "y", "y"}, {"b"}}}, de, en);
  EXPECT_TRUE(equal(batch.source, tensor({{3, 0, 0}, {3, 4, 4}})));
  EXPECT_TRUE(equal(batch.lengths, tensor({1, 3})));
  EXPECT_TRUE(equal(batch.target_in, tensor({{kStart, 3, 4}, {kStart, 4, 0}})));
  EXPECT_TRUE(equal(batch.target, tensor({{3, 4, kEnd}, {4, kEnd, 0}})));
  EXPECT_EQ(batch.tokens, 7);
  expect_error([&] { make_batch({}, de, en); }, "make_batch: there is no sentence pair");
  expect_error(
      [&] {
        make_batch({{{"z"}, {"a"}}}, de, en);
      },
      "vocabulary: 'z' - it is not one of the 2 words");
}

TEST(Batch, PaddingDoesNotCountInTheLoss) {
  const Vocabulary v({"a", "b"});
  const Batch both = make_batch({{{"a"}, {"a", "b"}}, {{"a"}, {"b"}}}, v, v);
  const Tensor logits = randn({2, 3, 5});
  const Tensor ways = batch_loss(logits, both);
  const Tensor other = logits.clone();
  other[1][2] = 100.0;
  EXPECT_TRUE(equal(ways, batch_loss(other, both)));
  const Tensor five = log_softmax(logits, -1);
  const auto p = [&](int64_t b, int64_t t, int64_t word) { return five[b][t][word].item<float>(); };
  EXPECT_NEAR(ways.item<float>(),
              -(p(0, 0, 3) + p(0, 1, 4) + p(0, 2, 2) + p(1, 0, 4) + p(1, 1, 2)) / 5, 1e-5);
}

TEST(Batch, SimilarLengthsTogetherAndNothingLost) {
  std::vector<SentencePair> pairs;
  for (size_t n = 1; n <= 10; ++n)
    pairs.push_back({Words(11 - n, "a"), {"b"}});
  manual_seed(1);
  const auto batches = in_batches(pairs, 4);
  ASSERT_EQ(batches.size(), 3u);
  std::set<size_t> lengths;
  for (const auto& batch : batches) {
    EXPECT_LE(batch.size(), 4u);
    EXPECT_LE(batch.back().source.size() - batch.front().source.size(), 3u);
    for (const SentencePair& pair : batch)
      lengths.insert(pair.source.size());
  }
  EXPECT_EQ(lengths.size(), 10u);
  expect_error([&] { in_batches(pairs, 0); },
               "in_batches: batches of 0 pairs - at least one is needed");
}

class PairsFile : public Files {
 protected:
  std::string file(const std::string& text) { return put("pairs.tsv", text); }
  void expect_refused(const std::string& text, const std::string& what) {
    const std::string name = file(text);
    expect_error([&] { read_pairs(name); }, "pairs: " + name + what);
  }
};

TEST_F(PairsFile, OnePairInALine) {
  const auto pairs = read_pairs(file("guten  Tag\tgood day\r\nja\tyes"));
  ASSERT_EQ(pairs.size(), 2u);
  EXPECT_EQ(pairs[0].source, (Words{"guten", "Tag"}));
  EXPECT_EQ(pairs[0].target, (Words{"good", "day"}));
  EXPECT_EQ(pairs[1].target, (Words{"yes"}));
  EXPECT_EQ(words_of({{{"b", "a"}, {"x"}}, {{"a"}, {"x"}}}, &SentencePair::source),
            (Words{"a", "b"}));
}

TEST_F(PairsFile, MalformedLinesAreNamed) {
  expect_refused("a\tb\nno tab\n", ": line 2 has 0 tabs - one separates source and target");
  expect_refused("a\tb\tc\n", ": line 1 has 2 tabs - one separates source and target");
  expect_refused("a\tb\n\n", ": line 2 has 0 tabs - one separates source and target");
  expect_refused("a\tb\n \tb\n", ": line 2 has no words before the tab");
  expect_refused("a\tb\na\t\n", ": line 2 has no words after the tab");
  expect_refused("", " - it is empty");
  const std::string none = path("none.tsv");
  expect_error([&] { read_pairs(none); }, "pairs: " + none + " - it cannot be opened");
}

TEST_F(PairsFile, OtherThingsWithAPathAreRefused) {
  const std::string pipe = path("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  for (const std::string& name : {pipe, std::string("/dev/zero"), folder_.string()})
    expect_error([&] { read_pairs(name); }, "pairs: " + name + " - it is not a regular file");
}

TEST_F(PairsFile, SizesAreChecked) {
  std::string words = "a";
  for (int i = 0; i < 100; ++i)
    words += " a";
  expect_refused("a\tb\na\t" + words,
                 ": line 2 has 101 words after the tab - at most 100 are allowed");
  const std::string name = file("a\tb\n");
  std::filesystem::resize_file(name, (64 << 20) + 1);  // a sparse file
  expect_error([&] { read_pairs(name); },
               "pairs: " + name + " has 67108865 bytes - at most 67108864 are read");

  const std::vector<SentencePair> pairs(40, {.source = {"a"}, .target = {"b"}});
  EXPECT_EQ(split(pairs).learned.size(), 38U);
  EXPECT_EQ(split(pairs).kept.size(), 2U);
  expect_error(
      [&] {
        split({pairs.begin(), pairs.begin() + 20});
      },
      "pairs: 20 pairs - at least 21 are needed");
  std::vector<SentencePair> many = pairs;
  for (int i = 0; i < 60000; ++i)
    many.push_back({.source = {"a"}, .target = {std::to_string(i)}});
  expect_error([&] { split(many); }, "pairs: 57001 different words after the tab - at most 50000");
}

}  // namespace
}  // namespace translation_task_test
