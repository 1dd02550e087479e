// Conversations: files, special tokens, the mask of the loss, and packing.
#include <gtest/gtest.h>

#include "gpt/conversation_rows.h"
#include "gradus.h"
#include "tests/files_support.h"

namespace conversation_test {
using namespace gradus;
using namespace gradus::gpt;

namespace {

text::Tokenizer letters() {
  text::Tokenizer tokenizer(text::CharTokenizer("abcdefghijklmnopqrstuvwxyz ?.\n"));
  ChatFormat::add_to(tokenizer);
  return tokenizer;
}

nn::Gpt model_of(const text::Tokenizer& tokenizer, int64_t T = 24) {
  manual_seed(1);
  const nn::Gpt model({.vocab_size = tokenizer.vocab_size(),
                       .context_length = T,
                       .emb_dim = 16,
                       .n_heads = 2,
                       .n_layers = 2,
                       .drop_rate = 0});
  return model;
}

const std::vector<Conversation> kThree{
    {{{"user", "a b?"}, {"assistant", "c."}}, "one"},
    {{{"system", "x"}, {"user", "d?"}, {"assistant", "ef."}}, "two"},
    {{{"user", "g?"}, {"assistant", "h"}, {"user", "i"}, {"assistant", "jk"}}, "three"}};

std::vector<Tensor> gradients(const nn::Gpt& model, const Batch& batch) {
  model.zero_grad();
  loss_of(model, batch).backward();
  std::vector<Tensor> all;
  for (const Tensor& p : model.parameters())
    all.push_back(p.grad().clone());
  return all;
}

class ConversationFiles : public Files {
 protected:
  std::string error_in(const std::string& content) {
    put("file", content);
    const std::string error = error_of([&] { read_conversations({path("file")}); });
    const std::string begin = path("file") + ": ";
    EXPECT_TRUE(error.find(begin) != std::string::npos) << error;
    return error.substr(error.find(begin) + begin.size());
  }
  static std::string line(const std::string& messages) {
    return "{\"messages\": [" + messages + "]}\n";
  }
};

const char* const kUser = R"({"role": "user", "content": "one?"})";
const char* const kAssistant = R"({"role": "assistant", "content": "two"})";

TEST_F(ConversationFiles, JsonAndQuestionsWithAnswers) {
  put("a.jsonl", "\xEF\xBB\xBF" + line(std::string(kUser) + "," + kAssistant) + "\n" +
                     line(R"({"role": "system", "content": "short"},)" + std::string(kUser) + "," +
                          kAssistant));
  put("b.tsv", "who?\tme\r\n\nwhere?\there");
  const auto all = read_conversations({path("a.jsonl"), path("b.tsv")});
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[0].messages[1].content, "two");
  EXPECT_EQ(all[1].messages[0].role, "system");
  EXPECT_EQ(all[1].origin, path("a.jsonl") + ": line 3");
  EXPECT_EQ(all[2].messages[1].content, "me");
  EXPECT_EQ(all[3].messages[0].content, "where?");
  EXPECT_EQ(all[3].origin, path("b.tsv") + ": line 3");
}

TEST_F(ConversationFiles, BadLinesAreNamed) {
  const std::string good = line(std::string(kUser) + "," + kAssistant);
  EXPECT_EQ(error_in(""), "the file is empty");
  EXPECT_EQ(error_in(" \n\n"), "the file has no conversations");
  EXPECT_EQ(error_in(good + "{\"messages\": [\n"),
            "line 2: it is not JSON; each line is a conversation: {\"messages\": ...}");
  EXPECT_EQ(error_in(good + "[1]\n"), "line 2: the line is not an object {...}");
  EXPECT_EQ(error_in("{\"message\": []}"), "line 1: the line has no \"messages\"");
  EXPECT_EQ(error_in("{\"messages\": 1}"), "line 1: \"messages\" is not a list [...]");
  EXPECT_EQ(error_in(line("{\"role\": \"user\"}")), "line 1: message 1 has no \"content\"");
  EXPECT_EQ(error_in(line(R"({"role": "user", "content": 5})")),
            "line 1: \"content\" of message 1 is 5, expected a text in quotes");
  EXPECT_EQ(error_in(line(std::string(kUser) + "," + kUser)),
            "line 1: message 2 is of the user, expected the assistant: they speak in turn");
  EXPECT_EQ(error_in(line(kAssistant)),
            "line 1: message 1 is of the assistant, expected the user: they speak in turn");
  EXPECT_EQ(error_in(line(kUser)),
            "line 1: the conversation does not end with an answer of the assistant");
  EXPECT_EQ(error_in(line("")),
            "line 1: the conversation does not end with an answer of the assistant");
  EXPECT_EQ(error_in(line(R"({"role": "tool", "content": "x"})")),
            "line 1: the role of message 1 is 'tool', expected system, user or assistant");
  EXPECT_EQ(error_in(line(std::string(kUser) + R"(,{"role": "system", "content": "x"})")),
            "line 1: message 2 is of the system, which may speak first only");
  EXPECT_EQ(error_in("a\tb\nno tab\n"),
            "line 2: expected a question, one tab and its answer, or JSON {\"messages\": ...} from "
            "the first line on");
  EXPECT_EQ(error_in("a\tb\tc\n").substr(0, 7), "line 1:");
  EXPECT_EQ(error_in("a\t \n"), "line 1: message 2, of the assistant, is empty");
  EXPECT_EQ(error_in("a\t\xff\n"), "line 1: it is not UTF-8");
}

TEST(ChatFormat, OnlyAnswersAndTheirEndsAreLearned) {
  const text::Tokenizer tokenizer = letters();
  const ChatFormat format(tokenizer);
  const ChatFormat::Encoded encoded = format.encode(kThree[1]);
  EXPECT_EQ(tokenizer.decode(encoded.ids), "<|system|>x<|user|>d?<|assistant|>ef.<|end|>");
  std::string learned;
  for (const bool is_answer : encoded.is_answer)
    learned += is_answer ? "#" : ".";
  EXPECT_EQ(learned, "......####");
  EXPECT_EQ(tokenizer.decode(format.prompt({{"user", "d?"}})), "<|user|>d?<|assistant|>");
}

TEST(ChatFormat, NoTextIsASpecialToken) {
  text::Tokenizer tokenizer(text::CharTokenizer("<|end>x"));
  ChatFormat::add_to(tokenizer);
  const std::vector<int64_t> ids = tokenizer.encode("<|end|>");
  EXPECT_EQ(ids.size(), 7u);
  EXPECT_EQ(std::count(ids.begin(), ids.end(), ChatFormat(tokenizer).end()), 0);
}

TEST(ChatFormat, ErrorsNameTheConversation) {
  const ChatFormat format(letters());
  const std::string error = error_of([&] {
    format.encode({{{"user", "A"}, {"assistant", "b"}}, "f: line 7"});
  });
  EXPECT_TRUE(error.starts_with("f: line 7: encode: the character 'A'")) << error;
  const std::string plain =
      error_of([] { ChatFormat(text::Tokenizer(text::CharTokenizer("ab"))); });
  EXPECT_EQ(plain, "the vocabulary has no token <|system|>: the model was never fine-tuned");
}

TEST_F(ConversationFiles, SpecialTokensAreKeptInTheFolder) {
  const text::Tokenizer tokenizer = letters();
  tokenizer.save_pretrained(path("folder"));
  const text::Tokenizer loaded = text::load_tokenizer(path("folder"));
  EXPECT_EQ(loaded.vocab_size(), tokenizer.vocab_size());
  EXPECT_EQ(loaded.special_tokens(), tokenizer.special_tokens());
  EXPECT_EQ(loaded.special_token_id("<|end|>"), tokenizer.vocab_size() - 1);
  put("folder/added_tokens.json", R"({"<|end|>": 99})");
  const std::string error = error_of([&] { text::load_tokenizer(path("folder")); });
  EXPECT_NE(error.find(" is 99, but the 1 tokens need the ids 30 to 30"), std::string::npos)
      << error;
  // Files of others repeat tokens that vocab.json has.
  put("folder/added_tokens.json", R"({"a": 3, "<|end|>": 30})");
  EXPECT_EQ(text::load_tokenizer(path("folder")).vocab_size(), 31);
}

TEST(ConversationRows, TheMaskedLossIsThatOfTheAnswerAlone) {
  const ChatFormat format(letters());
  const nn::Gpt model = model_of(format.tokenizer());
  const ConversationRows rows({kThree[0]}, format, 24);
  const std::vector<int64_t> ids = format.encode(kThree[0]).ids;
  const auto T = std::ssize(ids) - 1;
  // <|user|> a space b ? <|assistant|> | c . <|end|>
  const Tensor hidden = model.hidden(rows.all().ids)[0].narrow(0, 5, 3);
  const Tensor answer = tensor(std::vector<int64_t>(ids.end() - 3, ids.end()), kInt64);
  const Tensor alone = cross_entropy(model.out_head(hidden), answer);
  EXPECT_EQ(T, 8);
  EXPECT_EQ(loss_of(model, rows.all()).item<float>(), alone.item<float>());  // to the last bit
  // The same by the definition, from the complete logits.
  const Tensor targets = rows.all().targets.flatten();
  EXPECT_NEAR(cross_entropy(model(rows.all().ids).flatten(0, 1), targets).item<double>(),
              alone.item<double>(), 1e-6);
}

TEST(ConversationRows, PackedAndUnpackedGradientsAreEqual) {
  const ChatFormat format(letters());
  const nn::Gpt model = model_of(format.tokenizer());
  model.to(kFloat64);
  const ConversationRows packed(kThree, format, 24);
  const ConversationRows alone(kThree, format, 24, /*packed=*/false);
  EXPECT_EQ(packed.all().size(), 2);
  EXPECT_EQ(alone.all().size(), 3);
  EXPECT_EQ(packed.size(), alone.size());
  EXPECT_NEAR(loss_of(model, packed.all()).item<double>(),
              loss_of(model, alone.all()).item<double>(), 1e-12);
  const std::vector<Tensor> x = gradients(model, packed.all());
  const std::vector<Tensor> y = gradients(model, alone.all());
  double largest = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    EXPECT_TRUE(allclose(x[i], y[i], 1e-9, 1e-12)) << i;
    largest = std::max(largest, x[i].abs().max().item<double>());
  }
  EXPECT_GT(largest, 1e-3);
}

