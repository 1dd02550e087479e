// Lesson 11: text into numbers. A text becomes words or byte pairs, these become ids, and each id
// becomes a vector.
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
    .goals = {"turn any text into token ids and back, with a tokenizer that you trained yourself",
              "say what byte-pair encoding does with a word that it has never seen",
              "cut a text into inputs and targets, and look up their vectors"},
    .question = "a network multiplies numbers. How does a text become numbers, and then vectors?",
    .golden = "00_embedding",
    .options = {"seed", "text"},
    .exercises = {"byte_pair_encoding"},
    .own_text = "A file with another text, of at least 100 words",
};

constexpr const char* kTwoTexts =
    "Hello, do you like tea? <|endoftext|> In the sunlit terraces of the palace.";

std::string joined(const Ids& ids) { return fmt::format("  {}", fmt::join(ids, " ")); }

/// Words and a vocabulary (book 2.2 to 2.4).
void words_as_tokens(Lesson& lesson, const Story& story) {
  lesson.step("2.2", "A text");
  lesson.say("The text of this lesson: {}. It has {} bytes and begins", story.source,
             story.text.size());
  lesson.lines("  " + visible(start_of(story.text, 70), lesson.canvas()));
  compare_with_book(lesson, story.is_verdict, "number of characters", "characters",
                    {std::ssize(story.text)});

  lesson.step("2.2", "Words as tokens");
  lesson.say(
      "The first idea: a token is a word or a punctuation mark. Spaces separate words and are "
      "dropped.");
  const Words words = split_into_words(story.text);
  lesson.lines("  " + first_words(words, 12));
  lesson.say("The text has {} of them.", words.size());
  compare_with_book(lesson, story.is_verdict, "number of words", "word_tokens",
                    {std::ssize(words)});

  lesson.step("2.3", "A vocabulary");
  lesson.say(
      "Sort the distinct words. The position of a word in this list, the vocabulary, is its token "
      "id. The numbers have no other meaning: 5 is not nearer to 6 than to 600.");
  Words vocabulary = vocabulary_of(words);
  lesson.lines("  " + first_words(vocabulary, 16) + " ...");
  const WordTokenizer simple(vocabulary);
  const std::string sentence = sentence_of(story);
  lesson.say("{} words. A sentence as ids, and back as text:", vocabulary.size());
  const Ids ids = simple.encode(sentence);
  lesson.line("  {}", terminal::printable(sentence));
  lesson.line("{}", joined(ids));
  lesson.lines("  " + terminal::printable(simple.decode(ids)));
  compare_with_book(lesson, story.is_verdict, "size of the vocabulary", "vocabulary",
                    {std::ssize(vocabulary)});
  compare_with_book(lesson, story.is_verdict, "ids of the sentence", "tokenizer_v1/ids", ids);
  lesson.often_asked("Why does the text not come back exactly?",
                     "The spaces were dropped, so decode can only guess where they were. A "
                     "tokenizer that loses nothing must treat the space as a character, too.");

  lesson.step("2.4", "Unknown words");
  lesson.ask("what does this tokenizer do with a word that the text does not have?",
             {"it reports an error", "it takes the id 0", "it takes the next free id"}, 0);
  try {
    (void)simple.encode(kTwoTexts);
    lesson.say("This text happens to have all words of: {}", kTwoTexts);
  } catch (const Error& error) {
    lesson.lines(fmt::format("  {}", error.what()));
  }
  lesson.say(
      "Two more entries help. <|unk|> replaces every unknown word, and <|endoftext|> separates two "
      "texts that are written one after the other.");
  vocabulary.insert(vocabulary.end(), {"<|endoftext|>", "<|unk|>"});
  const WordTokenizer with_unknown(vocabulary);
  const Ids of_both = with_unknown.encode(kTwoTexts);
  lesson.line("  {}", kTwoTexts);
  lesson.line("{}", joined(of_both));
  lesson.lines("  " + with_unknown.decode(of_both));
  compare_with_book(lesson, story.is_verdict, "size of the vocabulary",
                    "vocabulary_with_unk_and_endoftext", {std::ssize(vocabulary)});
  compare_with_book(lesson, story.is_verdict, "ids of both texts", "tokenizer_v2/ids", of_both);
  lesson.say("Nothing breaks now, but the word is lost: no model can answer a question about it.");
}

