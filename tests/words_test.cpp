// Lesson 11: its tokenizer of words, the book's numbers for The Verdict, and the program.
#include <sys/wait.h>

#include <fstream>
#include <map>
#include <sstream>

#include "gradus.h"
#include "lessons/words/story.h"
#include "lessons/words/word_tokenizer.h"
#include "tests/expect_error.h"
#include "tests/files_support.h"
#include "tests/text_support.h"
#include "text/tokenizer.h"

namespace words_test {
using namespace gradus;
using namespace gradus::lessons;

namespace {

constexpr const char* kNoVerdict =
    "The Verdict is not there: ./run download verdict gets it, and gpt2 GPT-2's vocabulary";

/// The numbers of golden/text.tsv: name, kind and values.
struct Golden {
  std::string kind;
  std::vector<double> values;
};
std::map<std::string, Golden> golden_values() {
  std::map<std::string, Golden> all;
  std::ifstream file(GRADUS_GOLDEN_DIR "/text.tsv");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    const size_t kind = line.find('\t');
    const size_t values = line.find('\t', kind + 1);
    std::istringstream numbers(line.substr(values + 1));
    const std::string name = line.substr(0, std::min(kind, line.find(" (")));
    all[name] = {line.substr(kind + 1, values - kind - 1),
                 {std::istream_iterator<double>(numbers), {}}};
  }
  return all;
}

TEST(Words, AreSplitAsInTheBook) {
  EXPECT_EQ(split_into_words("Hello, world. Is this-- a test?"),
            (Words{"Hello", ",", "world", ".", "Is", "this", "--", "a", "test", "?"}));
  EXPECT_EQ(
      split_into_words(" \n\"It's\"_so_(so);ü-a---b"),
      (Words{"\"", "It", "'", "s", "\"", "_", "so", "_", "(", "so", ")", ";", "ü-a", "--", "-b"}));
  EXPECT_TRUE(split_into_words(" \t\r\n").empty());
  EXPECT_EQ(vocabulary_of({"b", "a", "b", "B", "ä"}), (Words{"B", "a", "b", "ä"}));
}

TEST(Words, TokenizerOfWords) {
  const WordTokenizer simple({"!", ",", "a", "b"});
  EXPECT_EQ(simple.encode("a, b!b"), (Ids{2, 1, 3, 0, 3}));
  EXPECT_EQ(simple.decode({2, 1, 3, 0, 3}), "a, b! b");
  expect_error([&] { (void)simple.encode("a c\x1b"); },
               "encode: 'c?' is not one of the 4 words of the vocabulary");
  expect_error([&] { (void)simple.decode({4}); }, "decode: id 4 is not from 0 to 3");
  EXPECT_EQ(WordTokenizer({"a", "<|unk|>"}).encode("a b"), (Ids{0, 1}));
}

TEST(Words, PiecesForThePage) {
  EXPECT_EQ(visible("a b\n\x1b\xc3ö", {.utf8 = true}), "a·b\\n?<C3>ö");
  EXPECT_EQ(visible("a b", {.utf8 = false}), "a_b");
  EXPECT_EQ(start_of("aöö", 2), "aö");
  EXPECT_EQ(pieces(text::BpeTokenizer::train("a tea, a tea", 259), "a tea", {.utf8 = true}),
            "a|·tea");
}

/// Every line of text.tsv, computed without the lesson.
TEST(Words, NumbersOfTheBook) {
  const auto verdict = real_data("the-verdict/the-verdict.txt");
  const auto folder = real_data("gpt2-bpe") ? real_data("gpt2-bpe") : real_data("gpt2");
  if (!verdict || !folder) GTEST_SKIP() << kNoVerdict;
  std::map<std::string, Golden> golden = golden_values();
  const auto expect = [&](const std::string& name, const Tensor& x) {
    ASSERT_TRUE(golden.contains(name)) << name;
    EXPECT_TRUE(allclose(x.flatten().to(kFloat64), tensor(golden[name].values, kFloat64), 0, 2e-6))
        << name;
    golden.erase(name);
  };
  const std::string text = file_bytes(*verdict);
  const Words words = split_into_words(text);
  Words vocabulary = vocabulary_of(words);
  expect("characters", tensor({std::ssize(text)}));
  expect("word_tokens", tensor({std::ssize(words)}));
  expect("vocabulary", tensor({std::ssize(vocabulary)}));
  expect("tokenizer_v1/ids",
         tensor(WordTokenizer(vocabulary)
                    .encode("\"It's the last he painted, you know,\" Mrs. Gisburn said with "
                            "pardonable pride.")));
  vocabulary.insert(vocabulary.end(), {"<|endoftext|>", "<|unk|>"});
  expect("vocabulary_with_unk_and_endoftext", tensor({std::ssize(vocabulary)}));
  expect("tokenizer_v2/ids",
         tensor(WordTokenizer(vocabulary)
                    .encode("Hello, do you like tea? <|endoftext|> In the sunlit terraces of the "
                            "palace.")));

  const text::Tokenizer gpt2 = text::load_tokenizer(*folder);
  Ids both = gpt2.encode("Hello, do you like tea? ");
  both.push_back(50256);
  for (const int64_t id : gpt2.encode(" In the sunlit terracesof someunknownPlace."))
    both.push_back(id);
  expect("bpe/ids", tensor(both));
  expect("bpe/akwirw", tensor(gpt2.encode("Akwirw ier")));
  const Tensor ids = tensor(gpt2.encode(text));
  expect("bpe/verdict_tokens", tensor({ids.numel()}));
  expect("sliding/x", ids.narrow(0, 50, 4));
  expect("sliding/y", ids.narrow(0, 51, 4));
  for (const int64_t i : {0, 1}) {
    expect(fmt::format("loader_stride1/{}/x", i), ids.narrow(0, i, 4));
    expect(fmt::format("loader_stride1/{}/y", i), ids.narrow(0, i + 1, 4));
  }
  expect("loader_stride4/inputs", ids.narrow(0, 0, 32));
  expect("loader_stride4/targets", ids.narrow(0, 1, 32));

  manual_seed(123);
  const nn::Embedding table(6, 3);
  expect("embedding/weight", table.weight);
  expect("embedding/of_3", table(tensor({3})));
  expect("embedding/of_2_3_5_1", table(tensor({2, 3, 5, 1})));
  for (const auto& [name, values] : golden)
    ADD_FAILURE() << name << " was not compared";
}

#ifdef LESSON_11
class Lesson11 : public Files {
 protected:
  /// Runs the lesson with files of this folder, or without any; what it prints is in output().
  int run(const std::string& arguments, const std::string& data = "none") const {
    const std::string command =
        fmt::format("cd '{}' && GRADUS_DATA='{}' LC_ALL=C.UTF-8 '{}' {} >out 2>&1",
                    folder_.string(), data, LESSON_11, arguments);
    return WEXITSTATUS(std::system(command.c_str()));
  }
  std::string output() const { return bytes_of("out"); }
  bool says(const std::string& text) const { return output().find(text) != std::string::npos; }
};

TEST_F(Lesson11, WithItsOwnText) {
  EXPECT_EQ(run(""), 0) << output();
  EXPECT_TRUE(says("The text of this lesson: written for this lesson.")) << output();
  EXPECT_TRUE(says("./run download gpt2 gets the files"));
  EXPECT_TRUE(says("one_hot times the table gives the same rows: yes"));
  EXPECT_TRUE(says("Lesson 11: 1 of 1 checked steps have the book's numbers."));
  EXPECT_FALSE(says("as in the book: ")) << output();
  EXPECT_EQ(run("--seed 5 --step"), 0) << output();
}

TEST_F(Lesson11, WithTheBooksText) {
  const std::string data = GRADUS_SOURCE_DIR "/../shared/data";
  if (!std::filesystem::exists(data + "/the-verdict")) GTEST_SKIP() << kNoVerdict;
  EXPECT_EQ(run("", data), 0) << output();
  size_t same = 0;
  for (size_t at = 0; (at = output().find(" as in the book: yes\n", at)) != std::string::npos; ++at)
    ++same;
  EXPECT_EQ(same, 17) << output();
  EXPECT_FALSE(says(": no\n"));
}

TEST_F(Lesson11, WithOtherTexts) {
  std::string words;
  for (int i = 0; i < 120; ++i)
    words += fmt::format("w{}\x1b[2J ", i % 50);
  put("words.txt", words);
  EXPECT_EQ(run("--text words.txt"), 0) << output();
  EXPECT_FALSE(says("\x1b"));
  std::string others;
  for (int i = 0; i < 100; ++i)
    others += "日本語の文章、 ";
  put("others.txt", others);
  EXPECT_EQ(run("--text others.txt"), 0) << output();

  const auto expect = [&](const std::string& file, const std::string& error) {
    EXPECT_EQ(run("--quiet --text " + file), 1) << file;
    EXPECT_EQ(output(), "lesson 11: " + error + "\n");
  };
  put("short.txt", "only a few words");
  expect("short.txt", "short.txt: it has 4 words, the lesson needs at least 100");
  put("marks.txt", std::string(1000, '.'));
  expect("marks.txt", "marks.txt: it has 6 tokens, the lesson needs at least 60");
  put("binary", words + "\xff");
  expect("binary", fmt::format("binary: byte {} is not text in UTF-8", words.size()));
  expect("none.txt", "none.txt cannot be read: No such file or directory");
  expect(".", ". is a folder, expected a text");
}
#endif

}  // namespace
}  // namespace words_test
