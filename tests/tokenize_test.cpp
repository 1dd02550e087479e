// The program gradus tokenize, as a user calls it.
#include "tests/files_support.h"
#include "tests/text_support.h"
#include "text/tokenizer.h"

namespace gradus::text::tokenize_test {
namespace {

#ifdef GRADUS_PROGRAM
class Tokenize : public Files {
 protected:
  Tokenize() {
    BpeTokenizer::train("the sea, the sea and the ships\n", 270).save_pretrained(path("bpe"));
    CharTokenizer("hello wörld\n").save_pretrained(path("char"));
  }
  /// Runs gradus tokenize with this input; what it writes is in output() and errors().
  int run(const std::string& arguments, const std::string& input) const {
    put("in", input);
    const std::string command = fmt::format("cd '{}' && '{}' tokenize {} <in >out 2>err",
                                            folder_.string(), GRADUS_PROGRAM, arguments);
    return WEXITSTATUS(std::system(command.c_str()));
  }
  std::string output() const { return bytes_of("out"); }
  std::string errors() const { return bytes_of("err"); }
};

TEST_F(Tokenize, ThereAndBack) {
  EXPECT_EQ(run("--tokenizer char", "wörld"), 0) << errors();
  EXPECT_EQ(output(), "8 9 7 5 2\n");
  EXPECT_EQ(run("--tokenizer char --decode", "\t8 9\r\n7\n\n 5 2"), 0) << errors();
  EXPECT_EQ(output(), "wörld");

  std::string any;
  for (int64_t i = 0; i < 300'000; ++i)
    any += static_cast<char>(i * i / 7);
  EXPECT_EQ(run("--tokenizer bpe", any), 0) << errors();
  EXPECT_EQ(run("--decode --tokenizer=bpe", output()), 0) << errors();
  EXPECT_TRUE(output() == any);

  EXPECT_EQ(run("--tokenizer bpe", ""), 0) << errors();
  EXPECT_EQ(output(), "\n");
  EXPECT_EQ(run("--tokenizer bpe --decode", ""), 0) << errors();
  EXPECT_EQ(output(), "");
}

TEST_F(Tokenize, WrongCalls) {
  const auto expect = [&](const std::string& arguments, const std::string& input,
                          const std::string& error) {
    EXPECT_EQ(run(arguments, input), 1) << arguments;
    EXPECT_EQ(errors(), "gradus tokenize: " + error + "\n");
    EXPECT_EQ(output(), "");
  };
  expect("--tokenizer none", "", "tokenizer: none is not a folder");
  expect("--tokenizer char --decode", "1 x2", "'x2' at position 1 is not a token id");
  expect("--tokenizer char --decode", "1 2 3.5", "'3.5' at position 2 is not a token id");
  expect("--tokenizer char --decode", "99999999999999999999",
         "'99999999999999999999' at position 0 is not a token id");
  expect("--tokenizer char --decode", "3 \x1b[2J", "'\\x1b[2J' at position 1 is not a token id");
  expect("--tokenizer char --decode", "1 10", "decode: id 10 at position 1 is not from 0 to 9");
  expect("--tokenizer char --decode", "-1", "decode: id -1 at position 0 is not from 0 to 9");
  expect("--tokenizer char", "hello world!",
         "encode: the character '!' (U+0021) at byte 11 is not one of the 10 characters of the "
         "vocabulary");
  EXPECT_EQ(run("", ""), 2);
  EXPECT_NE(errors().find("--tokenizer is required"), std::string::npos) << errors();
}

TEST_F(Tokenize, FullDisk) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "there is no /dev/full";
  const std::string command =
      fmt::format("echo hello | '{}' tokenize --tokenizer '{}' 2>'{}' >/dev/full", GRADUS_PROGRAM,
                  path("char"), path("err"));
  EXPECT_EQ(WEXITSTATUS(std::system(command.c_str())), 1);
  EXPECT_EQ(errors(),
            "gradus tokenize: standard output cannot be written: No space left on device\n");
}
#endif

}  // namespace
}  // namespace gradus::text::tokenize_test
