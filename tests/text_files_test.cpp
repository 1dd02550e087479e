// The files of text/: tokenizers written and read, files of tokens, and files that are wrong.
#include "nlohmann/json.hpp"
#include "tests/files_support.h"
#include "tests/text_support.h"
#include "text/byte_letters.h"
#include "text/token_file.h"
#include "text/tokenizer.h"

namespace gradus::text::text_files_test {
namespace {

using Ids = std::vector<int64_t>;
using nlohmann::ordered_json;

class TextFiles : public Files {
 protected:
  std::string dir() const { return folder_.string(); }

  /// The error of reading this folder, without the path of the file.
  std::string load_error() const {
    const std::string error = error_of([&] { (void)load_tokenizer(dir()); });
    const std::string start = "tokenizer: " + dir() + "/";
    return error.starts_with(start) ? error.substr(start.size()) : error;
  }
};

/// A vocabulary of byte-pair encoding: the 256 bytes, then these tokens.
ordered_json vocabulary(const std::vector<std::string>& more) {
  ordered_json ids;
  for (const unsigned char byte : bytes_in_order())
    ids[to_letters({reinterpret_cast<const char*>(&byte), 1})] = ids.size();
  for (const std::string& token : more)
    ids[token] = ids.size();
  return ids;
}

TEST_F(TextFiles, BpeIsWrittenAndRead) {
  const std::string text = "It is the sea, the sea! Die Möwe, die Möwe; \xff\xff 123 123\n\n";
  const BpeTokenizer trained = BpeTokenizer::train(text, 300);
  trained.save_pretrained(path("new/folder"));
  const Tokenizer read = load_tokenizer(path("new/folder"));
  EXPECT_TRUE(read.is_bpe());
  EXPECT_EQ(read.vocab_size(), trained.vocab_size());
  EXPECT_EQ(read.encode(text), trained.encode(text));
  EXPECT_EQ(read.decode(read.encode(text)), text);

  // The form that GPT2Tokenizer reads.
  const std::string merges = bytes_of("new/folder/merges.txt");
  EXPECT_TRUE(merges.starts_with("#version: 0.2\n"));
  EXPECT_NE(merges.find("\nĠ sea\n"), std::string::npos) << merges;
  const ordered_json ids = ordered_json::parse(bytes_of("new/folder/vocab.json"));
  EXPECT_EQ(ids.size(), static_cast<size_t>(trained.vocab_size()));
  EXPECT_EQ(ids["!"], 0);
  EXPECT_EQ(ids["Ġ"], 220);
  EXPECT_GE(ids["Ġsea"], 256);

  read.save_pretrained(path("again"));
  EXPECT_EQ(bytes_of("again/vocab.json"), bytes_of("new/folder/vocab.json"));
  EXPECT_EQ(bytes_of("again/merges.txt"), merges);
}

TEST_F(TextFiles, BpeReadsBothNamesAndLineEnds) {
  const std::string ids = vocabulary({"Ġt", "Ġth"}).dump();
  put("encoder.json", ids);
  const char* const with_version = "#version: 0.2\nĠ t\nĠt h\n";
  for (const char* merges : {with_version, "Ġ t\r\nĠt h\r\n", "Ġ t\n\nĠt h"}) {
    put("vocab.bpe", merges);
    EXPECT_EQ(load_tokenizer(dir()).encode("a the"), (Ids{64, 257, 68})) << merges;
  }
}

TEST_F(TextFiles, RealVocabularyIsWrittenAsItWas) {
  const auto gpt2 = real_data("gpt2-bpe");
  if (!gpt2) GTEST_SKIP() << "GPT-2's encoder.json is not there";
  BpeTokenizer::from_pretrained(*gpt2).save_pretrained(dir());
  EXPECT_EQ(nlohmann::json::parse(bytes_of("vocab.json")),
            nlohmann::json::parse(file_bytes(*gpt2 + "/encoder.json")));
  EXPECT_EQ(bytes_of("merges.txt"), file_bytes(*gpt2 + "/vocab.bpe"));
}

TEST_F(TextFiles, CharactersAreWrittenAndRead) {
  CharTokenizer("a \"quoted\" \\ löwe\n\x01").save_pretrained(dir());
  const Tokenizer read = load_tokenizer(dir());
  EXPECT_FALSE(read.is_bpe());
  EXPECT_EQ(read.encode("\n \"\\ö"), CharTokenizer::from_pretrained(dir()).encode("\n \"\\ö"));
  EXPECT_EQ(read.decode(read.encode("\x01 quöte \"\\\"\n")), "\x01 quöte \"\\\"\n");
  EXPECT_EQ(files_in_folder(), 1);

  if (const auto real = real_data("shakespeare-char-gpt")) {
    const Tokenizer characters = load_tokenizer(*real);
    EXPECT_EQ(characters.vocab_size(), 65);
    EXPECT_EQ(characters.encode("\n a"), (Ids{0, 1, 39}));
  }
}

TEST_F(TextFiles, CharactersDoNotHideTheMergesOfAnotherTokenizer) {
  put("merges.txt", "");
  EXPECT_EQ(error_of([&] { CharTokenizer("abc").save_pretrained(dir()); }),
            "save_pretrained: " + dir() +
                " has merges.txt, which belongs to another tokenizer; choose another folder");
  EXPECT_EQ(files_in_folder(), 1);
}

TEST_F(TextFiles, WrongFolders) {
  EXPECT_EQ(error_of([&] { (void)load_tokenizer(path("none")); }),
            "tokenizer: " + path("none") + " is not a folder");
  EXPECT_EQ(load_error(),
            "tokenizer: " + dir() +
                " has no tokenizer: neither vocab.json, with merges.txt or alone, nor encoder.json "
                "with vocab.bpe");
  put("merges.txt", "");
  EXPECT_EQ(load_error(), "tokenizer: " + dir() +
                              " has neither vocab.json and merges.txt nor encoder.json and "
                              "vocab.bpe");
  std::filesystem::create_directory(path("vocab.json"));
  EXPECT_EQ(load_error(), "vocab.json: it is a directory");
  put("a file", "");
  EXPECT_EQ(error_of([&] { CharTokenizer("abc").save_pretrained(path("a file/below")); }),
            "tokenizer: the folder " + path("a file/below") + " cannot be made: Not a directory");
}

TEST_F(TextFiles, WrongVocabularies) {
  const auto expect = [&](const std::string& json, const std::string& error) {
    put("vocab.json", json);
    EXPECT_EQ(load_error(), "vocab.json: " + error) << json.substr(0, 100);
  };
  expect("", "it is not JSON, from byte 1");
  expect("words", "it is not JSON, from byte 1");
  expect(R"({"a": 0, "b": 1)", "it is not JSON, from byte 16");
  expect(R"({"a": 0} {)", "it is not JSON, from byte 10");
  expect(std::string("{\"a\": 0}\0", 9), "it is not JSON, it has a zero byte");
  expect("{\"\xff\": 0}", "it is not JSON, from byte 3");
  expect("{}", "it has no tokens");
  expect("[1, 2]", "it is a list, not an object {\"token\": id, ...}");
  expect("17", "it is a number, not an object {\"token\": id, ...}");
  expect("null", "it is null, not an object {\"token\": id, ...}");
  expect(R"({"a": "0"})", "the id of 'a' is a string, not an integer from 0");
  expect(R"({"a": -1})", "the id of 'a' is a negative number, not an integer from 0");
  expect(R"({"a": 0.5})",
         "the id of 'a' is a number that is not an integer, not an integer from 0");
  expect(R"({"a": true})", "the id of 'a' is a bool, not an integer from 0");
  expect(R"({"a": {"b": 0}})", "the id of 'a' is an object, not an integer from 0");
  expect(R"({"a": [[[[0]]]]})", "the id of 'a' is a list, not an integer from 0");
  expect(R"({"a": )" + std::string(1'000'000, '['),
         "the id of 'a' is a list, not an integer from 0");
  expect(R"({"a": 0, "a": 1})", "it has 'a' twice");
  expect(R"({"a": 0, "b": 0})", "the tokens 'a' and 'b' have the same id 0");
  expect(R"({"a": 0, "b": 2})", "the id of 'b' is 2, but the 2 tokens need the ids 0 to 1");
  expect(R"({"a": 18446744073709551615})",
         "the id of 'a' is 18446744073709551615, the limit is 1073741824");
  expect(R"({"a": 0, "the": 1})",
         "the token 'the' (id 1) is not one character; a vocabulary of byte-pair encoding needs a "
         "file merges.txt beside it");
  expect(R"({"": 0})",
         "the token '' (id 0) is not one character; a vocabulary of byte-pair encoding needs a "
         "file merges.txt beside it");
}

TEST_F(TextFiles, WrongBytePairEncodings) {
  const auto expect = [&](const ordered_json& ids, const std::string& merges,
                          const std::string& error) {
    put("vocab.json", ids.dump());
    put("merges.txt", merges);
    EXPECT_EQ(load_error(), error) << merges;
  };
  const ordered_json ids = vocabulary({"Ġt", "<|endoftext|>"});
  expect(ids, "Ġ t\n", "no error");
  expect(ids, "", "no error");
  expect({{"a", 0}}, "", "vocab.json: it has no token for the byte 0x00");
  expect(vocabulary({"a b"}), "",
         "vocab.json: the token 'a b' (id 256) is not written in GPT-2's letters for bytes");
  expect(vocabulary({"日"}), "",
         R"(vocab.json: the token '\u65e5' (id 256) is not written in GPT-2's letters for bytes)");
  expect(vocabulary({""}), "",
         "vocab.json: the token '' (id 256) is not written in GPT-2's letters for bytes");
  expect(
      ids, "Ġ t\nĠ日 t\n",
      R"(merges.txt: line 2 needs the token '\u0120\u65e5', which the vocabulary does not have)");
  expect(ids, "#version: 0.2\nt h\n",
         "merges.txt: line 2 needs the token 'th', which the vocabulary does not have");
  expect(ids, "Ġ t\nĠ t\n", R"(merges.txt: line 2 repeats the merge '\u0120 t')");
  for (const std::string line : {"t", "t ", " t", "a b c", "a  b", "a"})
    expect(
        ids, line,
        fmt::format("merges.txt: line 1 is '{}', not two tokens with a space between them", line));
  expect(ids, "\xff\x1b",
         R"(merges.txt: line 1 is '\ufffd\u001b', not two tokens with a space between them)");
}

TEST_F(TextFiles, TokensAreWrittenAndRead) {
  for (const int64_t vocab_size : {100, 1 << 16, (1 << 16) + 1, 1 << 20}) {
    Ids train(200'000);
    for (size_t i = 0; i < train.size(); ++i)
      train[i] = static_cast<int64_t>(i * i) % vocab_size;
    const Ids validation = {vocab_size - 1, 0, 7};
    TokenFile::save(path("tokens.bin"), train, validation, vocab_size);
    const TokenFile file(path("tokens.bin"));
    EXPECT_EQ(bytes_of("tokens.bin").size(), 40 + 200'003 * (vocab_size <= 1 << 16 ? 2 : 4));
    EXPECT_EQ(file.vocab_size(), vocab_size);
    ASSERT_EQ(file.train().size(), 200'000);
    ASSERT_EQ(file.validation().size(), 3);
    const Tensor all = file.train().tokens(0, 200'000);
    EXPECT_TRUE(std::equal(train.begin(), train.end(), all.data_ptr<int64_t>()));
    EXPECT_TRUE(equal(file.train().tokens(199'998, 2), tensor({train[199'998], train[199'999]})));
    EXPECT_TRUE(equal(file.validation().tokens(0, 3), tensor(validation, kInt64)));
    EXPECT_EQ(file.validation().tokens(3, 0).numel(), 0);
  }
  EXPECT_EQ(files_in_folder(), 1);
}

TEST_F(TextFiles, TokensOfAReplacedFileStay) {
  const std::string name = path("tokens.bin");
  TokenFile::save(name, Ids{1, 2, 3}, Ids{}, 10);
  std::optional<TokenFile> file(name);
  const TokenPart train = file->train();
  file.reset();
  TokenFile::save(name, Ids{4}, Ids{5}, 10);
  EXPECT_TRUE(equal(train.tokens(0, 3), tensor({1, 2, 3})));
  EXPECT_TRUE(equal(TokenFile(name).validation().tokens(0, 1), tensor({5})));
}

TEST_F(TextFiles, WrongFilesOfTokens) {
  const std::string name = path("tokens.bin");
  TokenFile::save(name, Ids{1, 2, 3}, Ids{4}, 10);
  const std::string good = bytes_of("tokens.bin");
  const auto expect = [&](const std::string& bytes, const std::string& error) {
    put("tokens.bin", bytes);
    EXPECT_EQ(error_of([&] { (void)TokenFile(name).train().tokens(0, 3); }),
              "TokenFile: " + name + ": " + error);
  };
  const auto with = [&](size_t at, int64_t value) {
    std::string bytes = good;
    std::memcpy(bytes.data() + at, &value, sizeof value);
    return bytes;
  };
  expect("", "it has 0 bytes, too few for a file of tokens");
  expect(good.substr(0, 39), "it has 39 bytes, too few for a file of tokens");
  expect("x" + good.substr(1), "it is not a file of tokens");
  expect(with(8, 0), "its vocabulary has 0 tokens, and it is from 1 to 2147483648");
  expect(with(8, 1 << 20), "a token has 2 bytes, but 1048576 tokens need 4");
  expect(with(16, 1), "a token has 1 bytes, but 10 tokens need 2");
  const std::string misfit = " do not fit the 8 bytes after its header";
  expect(with(24, 4), "4 and 1 tokens of 2 bytes" + misfit);
  expect(with(24, -3), "-3 and 1 tokens of 2 bytes" + misfit);
  expect(with(24, INT64_MAX), "9223372036854775807 and 1 tokens of 2 bytes" + misfit);
  expect(with(32, INT64_MAX / 2), "3 and 4611686018427387903 tokens of 2 bytes" + misfit);
  expect(good.substr(0, 46), "3 and 1 tokens of 2 bytes do not fit the 6 bytes after its header");
  std::string foreign = good;
  foreign[42] = 10;
  expect(foreign, "id 10 at position 1 is not from 0 to 9");

  put("tokens.bin", good);
  const TokenPart part = TokenFile(name).validation();
  for (const auto& [first, count] : {std::pair<int64_t, int64_t>{0, 2},
                                     {-1, 1},
                                     {1, 1},
                                     {0, -1},
                                     {1, INT64_MAX},
                                     {INT64_MAX, INT64_MAX}})
    EXPECT_EQ(
        error_of([&, begin = first, length = count] { (void)part.tokens(begin, length); }),
        fmt::format("TokenFile: {} tokens from position {} on - this part has 1", count, first));
  EXPECT_EQ(error_of([&] {
              TokenFile::save(name, Ids{1, 10}, Ids{}, 10);
            }),
            "TokenFile: " + name + ": id 10 at position 1 is not from 0 to 9");
  EXPECT_EQ(bytes_of("tokens.bin"), good);
  EXPECT_EQ(error_of([&] { TokenFile::save(name, Ids{}, Ids{}, 0); }),
            "TokenFile: vocab_size 0 - it is from 1 to 2147483648");
  EXPECT_EQ(error_of([&] { const TokenFile file(dir()); }),
            "TokenFile: " + dir() + ": it is a directory");
}

TEST(TextSplit, NoCharacterIsCut) {
  using Parts = std::pair<std::string_view, std::string_view>;
  EXPECT_EQ(split_text("0123456789"), (Parts{"012345678", "9"}));
  EXPECT_EQ(split_text("0123456789", 0), (Parts{"0123456789", ""}));
  EXPECT_EQ(split_text("ab€", 0.2), (Parts{"ab", "€"}));
  EXPECT_EQ(split_text("\x80\x80\x80\x80\x80\x80", 0.5), (Parts{"", "\x80\x80\x80\x80\x80\x80"}));
  EXPECT_EQ(split_text(""), (Parts{"", ""}));
  for (const double fraction : {-0.1, 1.0, static_cast<double>(NAN)})
    EXPECT_EQ(error_of([&] { (void)split_text("ab", fraction); }),
              fmt::format("split_text: the fraction {} for validation is not from 0 to below 1",
                          fraction));
}

}  // namespace
}  // namespace gradus::text::text_files_test
