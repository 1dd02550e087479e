// Every wrong input to gradus train has its message, and destroys nothing.
#include <fmt/format.h>

#include "tests/train_support.h"

namespace train_errors_test {
using namespace gradus;
using namespace gradus::gpt::tests;

namespace {

/// A folder with the text, and a run of some steps in "model".
const fs::path& folder() {
  static const fs::path made = [] {
    const fs::path path = scratch("train_errors");
    const Ended r = train(path, "text.txt --out model --steps 2" + kSmall);
    EXPECT_EQ(r.status, 0) << r.output;
    return path;
  }();
  return made;
}

void expect_refused(const std::string& arguments, const std::string& message, int status = 1) {
  const Ended r = train(folder(), arguments);
  EXPECT_EQ(r.status, status) << arguments << "\n" << r.output;
  EXPECT_NE(r.output.find(message), std::string::npos) << arguments << "\n" << r.output;
  EXPECT_EQ(r.output.find("terminate"), std::string::npos) << arguments << "\n" << r.output;
  EXPECT_FALSE(fs::exists(folder() / "new")) << arguments;  // nothing was begun
}

TEST(TrainErrors, Texts) {
  write_file(folder() / "empty.txt", "");
  write_file(folder() / "short.txt", "To be, or not to be");
  write_file(folder() / "one.txt", std::string(1000, 'a'));
  write_file(folder() / "binary", std::string("abc\xff\xfe\0abc", 9) + std::string(1000, 'b'));
  expect_refused("", "FILE is required", 2);
  expect_refused("missing.txt --out new", "missing.txt: it cannot be opened: No such file");
  expect_refused(". --out new", "it is a directory");
  expect_refused("/dev/null --out new", "/dev/null: it is not a regular file");
  expect_refused("empty.txt --out new", "empty.txt: the file is empty");
  expect_refused("short.txt --out new",
                 "the text is too short: it has 17 tokens to train on and 2 to validate with, and "
                 "--block 64 needs at least 65 and 2");
  expect_refused("one.txt --out new", "the text has only one character, again and again");
  expect_refused("binary --out new", "the text is not UTF-8 (byte 0xff at 3)");
  expect_refused("binary --out new", "--tokenizer bpe:512 takes any bytes");
}

TEST(TrainErrors, Options) {
  const std::string begin = "text.txt --out new ";
  for (const char* option : {"--steps", "--batch", "--block", "--layers", "--heads", "--width",
                             "--accumulate", "--eval-every", "--threads"}) {
    for (const char* value : {"0", "-3", "99999999999999999999", "1e3", "2.5", "x", "''"})
      expect_refused(begin + fmt::format("{} {}", option, value),
                     fmt::format("{}: expected an integer from 1 to ", option), 2);
  }
  for (const char* value : {"-1", "4294967296", "abc"})
    expect_refused(begin + fmt::format("--seed {}", value), "--seed: expected an integer from 0",
                   2);
  for (const char* value : {"0", "-1e-3", "nan", "inf", "1e999", "fast"})
    expect_refused(begin + fmt::format("--lr {}", value), "--lr: expected a finite number above 0",
                   2);
  for (const char* value : {"-0.1", "1", "nan", "half"})
    expect_refused(begin + fmt::format("--dropout {}", value),
                   "--dropout: expected a number from 0 to below 1", 2);
  expect_refused(begin + "--preset gpt5",
                 "there is no preset 'gpt5'; the presets are smoke, shakespeare-char, "
                 "shakespeare-char-large, gpt2-124M");
  for (const char* value :
       {"words", "bpe", "bpe:", "bpe:256", "bpe:-1", "bpe:1e9", "bpe:99999999999"})
    expect_refused(begin + fmt::format("--tokenizer {}", value),
                   "expected char, gpt2, or bpe:SIZE with a SIZE from 257 to 1000000");
  expect_refused("text.txt --out new --tokenizer gpt2", "./run download gpt2 gets them");
  expect_refused(begin + "--heads 3 --width 16", "--width 16 does not split into --heads 3");
  expect_refused(begin + "--batch 12 --accumulate 5",
                 "--batch 12 does not split into --accumulate 5 equal parts");
  expect_refused(begin + "--width 1000000 --heads 1 --layers 1000", "this training needs about ");
  expect_refused(begin + "--batch 1000000", "and the machine has ");
  expect_refused(begin + "--unknown", "--unknown", 2);
  expect_refused(begin + "--json missing/log.json", "--json missing/log.json cannot be written");
}

TEST(TrainErrors, Folders) {
  const std::string before = read_file(folder() / "model/checkpoint.safetensors");
  expect_refused("text.txt --out text.txt", "text.txt is a file; --out chooses a folder");
  expect_refused("text.txt --out text.txt/new", "text.txt/new cannot be made: Not a directory");
  expect_refused("text.txt --out ''", "--out '' is not a folder");
  expect_refused("text.txt --out model",
                 "model has a training run at step 2; --resume continues it, and --out chooses "
                 "another folder");
  expect_refused("text.txt --out new --resume", "new has no checkpoint.safetensors");
  expect_refused("text.txt --out model --resume", "all 2 steps of the run in model are done");
  write_file(folder() / "other.txt", made_up_text(300));
  const std::string resume = " --out model --resume --steps 4 ";
  expect_refused("other.txt" + resume, "the run to continue was trained on another text");
  for (const char* option : {"--layers 2", "--heads 4", "--width 32", "--block 8", "--seed 3"})
    expect_refused("text.txt" + resume + option, ", and the run to continue has ");
  expect_refused("text.txt" + resume + "--tokenizer bpe:300",
                 "--tokenizer is bpe:300, and the run to continue has char");
  expect_refused("text.txt" + resume + "--preset smoke",
                 "--preset is smoke, and the run to continue has shakespeare-char");
  fs::create_directories(folder() / "downloaded");
  write_file(folder() / "downloaded/config.json", "{}");
  expect_refused("text.txt --out downloaded",
                 "downloaded has a model that was not trained here (config.json)");
  EXPECT_EQ(read_file(folder() / "downloaded/config.json"), "{}");
  EXPECT_TRUE(read_file(folder() / "model/checkpoint.safetensors") == before);
}

TEST(TrainErrors, DamagedRuns) {
  const auto expect_damaged = [](const char* file, const std::string& content,
                                 const std::string& message) {
    fs::remove_all(folder() / "damaged");
    fs::copy(folder() / "model", folder() / "damaged");
    write_file(folder() / "damaged" / file, content);
    expect_refused("text.txt --out damaged --resume --steps 4", message);
    EXPECT_TRUE(read_file(folder() / "damaged" / file) == content) << file;
  };
  const std::string whole = read_file(folder() / "model/checkpoint.safetensors");
  const std::string model = read_file(folder() / "model/model.safetensors");
  expect_damaged("checkpoint.safetensors", "", "checkpoint.safetensors: it has 0 bytes");
  expect_damaged("checkpoint.safetensors", whole.substr(0, whole.size() / 2),
                 "checkpoint.safetensors: ");
  expect_damaged("checkpoint.safetensors", whole + "x", "checkpoint.safetensors: ");
  expect_damaged("checkpoint.safetensors", model, "it is not a checkpoint of a training run");
  const auto replaced = [&](const std::string& from, const std::string& to) {
    std::string changed = whole;
    const size_t at = changed.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return changed.replace(at, from.size(), to);
  };
  expect_damaged("checkpoint.safetensors", replaced(R"(\\\"n_heads\\\":2)", R"(\\\"n_heads\\\":0)"),
                 "--heads is 0, expected 1 to ");
  expect_damaged("checkpoint.safetensors", replaced(R"(\\\"n_heads\\\":2)", R"(\\\"n_heads\\\":x)"),
                 "its settings are not those of a training run");
  expect_damaged("checkpoint.safetensors",
                 replaced(R"(\\\"emb_dim\\\":16)", R"(\\\"emb_dim\\\":18)"), "is [");
  expect_damaged("vocab.json", "{\"a\": 0, \"b\": 1}", "the tokenizer in damaged has 2 tokens");
  expect_damaged("vocab.json", "no JSON", "vocab.json: ");
  expect_damaged("tokens.bin", "no tokens", "tokens.bin");
  expect_damaged("log.csv", "1,2,3\n", "log.csv: its first line is not 'step,train_loss");
}

}  // namespace
}  // namespace train_errors_test
