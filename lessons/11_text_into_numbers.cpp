// Lesson 11: a text becomes words or byte pairs, these become ids, and each id becomes a vector.
#include "gradus.h"
#include "lessons/words/story.h"
#include "lessons/words/word_tokenizer.h"
#include "text/bpe_tokenizer.h"

using namespace gradus;
using namespace gradus::lessons;
using text::BpeTokenizer;

namespace {

const About about{
    .number = 11,
    .title = "Text into numbers",
    .builds = "tokens, batches and embeddings",
    .seconds = 2,
    .goals = {"turn any text into token ids and back, with a tokenizer that you have trained",
              "say what byte-pair encoding does with a word that it has never seen",
              "make inputs and targets from a text, and look up the vectors of its tokens"},
    .question =
        "a network computes with numbers. How does a text become numbers, and then vectors?",
    .golden = "00_embedding",
    .options = {"seed", "text"},
    .exercises = {"byte_pair_encoding"},
    .own_text = "A file with your own text, of at least 100 words",
};

constexpr const char* kTwoTexts =
    "Hello, do you like tea? <|endoftext|> In the sunlit terraces of the palace.";

std::string joined(const Ids& ids) { return fmt::format("  {}", fmt::join(ids, " ")); }

/// Words and a vocabulary (book 2.2 to 2.4).
void words_as_tokens(Lesson& lesson, const Story& story) {
  lesson.step("2.2", "A text");
  lesson.say("The text of this lesson: {}. It has {} bytes, and this is its beginning:",
             story.source, grouped(std::ssize(story.text)));
  lesson.lines("  " + visible(start_of(story.text, 70), lesson.canvas()));
  compare_with_book(lesson, story.is_verdict, "number of characters", "characters",
                    {std::ssize(story.text)});

  lesson.step("2.2", "Words as tokens");
  lesson.say(
      "The first idea: each word and each punctuation mark is a token. Spaces separate the words, "
      "and are dropped.");
  const Words words = split_into_words(story.text);
  lesson.lines("  " + first_words(words, 12));
  lesson.say("The text has {} such tokens.", grouped(std::ssize(words)));
  compare_with_book(lesson, story.is_verdict, "number of words", "word_tokens",
                    {std::ssize(words)});

  lesson.step("2.3", "A vocabulary");
  lesson.say(
      "Sort the different words. This list is the vocabulary, and the position of a word in it is "
      "its token id. The ids have no other meaning: 5 is not more similar to 6 than to 600.");
  Words vocabulary = vocabulary_of(words);
  lesson.lines("  " + first_words(vocabulary, 16) + " ...");
  const WordTokenizer simple(vocabulary);
  const std::string sentence = sentence_of(story);
  lesson.say("It has {} words. A sentence, its ids, and the text that the ids give back:",
             grouped(std::ssize(vocabulary)));
  const Ids ids = simple.encode(sentence);
  lesson.line("  {}", terminal::printable(sentence));
  lesson.line("{}", joined(ids));
  lesson.lines("  " + terminal::printable(simple.decode(ids)));
  compare_with_book(lesson, story.is_verdict, "size of the vocabulary", "vocabulary",
                    {std::ssize(vocabulary)});
  compare_with_book(lesson, story.is_verdict, "ids of the sentence", "tokenizer_v1/ids", ids);
  lesson.often_asked("Why does the text not come back exactly?",
                     "The spaces were dropped, so decode() can only guess where they were. A "
                     "tokenizer that loses nothing must treat a space like any other character.");

  lesson.step("2.4", "Unknown words");
  const bool refuses = !refusal_of(simple, "zzyzx").empty();
  lesson.ask("what does this tokenizer do with a word that is not in its vocabulary?",
             {{"it reports an error", refuses}, {"it returns some id", !refuses}});
  lesson.lines("  " + refusal_of(simple, kTwoTexts));
  lesson.say(
      "Two more entries help: <|unk|> stands for every unknown word, and <|endoftext|> separates "
      "two texts.");
  vocabulary.insert(vocabulary.end(), {"<|endoftext|>", "<|unk|>"});
  const WordTokenizer with_unknown(vocabulary);
  const Ids of_both = with_unknown.encode(kTwoTexts);
  lesson.line("  {}", kTwoTexts);
  lesson.line("{}", joined(of_both));
  lesson.lines("  " + with_unknown.decode(of_both));
  compare_with_book(lesson, story.is_verdict, "size of the vocabulary",
                    "vocabulary_with_unk_and_endoftext", {std::ssize(vocabulary)});
  compare_with_book(lesson, story.is_verdict, "ids of both texts", "tokenizer_v2/ids", of_both);
  lesson.say(
      "There is no error now, but the word is lost. A model only sees that some word is there.");
}

/// Byte-pair encoding, merge by merge.
void merge_by_merge(Lesson& lesson) {
  lesson.step("2.5", "Byte-pair encoding, merge by merge");
  const std::string example = "low lower lowest new newer newest";
  lesson.say(
      "The second idea: start with the 256 bytes as tokens, so that nothing is unknown. Then find "
      "the pair of neighbours that occurs most often in a text, and make it one new token. Repeat "
      "this. Here is a text after each merge, with '|' between its tokens:");
  const BpeTokenizer all = BpeTokenizer::train(example, 256 + 10);
  const std::string first = all.decode(Ids{256});
  lesson.ask("the text is 'low lower lowest new newer newest'. Which pair is merged first?",
             {{"l o", first == "lo"}, {"w e", first == "we"}, {"another one", true}});
  const std::vector<text::Merge> merges = all.merges();
  for (int64_t count = 0; count <= std::ssize(merges); ++count) {
    const BpeTokenizer tokenizer = BpeTokenizer::train(example, 256 + count);
    std::string merged = "bytes";
    if (count > 0) merged = visible(tokenizer.decode(Ids{255 + count}), lesson.canvas());
    lesson.line("{:>2} {} {}", count, terminal::fit(merged, 7, false),
                pieces(tokenizer, example, lesson.canvas()));
  }
  lesson.say(
      "'w e' occurs four times, in lower, lowest, newer and newest. If two pairs occur equally "
      "often, the one with the lower ids is merged. The tokenizer has learned nothing but this "
      "list of merges. A new word is first split into bytes (ö has two), and then the merges are "
      "applied in the same order:");
  for (const char* word : {"lowest", "slower", "wow", "löwe"})
    lesson.line("  {} {}", terminal::fit(word, 8, false), pieces(all, word, lesson.canvas()));
  lesson.holds("decode() returns the same text",
               all.decode(all.encode("slow löwe\n")) == "slow löwe\n");
  lesson.often_asked("So what is a token: a word, a syllable or a letter?",
                     "Any sequence of bytes that was frequent in the training text. Frequent words "
                     "become one token. Rare words consist of several, which need not be "
                     "syllables.");
}

/// Byte-pair encoding on the text, and GPT-2's own. Returns the tokenizer for the next steps.
BpeTokenizer byte_pairs(Lesson& lesson, const Story& story,
                        const std::optional<BpeTokenizer>& gpt2) {
  lesson.step("2.5", "A vocabulary learned from the text");
  const BpeTokenizer trained = BpeTokenizer::train(story.text, 1000);
  const Ids ids = trained.encode(story.text);
  lesson.say(
      "The same for the text of this lesson: {} merges, so the vocabulary has {} tokens. The {} "
      "bytes of the text become {} tokens of {:.1f} bytes on average. The beginning:",
      trained.merges().size(), trained.vocab_size(), grouped(std::ssize(story.text)), ids.size(),
      static_cast<double>(story.text.size()) / static_cast<double>(ids.size()));
  lesson.lines("  " + pieces(trained, start_of(story.text, 60), lesson.canvas()));
  lesson.holds("the text comes back byte for byte", trained.decode(ids) == story.text);

  lesson.step("2.5", "GPT-2's vocabulary");
  show_gpt2_tokens(lesson, gpt2);
  const BpeTokenizer& tokenizer = gpt2 ? *gpt2 : trained;
  lesson.line("  tea, tea  ->  {}", pieces(tokenizer, "tea, tea", lesson.canvas()));
  lesson.lines(joined(tokenizer.encode("tea, tea")));
  lesson.often_asked(
      "Why do ' tea' and 'tea' have different tokens?",
      "A text is first split into words, and a space belongs to the word after it. So ' tea' and "
      "'tea' are different bytes. In a sentence, nearly every word begins with a space. This is "
      "why a prompt should not end with one: the next token usually has its own space.");
  return tokenizer;
}

/// Sliding windows of inputs and targets (book 2.6). Returns the inputs (8, 4) of the last step.
Tensor windows(Lesson& lesson, const Ids& ids, const BpeTokenizer& tokenizer, bool by_the_book) {
  constexpr int64_t T = 4;
  const auto compare = [&](const std::string& what, const std::string& name, const Tensor& x) {
    compare_with_book(lesson, by_the_book, what, name, ids_in(x));
  };
  lesson.step("2.6", "Inputs and targets");
  const Tensor all = tensor(ids);
  lesson.say(
      "The text has {} tokens now. A model reads a window of tokens and predicts the token after "
      "them. From token 50 on:",
      grouped(std::ssize(ids)));
  const Tensor x = all.narrow(0, 50, T).clone();  // (T)
  const Tensor y = all.narrow(0, 51, T).clone();  // (T)
  const auto shown = [&](const Tensor& t) {
    return visible(tokenizer.decode(ids_in(t)), lesson.canvas());
  };
  for (int64_t t = 1; t <= T; ++t)
    lesson.line("  {} -> {}", terminal::fit(shown(x.narrow(0, 0, t)), 34, true), shown(y[t - 1]));
  const int64_t predictions = y.numel();
  lesson.ask("how many predictions can a model learn from in a window of 4 tokens?",
             {{"1", predictions == 1}, {"3", predictions == 3}, {"4", predictions == 4}});
  lesson.print("x", x);
  lesson.print("y", y);
  compare("inputs", "sliding/x", x);
  compare("targets", "sliding/y", y);
  lesson.often_asked("Why are the targets the inputs shifted by one?",
                     "Every position is an example: token t + 1 comes after token t. Causal "
                     "attention (lesson 06) hides the tokens to the right, so a window of T tokens "
                     "has T predictions. Without the mask the model could copy the answers.");

  lesson.step("2.6", "A batch of windows");
  lesson.say(
      "The stride is the distance between the starts of two windows. With stride 1, neighbouring "
      "windows share all tokens but one. With stride {}, the length of a window, no input is used "
      "twice.",
      T);
  for (int64_t i = 0; i < 2; ++i) {
    const Tensor input = all.narrow(0, i, T).clone();
    const Tensor target = all.narrow(0, i + 1, T).clone();
    lesson.print(fmt::format("window {} with stride 1", i), stack({input, target}),
                 {.rows = {"input", "target"}});
    compare(fmt::format("input {}", i), fmt::format("loader_stride1/{}/x", i), input);
    compare(fmt::format("target {}", i), fmt::format("loader_stride1/{}/y", i), target);
  }
  const Tensor inputs = all.narrow(0, 0, 8 * T).view({8, T}).clone();   // (B, T)
  const Tensor targets = all.narrow(0, 1, 8 * T).view({8, T}).clone();  // (B, T)
  lesson.print("inputs", inputs);
  lesson.print("targets", targets);
  compare("the batch's inputs", "loader_stride4/inputs", inputs);
  compare("the batch's targets", "loader_stride4/targets", targets);
  return inputs;
}

/// Embeddings of tokens and positions (book 2.7 and 2.8).
// NOLINTNEXTLINE(readability-function-size): a lesson runs from top to bottom
void embeddings(Lesson& lesson, const Tensor& inputs, int64_t V) {
  lesson.step("2.7", "An embedding is a table");
  lesson.say(
      "A table has one row for each token, and a token's row is its vector. At the start the "
      "numbers are random; training changes them. A table for 6 tokens, with 3 numbers each:");
  manual_seed(lesson.seed(123));
  const nn::Embedding table(6, 3);
  lesson.show_from_book("weight", table.weight);
  lesson.say("Token 3 gets row 3, counting from 0. Four tokens get four rows, in the same order.");
  lesson.show_from_book("lookup_3", table(tensor({3})));
  const Tensor ids = tensor({2, 3, 5, 1});
  const Tensor rows = table(ids);  // (4, 3)
  lesson.show_from_book("lookup_2_3_5_1", rows);

  lesson.step("2.7", "... and a layer");
  lesson.say(
      "Write each id as a one-hot vector, zeros with a single one, and multiply it by the table:");
  const Tensor hot = one_hot(ids, 6).to(kFloat32);  // (4, 6)
  lesson.print("one_hot", hot);
  lesson.equal("one_hot times the table gives the same rows", matmul(hot, table.weight), rows);
  table.zero_grad();
  table(ids).sum().backward();
  lesson.print("gradient of the table; the loss is the sum of the four rows", table.weight.grad());
  lesson.often_asked("Is an embedding a layer or a table?",
                     "Both. It is a linear layer without bias whose inputs are one-hot vectors, "
                     "and it has the same gradient. Looking up a row only saves the "
                     "multiplications by zero.");

  lesson.step("2.8", "Positions");
  constexpr int64_t C = 256;
  const int64_t T = inputs.size(1);
  const nn::Embedding token_embedding(V, C);
  const nn::Embedding position_embedding(T, C);
  const Tensor tokens = token_embedding(inputs);           // (B, T, C)
  const Tensor positions = position_embedding(arange(T));  // (T, C)
  const Tensor x = tokens + positions;                     // (B, T, C)
  lesson.say(
      "A table for {} tokens, with {} numbers each, turns the inputs {} into vectors {}. A second "
      "table has a row for each position. Its rows are added to the vectors of every window: {} + "
      "{} = {}.",
      V, C, inputs.sizes(), tokens.sizes(), tokens.sizes(), positions.sizes(), x.sizes());
  lesson.print("position 1 of window 0, the first numbers",
               stack({tokens[0][1], positions[1], x[0][1]}).narrow(1, 0, 5),
               {.rows = {"token", "position", "sum"}});
  lesson.equal("the sum of the two rows, by hand",
               token_embedding.weight[inputs[0][1].item<int64_t>()] + position_embedding.weight[1],
               x[0][1]);
  lesson.often_asked(
      "Does adding not mix up two different things?",
      "It does. But vectors of 256 numbers have many directions, and a model can learn to use "
      "different ones for tokens and positions. GPT-2 adds them, too.");

  lesson.step("what if", "... positions are left out?");
  lesson.say(
      "Then a token has the same vector at each position. Attention compares vectors, so without a "
      "mask it cannot tell in which order the words are.");
  const Tensor twice = tensor({1, 0, 1});
  const Tensor without = token_embedding(twice);
  const Tensor with = without + positions.narrow(0, 0, 3);
  lesson.equal("in 'a b a' without positions, both a are equal", without[0], without[2]);
  lesson.holds("with positions they are different", !allclose(with[0], with[2]));
}

void text_into_numbers(Lesson& lesson) {
  const Story story = story_of(lesson);
  const std::optional<BpeTokenizer> gpt2 = gpt2_tokenizer();
  words_as_tokens(lesson, story);
  merge_by_merge(lesson);
  const BpeTokenizer tokenizer = byte_pairs(lesson, story, gpt2);
  const Ids ids = tokenizer.encode(story.text);
  check(ids.size() >= 60, "{}: it has {} tokens, the lesson needs at least 60", story.source,
        ids.size());
  const bool by_the_book = story.is_verdict && gpt2.has_value();
  compare_with_book(lesson, by_the_book, "number of the text's tokens", "bpe/verdict_tokens",
                    {std::ssize(ids)});
  const Tensor inputs = windows(lesson, ids, tokenizer, by_the_book);
  embeddings(lesson, inputs, tokenizer.vocab_size());
  lesson.try_next(
      {"./run lesson 11 --text FILE: your own text. How many bytes does a token have on average?",
       "./run download verdict and ./run download gpt2: then this lesson has the book's numbers",
       "echo \"Hello\" | ./run tokenize --tokenizer my/data/gpt2: GPT-2's ids of any text",
       "train a vocabulary on English and encode German with it: how short are the tokens?",
       "lesson 12: a GPT that learns to predict the targets"});
}

}  // namespace

int main(int argc, char** argv) { return run_lesson(argc, argv, about, text_into_numbers); }
