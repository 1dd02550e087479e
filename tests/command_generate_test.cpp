// The command gradus generate.
#include <sys/wait.h>

#include "gpt/pretrained.h"
#include "tensor/random.h"
#include "tests/gpt_support.h"
#include "tests/text_support.h"
#include "text/char_tokenizer.h"

namespace gradus::gpt::command_generate_test {
namespace {

class CommandGenerate : public GptFiles {
 protected:
  /// A model of eleven characters that has its tokenizer.
  CommandGenerate() {
    put_tied_twin("model");
    text::CharTokenizer("\n abcdefghi").save_pretrained(path("model"));
  }
  struct Result {
    int status;  // of the shell
    std::string out, errors;
  };
  /// Runs "gradus generate ARGUMENTS" in the folder of the test, through the shell.
  Result run(const std::string& arguments, const std::string& before = "") const {
    const std::string command = fmt::format("cd '{}' && {} '{}' generate {} 2>errors >out",
                                            folder_.string(), before, GRADUS_PROGRAM, arguments);
    const int status = std::system(command.c_str());
    return {WEXITSTATUS(status), bytes_of("out"), bytes_of("errors")};
  }
  void expect_failure(const std::string& arguments, const std::string& message) const {
    const Result result = run(arguments);
    EXPECT_EQ(result.status, 1) << arguments;
    EXPECT_EQ(result.out, "") << arguments;
    EXPECT_EQ(result.errors, "gradus generate: " + message + "\n");
  }
};

// The ids 1, 2, 3 and 10, after which transformers generates 0, 7, 0, 0.
TEST_F(CommandGenerate, WritesTheTextOfTransformers) {
  const Result result = run("--model model --prompt ' abi' --greedy --tokens 4");
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.out, " abi\nf\n\n\n");
  EXPECT_EQ(result.errors, "");
  EXPECT_EQ(run("--model model --prompt - --greedy --tokens 4", "printf ' abi' |").out, result.out);
  EXPECT_EQ(run("--model model --prompt ' abi' --greedy --tokens 4 --no-cache").out, result.out);
}

TEST_F(CommandGenerate, TakesWeightsInBFloat16) {
  const std::string arguments = "--model model --prompt ' abi' --greedy --tokens 4";
  EXPECT_EQ(run(arguments + " --dtype float32").out, " abi\nf\n\n\n");
  const Result result = run(arguments + " --dtype bfloat16");
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.out.size(), 4 + 4 + 1);
  EXPECT_EQ(result.errors, "");
  const Result wrong = run(arguments + " --dtype float16");
  EXPECT_EQ(wrong.status, 2);
  EXPECT_NE(wrong.errors.find("--dtype: float16 not in {float32,bfloat16}"), std::string::npos)
      << wrong.errors;
}

TEST_F(CommandGenerate, TheSeedMakesTheTextAgain) {
  const std::string arguments = "--model model --prompt abc --tokens 50";
  const Result first = run(arguments + " --seed 1");
  EXPECT_EQ(first.status, 0);
  EXPECT_EQ(first.out.size(), 3 + 50 + 1);
  EXPECT_EQ(run(arguments + " --seed 1").out, first.out);
  EXPECT_EQ(run(arguments + " --seed 1 --no-cache").out, first.out);
  EXPECT_NE(run(arguments + " --seed 2").out, first.out);
  EXPECT_NE(run(arguments).out, run(arguments).out);
}

TEST_F(CommandGenerate, SaysThatTheWindowWasFull) {
  const std::string arguments = "--model model --prompt ' abi' --greedy --tokens 40";
  EXPECT_EQ(run(arguments).errors,
            "The window of 8 tokens was full 7 times: each time the older half was dropped "
            "(--exact-window: only the oldest token).\n");
  EXPECT_EQ(run(arguments + " --exact-window").errors,
            "The window of 8 tokens was full 35 times: each time the model read the last ones "
            "again.\n");
}

TEST_F(CommandGenerate, StatisticsHaveTheSpeed) {
  const Result result = run("--model model --prompt abc --tokens 50 --seed 7 --stats");
  EXPECT_NE(result.errors.find("3 tokens of the prompt, read in "), std::string::npos);
  EXPECT_NE(result.errors.find("50 tokens generated, "), std::string::npos);
  EXPECT_NE(result.errors.find(" tokens/s, "), std::string::npos);
  EXPECT_NE(result.errors.find("--seed 7\n"), std::string::npos);
}

