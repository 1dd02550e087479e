// Lesson 10: its words, Python's random numbers, and the program against microgpt in Python.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <set>

#include "lessons/kit/python_random.h"
#include "lessons/one_page/explanation.h"
#include "tests/expect_error.h"
#include "tests/lesson_support.h"
#include "tests/microgpt_golden.h"
#include "tests/temporary.h"
#include "text/char_tokenizer.h"

namespace one_page_test {
using namespace gradus;
using namespace gradus::lessons;
namespace fs = std::filesystem;

namespace {

// What CPython 3.11 printed.

TEST(PythonRandom, UniformNumbers) {
  PythonRandom random(42);
  EXPECT_EQ(random.random(), 0.6394267984578837);
  EXPECT_EQ(random.random(), 0.025010755222666936);
  EXPECT_EQ(random.random(), 0.27502931836911926);
}

TEST(PythonRandom, SeedsOfAnySize) {
  const std::vector<std::pair<int64_t, std::vector<uint32_t>>> drawn = {
      {0, {3626764237, 1654615998, 3255389356}},
      {42, {2746317213, 478163327, 107420369}},
      {-7, {1390851128, 4071050724, 647892279}},
      {(int64_t{1} << 40) + 5, {2166296868, 2220160828, 1153647273}},
      {INT64_MAX, {1359979423, 2819855560, 2711238091}},
      {INT64_MIN, {2377109768, 1691753470, 4039908392}}};
  for (const auto& [seed, numbers] : drawn) {
    PythonRandom random(seed);
    for (const uint32_t number : numbers)
      EXPECT_EQ(random.getrandbits(32), number) << seed;
  }
}

TEST(PythonRandom, Bits) {
  PythonRandom random(42);
  EXPECT_EQ(random.getrandbits(1), 1U);
  EXPECT_EQ(random.getrandbits(5), 3U);
  EXPECT_EQ(random.getrandbits(17), 3278U);
  EXPECT_EQ(random.getrandbits(32), 3184935163U);
  expect_error([&] { random.getrandbits(0); }, "getrandbits: k is 0, expected 1 to 32");
  expect_error([&] { random.getrandbits(33); }, "getrandbits: k is 33, expected 1 to 32");
}

TEST(PythonRandom, NormalNumbers) {
  PythonRandom random(42);
  for (const double number : {-0.011527226366234268, -0.013832288026521545, -0.008905268925412997,
                              0.05615869800790905, -0.010207062702630967})
    EXPECT_DOUBLE_EQ(random.gauss(0, 0.08), number);
  EXPECT_DOUBLE_EQ(random.gauss(3, 2), 0.005293171318085044);
  PythonRandom other(1);
  for (int i = 0; i < 1000; ++i)
    other.gauss(0, 1);
  EXPECT_EQ(other.random(), 0.4116430517162146);
}

TEST(PythonRandom, IntegersAndShuffle) {
  PythonRandom random(42);
  for (const uint32_t number : {5U, 0U, 0U, 5U, 2U, 1U, 1U, 1U, 5U, 0U, 5U, 5U})
    EXPECT_EQ(random.randrange(6), number);
  EXPECT_EQ(random.randrange(1), 0U);
  EXPECT_EQ(random.randrange(1), 0U);
  EXPECT_EQ(random.randrange(UINT32_MAX), 136505587U);
  expect_error([&] { random.randrange(0); }, "randrange: n is 0, expected at least 1");

  std::vector<int> list{0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  PythonRandom(42).shuffle(list);
  EXPECT_EQ(list, (std::vector{7, 3, 2, 8, 5, 6, 9, 4, 0, 1}));
  std::vector<int> empty;
  PythonRandom(42).shuffle(empty);
  EXPECT_TRUE(empty.empty());
}

TEST(PythonRandom, Choices) {
  PythonRandom random(42);
  for (const int64_t index : {3, 0, 1, 1, 3, 3, 3, 0, 2, 0, 1, 2, 0, 1, 3, 2, 1, 2, 3, 0})
    EXPECT_EQ(random.choices({0.1, 0.2, 0.3, 0.4}), index);
  EXPECT_EQ(random.choices({0, 0, 1}), 2);
  for (const std::vector<double>& weights :
       {std::vector<double>{}, {0, 0}, {-1, 0}, {1, INFINITY}, {NAN}})
    EXPECT_THROW(random.choices(weights), Error);
  expect_error([&] { random.choices({}); },
               "choices: the sum of the weights is 0, expected a positive number");
}

TEST(PythonRandom, ACopyGoesOnWithTheSameNumbers) {
  PythonRandom random(42);
  random.gauss(0, 1);  // the second normal number is kept
  PythonRandom copy = random;
  EXPECT_EQ(copy.gauss(0, 1), random.gauss(0, 1));
  EXPECT_EQ(copy.random(), random.random());
}

// Words

TEST(MadeUpWords, FollowTheirRule) {
  const Words words = make_words();
  EXPECT_EQ(words.size(), 2000U);
  EXPECT_EQ(std::set<std::string>(words.begin(), words.end()).size(), 2000U);
  for (const std::string& word : words)
    EXPECT_TRUE(follows_the_rule(word)) << word;
  EXPECT_EQ(words, make_words());
  for (const char* wrong : {"", "n", "ba", "ban", "bba", "abab", "babababa", "babab", "bababan1"})
    EXPECT_FALSE(follows_the_rule(wrong)) << wrong;
}

TEST(Counting, LossesByHand) {
  const text::CharTokenizer letters("ab");
  EXPECT_NEAR(loss_of_letter_counts({"ab"}, letters), std::log(3.0), 1e-12);
  EXPECT_NEAR(loss_of_pair_counts({"ab"}, letters), 0, 1e-12);
  // After the beginning a or b, after b the end; after a, b or the end.
  EXPECT_NEAR(loss_of_pair_counts({"ab", "a", "b", "b"}, letters), 6 * std::log(2.0) / 9, 1e-12);
}

TEST(Sparkline, FromLowToHigh) {
  EXPECT_EQ(sparkline({-1, 0, 1, 7, -7}, -1, 1, true), "▁▅██▁");
  EXPECT_EQ(sparkline({-1, 0, 1}, -1, 1, false), "059");
  EXPECT_EQ(sparkline({0, 0}, 0, 0, false), "55");
}

TEST(OnePage, TheProgramHasAtMost150Lines) {
  std::ifstream file(GRADUS_SOURCE_DIR "/lessons/10_gpt_on_one_page.cpp");
  int lines = 0;
  for (std::string line; std::getline(file, line);)
    ++lines;
  EXPECT_GT(lines, 50);
  EXPECT_LE(lines, 150);
}

#ifdef LESSON_10
EndedProgram lesson_10(const std::string& arguments) { return run_program(LESSON_10, arguments); }
EndedProgram with_text(const std::string& content) {
  const std::string path = temporary_path("words.txt").string();
  std::ofstream(path, std::ios::binary) << content;
  return lesson_10("--text " + path);
}

/// Compares the lines that the lesson prints with those of the Python program.
void expect_printed(const std::string& output, const std::map<int64_t, double>& losses,
                    const Words& names) {
  for (const auto& [step, loss] : losses)
    EXPECT_TRUE(contains(output, fmt::format("\nstep {:4} / 1000 | loss {:.4f}\n", step, loss)))
        << step;
  std::string end = "\nstep 1000 / 1000 | loss ";
  ASSERT_TRUE(contains(output, end));
  std::string samples = "\n\n--- inference (new, hallucinated names) ---\n";
  for (size_t i = 0; i < names.size(); ++i)
    samples += fmt::format("sample {:2}: {}\n", i + 1, names[i]);
  EXPECT_TRUE(contains(output, samples + "\n")) << output;
}

TEST(OnePage, MadeUpWordsGivePythonsNumbers) {
  const EndedProgram run = lesson_10("--text " GRADUS_SOURCE_DIR "/tests/microgpt_words.txt");
  EXPECT_EQ(run.status, 0);
  EXPECT_TRUE(contains(run.output, "\nnum docs: 13\nvocab size: 29\nnum params: 4256\nstep    1 "));
  const auto [losses, names] = golden_of_13_words();
  expect_printed(run.output, losses, names);
  EXPECT_TRUE(contains(run.output, "(Words with 16 letters or more: 1."));
  EXPECT_FALSE(contains(run.output, "that Python printed"));
}

TEST(OnePage, NamesGiveKarpathysLines) {
  const std::string names = "names/names.txt";
  std::string path = GRADUS_SOURCE_DIR "/my/data/" + names;
  if (!fs::exists(path)) path = GRADUS_SOURCE_DIR "/../shared/data/" + names;
  if (!fs::exists(path)) GTEST_SKIP() << "no names: ./run download names";
  const EndedProgram run = lesson_10("--text " + path);
  EXPECT_EQ(run.status, 0);
  EXPECT_TRUE(
      contains(run.output, "\nnum docs: 32033\nvocab size: 27\nnum params: 4192\nstep    1 "));
  const auto [losses, made_up] = golden_of_names();
  EXPECT_EQ(losses.size(), 1000U);
  EXPECT_EQ(made_up.size(), 20U);
  expect_printed(run.output, losses, made_up);
  EXPECT_TRUE(contains(run.output, "the 1,000 losses are those that Python printed: yes"));
  EXPECT_TRUE(contains(run.output, "and the 20 names are the same, too: yes"));
  const EndedProgram other_seed = lesson_10("--seed 1 --text " + path);
  EXPECT_EQ(other_seed.status, 0);
  EXPECT_FALSE(contains(other_seed.output, "that Python printed"));
}

TEST(OnePage, TextsThatCannotBeLearned) {
  expect_refused(with_text(""), "has no words, expected one word a line");
  expect_refused(with_text(" \n\t\r\n\n"), "has no words, expected one word a line");
  expect_refused(with_text("anna\nb\x01"
                           "b\n"),
                 "line 2 is not text in UTF-8, or it has control");
  expect_refused(with_text(std::string("an\0na\n", 6)), "line 1 is not text in UTF-8");
  expect_refused(with_text("anna\n\xff\xfe\n"), "line 2 is not text in UTF-8");
  expect_refused(with_text(std::string(1001, 'x')), "line 1 has more than 1000 bytes");
  expect_refused(lesson_10("--text /dev/zero"), "line 1 has more than 1000 bytes");
  expect_refused(lesson_10("--text /nowhere/names"),
                 "/nowhere/names cannot be read: No such file or directory");
  expect_refused(lesson_10("--text /"), "/ is a folder, expected a file with one word a line");
}

TEST(OnePage, UnusualTexts) {
  const EndedProgram one = with_text("\xEF\xBB\xBFword");
  EXPECT_EQ(one.status, 0);
  EXPECT_TRUE(contains(one.output, "num docs: 1\nvocab size: 5\n")) << one.output;
  EXPECT_TRUE(contains(one.output, "sample  1: word\n"));
  std::string letters;
  for (int code = 0; code < 300; ++code)  // U+0400 to U+052B: Cyrillic letters
    letters += {static_cast<char>(0xD0 + code / 64), static_cast<char>(0x80 + code % 64), '\n'};
  const EndedProgram many = with_text(letters);
  EXPECT_EQ(many.status, 0);
  EXPECT_TRUE(contains(many.output, "num docs: 300\nvocab size: 301\n")) << many.output;
}
#endif

}  // namespace
}  // namespace one_page_test
