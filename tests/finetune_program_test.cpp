// gradus finetune and gradus chat from the command line.
#include "autograd/ops.h"
#include "gpt/pretrained.h"
#include "tests/train_support.h"
#include "text/tokenizer.h"

namespace finetune_program_test {
using namespace gradus;
using namespace gradus::gpt::tests;

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// Questions that a small model can learn by heart.
std::string questions() {
  std::string text;
  for (int i = 0; i < 30; ++i)
    text += i % 2 == 0 ? "who sees the cat\ta dog.\n" : "who likes the king\tthe old cat.\n";
  return text;
}

Ended program(const fs::path& folder, const std::string& arguments,
              const std::string& before = "") {
  return shell(folder, before + "'" GRADUS_PROGRAM "' " + arguments);
}

/// A folder with a trained model in base/, and questions. Each test has a copy of its own.
fs::path with_model(const std::string& name) {
  static const fs::path trained = [] {
    const fs::path made = scratch("finetune_base");
    const Ended r = train(made,
                          "text.txt --out base --steps 60 --lr 1e-2 --layers 2 --heads 2 "
                          "--width 32 --block 64 --batch 4");
    EXPECT_EQ(r.status, 0) << r.output;
    write_file(made / "questions.tsv", questions());
    return made;
  }();
  const fs::path folder = scratch(name);
  fs::remove_all(folder);
  fs::copy(trained, folder, fs::copy_options::recursive);
  return folder;
}

const std::string kToTuned = "finetune questions.tsv --model base --out tuned --batch 4 ";
const std::string kTune = kToTuned + "--lr 1e-2 --steps 60 --eval-every 30 ";

TEST(FinetuneProgram, ItsModelAnswersAndStops) {
  const fs::path folder = with_model("finetune");
  const std::string base = read_file(folder / "base/model.safetensors");
  const Ended r = program(folder, kTune + "--json log.json");
  ASSERT_EQ(r.status, 0) << r.output;
  EXPECT_TRUE(contains(r.output, "27 conversations to train on, 3 to validate with")) << r.output;
  EXPECT_TRUE(contains(r.output, "> who")) << r.output;  // a sample
  EXPECT_TRUE(contains(r.output, "gradus chat --model tuned")) << r.output;
  EXPECT_EQ(json_lines(folder / "log.json").size(), 3u);
  EXPECT_EQ(read_file(folder / "base/model.safetensors"), base);

  const Ended cat = program(folder, "chat --model tuned", "printf 'who sees the cat\\n' | ");
  EXPECT_EQ(cat.status, 0);
  EXPECT_EQ(cat.output, "a dog.\n");
  EXPECT_EQ(program(folder, "chat --model tuned", "printf 'who likes the king' | ").output,
            "the old cat.\n");
  // generate knows where an answer ends, too.
  const Ended g = program(folder, "generate --model tuned --greedy --prompt 'the cat' --tokens 5");
  EXPECT_EQ(g.status, 0) << g.output;
  EXPECT_TRUE(g.output.starts_with("the cat")) << g.output;
}

TEST(FinetuneProgram, LoraAndTheLastBlock) {
  const fs::path folder = with_model("finetune_ways");
  const Ended lora = program(folder, kTune + "--lora 4");
  ASSERT_EQ(lora.status, 0) << lora.output;
  EXPECT_TRUE(contains(lora.output, "a change of rank 4 (LoRA): ")) << lora.output;
  const Ended chat = program(folder, "chat --model tuned", "printf 'who sees the cat\\n' | ");
  EXPECT_EQ(chat.output, "a dog.\n");
  const Ended g = program(folder, "generate --model tuned --prompt 'the cat' --tokens 5");
  EXPECT_EQ(g.status, 0) << g.output;
  const Ended last = program(
      folder,
      "finetune questions.tsv --model base --out last --steps 2 --eval-every 2 --last-block");
  EXPECT_EQ(last.status, 0) << last.output;
  EXPECT_TRUE(contains(last.output, "the last block: ")) << last.output;
}

TEST(FinetuneProgram, AStoppedRunGoesOnWithTheSameBits) {
  for (const std::string way : {"", " --lora 2"}) {
    const fs::path folder = with_model("finetune_resume");
    const std::string run =
        "finetune questions.tsv --model base --steps 40 --eval-every 10 --batch 2" + way;
    EXPECT_EQ(program(folder, run + " --out all").status, 0);
    // Stopped by a second run's limit: its checkpoint of step 20 has other options only.
    const fs::path parts = folder / "parts";
    {
      const std::string line = fmt::format(
          "'{}' {} --out parts >/dev/null 2>&1 & pid=$!; "
          "until grep -q '^10,' parts/log.csv 2>/dev/null; do sleep 0.01; done; "
          "kill -INT $pid; wait $pid",
          GRADUS_PROGRAM, run);
      shell(folder, line);
    }
    const auto state = gpt::read_train_state((parts / "checkpoint.safetensors").string());
    if (state.step < 40) {
      const Ended r = program(folder, "finetune questions.tsv --out parts --resume");
      EXPECT_EQ(r.status, 0) << r.output;
    }
    expect_same_run(folder / "all", parts);
  }
}

TEST(FinetuneProgram, WrongCallsAreErrors) {
  const fs::path folder = with_model("finetune_errors");
  const auto expect_error = [&](const std::string& arguments, const std::string& message) {
    const Ended r = program(folder, "finetune " + arguments);
    EXPECT_NE(r.status, 0) << arguments;
    EXPECT_TRUE(contains(r.output, message)) << r.output;
    EXPECT_FALSE(fs::exists(folder / "new")) << arguments;
  };
  const std::string to_new = " --model base --out new ";
  write_file(folder / "empty.tsv", "");
  write_file(folder / "one.tsv", "who\tme\n");
  write_file(folder / "bad.tsv", "who\tme\nhow\n");
  write_file(folder / "letters.tsv", "WHO\tme\nwho\tme\n");
  write_file(folder / "long.tsv", "who\tme\nwho\t" + std::string(80, 'a') + "\n");
  expect_error("nowhere.tsv" + to_new, "nowhere.tsv");
  expect_error("empty.tsv" + to_new, "empty.tsv: the file is empty");
  expect_error("one.tsv" + to_new, "there is only one conversation");
  expect_error("bad.tsv" + to_new, "bad.tsv: line 2: expected a question, one tab");
  expect_error("letters.tsv" + to_new, "letters.tsv: line 1: encode: the character 'W'");
  expect_error("long.tsv" + to_new,
               "long.tsv: line 2: with its special tokens the conversation has 85 tokens, and the "
               "model reads at most 64");
  expect_error("questions.tsv --out new", "--model is missing");
  expect_error("questions.tsv --model nowhere --out new", "nowhere is not a folder");
  expect_error("questions.tsv" + to_new + "--lora 0", "--lora: expected an integer from 1");
  expect_error("questions.tsv" + to_new + "--lora 2 --last-block", "exclude each other");
  expect_error("questions.tsv" + to_new + "--resume", "no checkpoint.safetensors");
  expect_error("questions.tsv --out base --resume", "base has a run of train, and not of finetune");
  expect_error("questions.tsv --model base --out base", "base has a training run at step 60");
  // A model of another vocabulary.
  text::CharTokenizer("abc").save_pretrained((folder / "base").string());
  expect_error("questions.tsv" + to_new, "the tokenizer in base has 3 tokens, and the model ");
}

TEST(ChatProgram, SaysWhenAModelWasNeverFineTuned) {
  const fs::path folder = with_model("chat_base");
  const Ended r = program(folder, "chat --model base --tokens 10", "printf 'the cat\\n' | ");
  EXPECT_EQ(r.status, 0) << r.output;
  EXPECT_TRUE(contains(r.output, "The model in base was never fine-tuned: it does not answer"))
      << r.output;
  EXPECT_TRUE(contains(r.output, "finetune FILE --model base --out NEW")) << r.output;
  EXPECT_EQ(program(folder, "chat --model base --system x").status, 1);
  EXPECT_EQ(program(folder, "chat --model nowhere").status, 1);
}

TEST(ChatProgram, AnErrorIsNoEndAndCtrlCStopsTheAnswerOnly) {
  const fs::path folder = with_model("chat_ctrl_c");
  ASSERT_EQ(program(folder, kToTuned + "--steps 5").status, 0);
  // X is not in the vocabulary; the next question is answered all the same.
  const Ended unknown =
      program(folder, "chat --model tuned --tokens 3", "printf 'X\\n\\nwho sees\\n' | ");
  EXPECT_EQ(unknown.status, 0);
  EXPECT_TRUE(contains(unknown.output, "the character 'X'")) << unknown.output;
  // A question, Ctrl-C, and then another question. The program ends at the end of the input.
  const Ended r = shell(folder, "mkfifo in; '" GRADUS_PROGRAM
                                "' chat --model tuned <in >out 2>&1 & pid=$!; "
                                "exec 3>in; echo 'who sees the cat' >&3; "
                                "until [ -s out ]; do sleep 0.02; done; kill -INT $pid; sleep 0.1; "
                                "echo 'who likes the king' >&3; exec 3>&-; wait $pid");
  EXPECT_EQ(r.status, 0) << r.output;
  const std::string out = read_file(folder / "out");
  EXPECT_GE(std::count(out.begin(), out.end(), '\n'), 2) << out;
}

}  // namespace
}  // namespace finetune_program_test