/// Byte-pair encoding, merge by merge.
void merge_by_merge(Lesson& lesson) {
  const std::string example = "low lower lowest new newer newest";
  lesson.step("2.5", "Byte-pair encoding, merge by merge");
  lesson.say(
      "The second idea: start with the 256 bytes, so that nothing is unknown. Then find the pair "
      "of "
      "neighbours that occurs most often in a text, and make it one new token. Repeat. Here is a "
      "text with '|' between its tokens:");
  lesson.ask("which pair is merged first?", {"l o", "w e", "s t"}, 1);
  const BpeTokenizer all = BpeTokenizer::train(example, 256 + 10);
  const std::vector<text::Merge> merges = all.merges();
  for (int64_t count = 0; count <= std::ssize(merges); ++count) {
    const BpeTokenizer tokenizer = BpeTokenizer::train(example, 256 + count);
    std::string merged = "bytes";
    if (count > 0) merged = visible(tokenizer.decode(Ids{255 + count}), lesson.canvas());
    lesson.line("{:>2} {} {}", count, terminal::fit(merged, 7, false),
                pieces(tokenizer, example, lesson.canvas()));
  }
  lesson.say(
      "'w e' occurs four times, in lower, lowest, newer and newest. Among pairs that occur equally "
      "often the one with the lower ids wins. The list of merges, in this order, is all that the "
      "tokenizer has learned. A new word goes through the same list: first its bytes (ö has two), "
      "then each merge in turn.");
  for (const char* word : {"lowest", "slower", "wow", "löwe"})
    lesson.line("  {} {}", terminal::fit(word, 8, false), pieces(all, word, lesson.canvas()));
  lesson.holds("every word comes back as it was",
               all.decode(all.encode("slow löwe\n")) == "slow löwe\n");
  lesson.often_asked("What is a token, then: a word, a syllable, a letter?",
                     "Whatever was frequent. Frequent words become one token, rare words stay in "
                     "pieces, and the pieces need not be syllables.");
}

/// Byte-pair encoding on the text, and GPT-2's own. Returns the tokenizer for the next steps.
BpeTokenizer byte_pairs(Lesson& lesson, const Story& story,
                        const std::optional<BpeTokenizer>& gpt2) {
  lesson.step("2.5", "A vocabulary learned from the text");
  const BpeTokenizer trained = BpeTokenizer::train(story.text, 1000);
  const Ids ids = trained.encode(story.text);
  lesson.say(
      "The same on the text: {} merges, so {} tokens. The text's {} bytes become {} tokens, {:.1f} "
      "bytes each. It begins",
      trained.merges().size(), trained.vocab_size(), story.text.size(), ids.size(),
      static_cast<double>(story.text.size()) / static_cast<double>(ids.size()));
  lesson.lines("  " + pieces(trained, start_of(story.text, 60), lesson.canvas()));
  lesson.holds("the text comes back byte for byte", trained.decode(ids) == story.text);

  lesson.step("2.5", "GPT-2's vocabulary");
  if (!gpt2) {
    lesson.say(
        "GPT-2's tokenizer is the same program with 50,000 merges, learned from 40 GB of text. Its "
        "files are not here, so this step is left out, and the next ones use the vocabulary "
        "learned "
        "above. ./run download gpt2 brings them.");
  } else {
    lesson.say(
        "GPT-2's tokenizer is the same program with 50,000 merges, learned from 40 GB of "
        "text. Its {} tokens:",
        gpt2->vocab_size());
    const std::string first = "Hello, do you like tea? ";
    const std::string second = " In the sunlit terracesof someunknownPlace.";
    Ids both = gpt2->encode(first);
    both.push_back(gpt2->vocab_size() - 1);
    for (const int64_t id : gpt2->encode(second))
      both.push_back(id);
    lesson.line("  {}|<|endoftext|>|{}", pieces(*gpt2, first, lesson.canvas()),
                pieces(*gpt2, second, lesson.canvas()));
    lesson.lines(joined(both));
    compare_with_book(lesson, true, "ids of both texts", "bpe/ids", both);
    lesson.say("A word that no text has, 'Akwirw ier': {}",
               pieces(*gpt2, "Akwirw ier", lesson.canvas()));
    compare_with_book(lesson, true, "its ids", "bpe/akwirw", gpt2->encode("Akwirw ier"));
    lesson.say(
        "<|endoftext|>, the last id, is put between the texts by hand: encode never gives it. "
        "Otherwise a stranger's text could end a document by writing it.");
  }
  const BpeTokenizer& tokenizer = gpt2 ? *gpt2 : trained;
  lesson.line("  tea, tea  ->  {}", pieces(tokenizer, "tea, tea", lesson.canvas()));
  lesson.lines(joined(tokenizer.encode("tea, tea")));
  lesson.often_asked(
      "Why does ' tea' have another token than 'tea'?",
      "The text is first cut into words, and the space belongs to the word after it. "
      "So ' tea' and 'tea' are different bytes, with different merges. A word in the "
      "middle of a sentence nearly always has its space; at the start of a text it "
      "has none, which is why a prompt should not end with a space.");
  return tokenizer;
}