TEST_F(CommandGenerate, WithoutATokenizerTheTextIsIds) {
  put_tied_twin("ids");
  const Result result = run("--model ids --prompt '1 2 3 10' --greedy --tokens 4");
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.out, "1 2 3 10 0 7 0 0 \n");
  EXPECT_EQ(result.errors,
            "There is no tokenizer in ids: the prompt and the text are token ids, separated by "
            "spaces.\n");
  EXPECT_EQ(run("--model ids --tokenizer model --prompt ' abi' --greedy --tokens 4").out,
            " abi\nf\n\n\n");
  EXPECT_EQ(run("--model ids --prompt '1 x'").status, 1);
}

TEST_F(CommandGenerate, TheEndTokenEndsTheText) {
  // Token 7 is f.
  put("model/config.json", replaced(kTwinConfig, "50256", "7"));
  EXPECT_EQ(run("--model model --prompt ' abi' --greedy --tokens 4").out, " abi\n\n");
  put_model("ids", replaced(kTwinConfig, "50256", "7"),
            load_safetensors(path("model/model.safetensors")));
  EXPECT_EQ(run("--model ids --prompt '1 2 3 10' --greedy --tokens 4").out, "1 2 3 10 0 7 \n");
}

TEST_F(CommandGenerate, WrongCallsAreErrors) {
  expect_failure("--model nothing", "from_pretrained: nothing: there is no such file or folder");
  expect_failure("--model model --temperature 0",
                 "the temperature is 0, expected a number above 0");
  expect_failure("--model model --temperature -1",
                 "the temperature is -1, expected a number above 0");
  expect_failure("--model model --top-p 0", "top_p is 0, expected a number above 0 and at most 1");
  expect_failure("--model model --top-k -1", "top_k is -1, expected 0 (all tokens) or more");
  expect_failure("--model model --tokens -1", "max_new_tokens is -1, expected 0 or more");
  expect_failure("--model model --prompt abcabcabc",
                 "the prompt has 9 tokens, and the model reads at most 8");
  const Result unknown = run("--model model --prompt abX");
  EXPECT_EQ(unknown.status, 1);
  EXPECT_NE(unknown.errors.find("'X' (U+0058) at byte 2"), std::string::npos) << unknown.errors;
  text::CharTokenizer("abc").save_pretrained(path("small"));
  expect_failure("--model model --tokenizer small",
                 "the tokenizer in small has 3 tokens, and the model in model has 11");
  for (const char* wrong : {"", "--model model --tokens x", "--model model --greedy --top-k 3"}) {
    const Result result = run(wrong);
    EXPECT_EQ(result.status, 2) << wrong;
    EXPECT_NE(result.errors, "") << wrong;
  }
}

TEST_F(CommandGenerate, EndsQuietlyWhenNobodyReads) {
  const std::string command = fmt::format(
      "cd '{}' && '{}' generate --model model --tokens 100000000 2>errors | head -c 20 >out",
      folder_.string(), GRADUS_PROGRAM);
  EXPECT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(bytes_of("out").size(), 20);
  EXPECT_EQ(bytes_of("errors"), "");
}

TEST_F(CommandGenerate, AFullDiskIsAnError) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "this system has no /dev/full";
  const std::string command =
      fmt::format("cd '{}' && '{}' generate --model model 2>errors >/dev/full", folder_.string(),
                  GRADUS_PROGRAM);
  EXPECT_EQ(WEXITSTATUS(std::system(command.c_str())), 1);
  EXPECT_EQ(bytes_of("errors"),
            "gradus generate: the text cannot be written: No space left on device\n");
}

TEST_F(CommandGenerate, CtrlCEndsTheText) {
  // sh starts programs in the background with SIGINT ignored; the handler replaces that.
  const std::string command = fmt::format(
      "cd '{0}' && {{ '{1}' generate --model model --tokens 100000000 >out 2>errors & }}; "
      "until [ -s out ]; do sleep 0.1; done; kill -INT $!; wait $!",
      folder_.string(), GRADUS_PROGRAM);
  EXPECT_EQ(WEXITSTATUS(std::system(command.c_str())), 130);
  EXPECT_TRUE(bytes_of("out").ends_with("\n"));
  EXPECT_NE(bytes_of("errors").find("The window of 8 tokens was full"), std::string::npos);
}

}  // namespace
}  // namespace gradus::gpt::command_generate_test