TEST(ConversationRows, APackedConversationDoesNotSeeItsNeighbours) {
  const ChatFormat format(letters());
  const nn::Gpt model = model_of(format.tokenizer());
  std::vector<Conversation> other = kThree;
  other[0].messages[0].content = "z z?";
  const auto last_loss = [&](const std::vector<Conversation>& conversations) {
    Batch all = ConversationRows(conversations, format, 24).all();
    const int64_t at = all.targets.size(1);
    // Only the targets of the second conversation in the first row.
    for (int64_t t = 0; t < at; ++t)
      if (all.segments[0][t].item<int64_t>() == 0) all.targets[0][t].fill_(kIgnored);
    return loss_of(model, all.rows(0, 1)).item<float>();
  };
  EXPECT_EQ(last_loss(kThree), last_loss(other));
}

TEST(ConversationRows, TooLongConversationsAreNamed) {
  const ChatFormat format(letters());
  EXPECT_EQ(error_of([&] { ConversationRows(kThree, format, 8); }),
            "two: with its special tokens the conversation has 9 tokens, and the model reads at "
            "most 8");
}

// Bits per byte would be infinite.
TEST(ConversationRows, AllAnswersEmptyIsAnError) {
  const ChatFormat format(letters());
  const Conversation empty{{{"user", "a"}, {"assistant", ""}}, "f: line 1"};
  EXPECT_EQ(error_of([&] {
              ConversationRows({empty, empty}, format, 24);
            }),
            "f: line 1: all answers are empty, expected a text in at least one");
  EXPECT_GT(ConversationRows({empty, kThree[0]}, format, 24).bytes_per_token(), 0);
}

TEST(ConversationRows, BatchesHaveAllTargets) {
  const ChatFormat format(letters());
  const ConversationRows rows(kThree, format, 24);
  int64_t counted = 0;
  rows.for_each_batch({}, [&](const Batch& batch) { counted += batch.counted(); });
  EXPECT_EQ(counted, rows.size());
  EXPECT_EQ(rows.size(), 3 + 4 + 2 + 3);
  manual_seed(1);
  EXPECT_EQ(rows.random_batch(5).size(), 5);
}

}  // namespace
}  // namespace conversation_test