/// Sliding windows of inputs and targets (book 2.6). Returns the inputs (8, 4) of the last step.
Tensor windows(Lesson& lesson, const Ids& ids, const BpeTokenizer& tokenizer, bool by_the_book) {
  constexpr int64_t T = 4;
  const auto compare = [&](const std::string& what, const std::string& name, const Tensor& x) {
    const int64_t* values = x.data_ptr<int64_t>();
    compare_with_book(lesson, by_the_book, what, name, Ids(values, values + x.numel()));
  };
  const Tensor all = tensor(ids);
  lesson.step("2.6", "Inputs and targets");
  lesson.say(
      "The text has {} tokens now. A model reads a window of them and predicts the next one. "
      "From token 50 on:",
      ids.size());
  const Tensor x = all.narrow(0, 50, T).clone();  // (T)
  const Tensor y = all.narrow(0, 51, T).clone();  // (T)
  for (int64_t t = 1; t <= T; ++t) {
    const Ids input(ids.begin() + 50, ids.begin() + 50 + t);
    lesson.line("  {} -> {}",
                terminal::fit(visible(tokenizer.decode(input), lesson.canvas()), 34, true),
                visible(tokenizer.decode(Ids{ids[static_cast<size_t>(50 + t)]}), lesson.canvas()));
  }
  lesson.ask("from how many predictions can a model learn in a window of 4 tokens?",
             {"1", "3", "4"}, 2);
  lesson.print("x", x);
  lesson.print("y", y);
  compare("inputs", "sliding/x", x);
  compare("targets", "sliding/y", y);
  lesson.often_asked("Why are targets the inputs moved by one?",
                     "Every position is an example: after token t comes token t + 1. Causal "
                     "attention (lesson 06) hides the tokens to the right, so one window gives T "
                     "predictions at once. Without the mask the model could copy the answer.");

  lesson.step("2.6", "A batch of windows");
  lesson.say(
      "The stride says how far the next window is moved. With stride 1 neighbours overlap in "
      "all but one token; with stride {}, the window's length, no token is used twice.",
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
      "Ids become vectors by a table with one row for each token. It starts with random "
      "numbers, and training changes them. For 6 tokens and 3 numbers each:");
  manual_seed(lesson.seed(123));
  const nn::Embedding table(6, 3);
  lesson.show_from_book("weight", table.weight);
  lesson.say("Token 3 gets row 3, counted from 0. Four tokens get four rows, in their order.");
  lesson.show_from_book("lookup_3", table(tensor({3})));
  const Tensor ids = tensor({2, 3, 5, 1});
  const Tensor rows = table(ids);  // (4, 3)
  lesson.show_from_book("lookup_2_3_5_1", rows);

  lesson.step("2.7", "... and a layer");
  lesson.say("Write each id as a row of zeros with a single one, a one-hot vector, and multiply:");
  const Tensor hot = one_hot(ids, 6).to(kFloat32);  // (4, 6)
  lesson.print("one_hot", hot);
  lesson.equal("one_hot times table = the rows looked up", matmul(hot, table.weight), rows);
  table.zero_grad();
  table(ids).sum().backward();
  lesson.print("gradient of the table, of the sum of the rows", table.weight.grad());
  lesson.often_asked(
      "Is an embedding a layer or a table?",
      "Both. It is a linear layer without bias whose inputs are one-hot vectors, and "
      "its gradient is that of the product: rows that were not looked up get zeros. "
      "Looking a row up gives the same without the multiplications by zero.");

  lesson.step("2.8", "Positions");
  constexpr int64_t C = 256;
  const int64_t T = inputs.size(1);
  const nn::Embedding token_embedding(V, C);
  const nn::Embedding position_embedding(T, C);
  const Tensor tokens = token_embedding(inputs);           // (B, T, C)
  const Tensor positions = position_embedding(arange(T));  // (T, C)
  const Tensor x = tokens + positions;                     // (B, T, C)
  lesson.say(
      "A table for the {} tokens, with {} numbers each, turns the inputs {} into {}. A second "
      "table has a row for each position. It is added, the same one to each window: {} + {} "
      "= {}.",
      V, C, inputs.sizes(), tokens.sizes(), tokens.sizes(), positions.sizes(), x.sizes());
  lesson.print("token, position and sum: the first numbers of position 1 of window 0",
               stack({tokens[0][1], positions[1], x[0][1]}).narrow(1, 0, 5),
               {.rows = {"token", "position", "sum"}});
  lesson.equal("the sum looked up by hand",
               token_embedding.weight[inputs[0][1].item<int64_t>()] + position_embedding.weight[1],
               x[0][1]);
  lesson.often_asked(
      "Does adding not mix up two different things?",
      "It does, but there is room: with 256 numbers a model can learn to keep the two "
      "in different directions. Every GPT-2 does it this way.");

  lesson.step("what if", "... positions are left out?");
  lesson.say(
      "The same token then has the same vector at each position, and attention, which "
      "compares vectors, cannot see the order of the words.");
  const Tensor twice = tensor({1, 0, 1});
  const Tensor without = token_embedding(twice);
  const Tensor with = without + positions.narrow(0, 0, 3);
  lesson.equal("'a b a' without positions: both a are equal", without[0], without[2]);
  lesson.holds("with positions they differ", !allclose(with[0], with[2]));
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
      {"./run lesson 11 --text FILE: your own text. How many bytes does a token have?",
       "./run download verdict and ./run download gpt2: the book's text and numbers",
       "echo \"Hello\" | ./run tokenize --tokenizer my/data/gpt2: GPT-2's ids of anything",
       "train a vocabulary on English and encode German with it: how long do the pieces get?",
       "the next lesson trains a GPT, which learns to predict the targets"});
}

}  // namespace

int main(int argc, char** argv) { return run_lesson(argc, argv, about, text_into_numbers); }
