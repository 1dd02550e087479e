// gradus train from the command line: what it writes, and how it goes on after it was stopped.
#include <cmath>
#include <regex>

#include "autograd/ops.h"
#include "gpt/pretrained.h"
#include "tests/train_support.h"
#include "text/token_file.h"
#include "text/tokenizer.h"

namespace train_program_test {
using namespace gradus;
using namespace gradus::gpt::tests;

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(TrainProgram, LearnsATextAndLeavesAModel) {
  const fs::path folder = scratch("train");
  const Ended r = train(folder,
                        "text.txt --out model --steps 60 --eval-every 30 --lr 1e-2 "
                        "--json log.json" +
                            kSmall);
  ASSERT_EQ(r.status, 0) << r.output;
  EXPECT_TRUE(contains(r.output, "parameters")) << r.output;
  EXPECT_TRUE(contains(r.output, "FLOPs per token")) << r.output;
  EXPECT_TRUE(contains(r.output, "validation loss")) << r.output;  // the curve
  EXPECT_TRUE(contains(r.output, "bits per byte")) << r.output;

  const std::vector<nlohmann::json> log = json_lines(folder / "log.json");
  ASSERT_EQ(log.size(), 3u);
  for (size_t i = 0; i < log.size(); ++i) {
    EXPECT_EQ(log[i]["step"], 30 * i);
    for (const char* key :
         {"train_loss", "val_loss", "bits_per_byte", "lr", "tokens_per_second", "seconds"})
      EXPECT_TRUE(log[i][key].is_number()) << key;
  }
  const auto tokenizer = text::load_tokenizer((folder / "model").string());
  const double uniform = std::log(static_cast<double>(tokenizer.vocab_size()));
  EXPECT_NEAR(log[0]["val_loss"].get<double>(), uniform, 0.1);
  EXPECT_LT(log[2]["val_loss"].get<double>(), uniform - 0.5);
  EXPECT_NEAR(log[2]["train_loss"].get<double>(), log[2]["val_loss"].get<double>(), 0.5);

  std::istringstream csv(read_file(folder / "model/log.csv"));
  std::string line;
  std::getline(csv, line);
  EXPECT_EQ(line, "step,train_loss,val_loss,bits_per_byte,lr,tokens_per_second,seconds");
  int rows = 0;
  for (; std::getline(csv, line); ++rows)
    EXPECT_TRUE(line.starts_with(fmt::format("{},", 30 * rows))) << line;
  EXPECT_EQ(rows, 3);

  // The loss in the last line is that of the model in the folder, over all validation tokens.
  const nn::Gpt model = gpt::from_pretrained((folder / "model").string());
  model.eval();
  const NoGradGuard no_grad;
  const std::string all = made_up_text();
  const auto [train_text, validation] = text::split_text(all);
  const Tensor ids = tensor(tokenizer.encode(validation), kInt64);
  double sum = 0;
  const int64_t n = ids.size(0) - 1;
  for (int64_t i = 0; i < n; i += 16) {
    const int64_t T = std::min<int64_t>(16, n - i);
    sum += cross_entropy(model(ids.narrow(0, i, T).unsqueeze(0))[0], ids.narrow(0, i + 1, T))
               .item<double>() *
           static_cast<double>(T);
  }
  EXPECT_NEAR(log[2]["val_loss"].get<double>(), sum / static_cast<double>(n), 1e-5);

  // The commands that the program printed.
  const Ended g =
      shell(folder, "'" GRADUS_PROGRAM "' generate --model model --tokens 20 --prompt the");
  EXPECT_EQ(g.status, 0) << g.output;
  EXPECT_TRUE(g.output.starts_with("the")) << g.output;
  fs::remove_all(folder);
}

/// What the options below give without a stop.
const fs::path& uninterrupted() {
  static const fs::path folder = [] {
    const fs::path made = scratch("train_uninterrupted");
    const Ended r = train(made, "text.txt --out model --steps 25 --eval-every 1" + kSmall);
    EXPECT_EQ(r.status, 0) << r.output;
    return made / "model";
  }();
  return folder;
}
const std::string kRun = "text.txt --out model --steps 25 --eval-every 1" + kSmall;
const std::string kResume = "text.txt --out model --resume";

TEST(TrainProgram, TenStepsAndTenMoreAreTwenty) {
  const fs::path folder = scratch("train_twenty");
  const std::string run = "text.txt --steps 20 --eval-every 10" + kSmall;
  EXPECT_EQ(train(folder, run + "--out all").status, 0);
  {
    // Stopped by force after the checkpoint of step 10, or, on a fast machine, at the end.
    Started started(folder, run + " --out parts");
    wait_until([&] { return contains(read_file(folder / "parts/log.csv"), "\n10,"); });
    started.end(SIGKILL);
  }
  const auto state = gpt::read_train_state((folder / "parts/checkpoint.safetensors").string());
  // At the end, too: it may have been stopped between the checkpoint and the model.
  const Ended r = train(folder, "text.txt --out parts --resume --eval-every 5 --threads 1");
  EXPECT_EQ(r.status, state.step < 20 ? 0 : 1) << r.output;
  expect_same_run(folder / "all", folder / "parts");
  fs::remove_all(folder);
}

TEST(TrainProgram, AKilledRunGoesOnWithTheSameBits) {
  const fs::path folder = scratch("train_killed");
  const int kills = std::getenv("GRADUS_KILLS") ? std::atoi(std::getenv("GRADUS_KILLS")) : 5;
  const std::string checkpoint = (folder / "model/checkpoint.safetensors").string();
  srand(1);
  bool finished = false;
  for (int i = 0; i < kills || !finished; ++i) {
    if (finished) {
      fs::remove_all(folder / "model");
      finished = false;
    }
    const bool begun = fs::exists(checkpoint);
    Started started(folder, begun ? kResume : kRun);
    int status = -1;
    if (i < kills) {
      usleep(static_cast<useconds_t>(rand() % 400'000));
      status = started.end(SIGKILL);
    } else {
      status = started.end(0);
      EXPECT_EQ(status, 0) << read_file(folder / "output.txt");
    }
    if (!fs::exists(checkpoint)) continue;  // killed before the first one
    load_safetensors(checkpoint);           // complete, or it throws
    finished = gpt::read_train_state(checkpoint).step == 25;
    // Killed between the last checkpoint and the model: the next call writes the model.
    if (finished && status != 0) {
      const Ended r = train(folder, kResume);
      EXPECT_TRUE(contains(r.output, "all 25 steps of the run in model are done")) << r.output;
    }
    if (finished) expect_same_run(uninterrupted(), folder / "model");
  }
  // A killed process may leave an unfinished file; the next one removes it.
  for (const auto& entry : fs::directory_iterator(folder / "model"))
    EXPECT_NE(entry.path().extension(), ".tmp") << entry.path();
  fs::remove_all(folder);
}

TEST(TrainProgram, CtrlCSavesAndSaysHowToGoOn) {
  const fs::path folder = scratch("train_ctrl_c");
  const std::string run = "text.txt --steps 120 --eval-every 50" + kSmall;
  Started started(folder, run + "--out 'my model'");
  wait_until([&] { return fs::exists(folder / "my model/model.safetensors"); });
  const int status = started.end(SIGINT);
  const std::string output = read_file(folder / "output.txt");
  ASSERT_EQ(status, 130) << output;
  const std::string command = " train text.txt --out 'my model' --resume\n";
  ASSERT_TRUE(contains(output, command)) << output;
  EXPECT_TRUE(contains(output, "training: stopped after ")) << output;

  const Ended r = train(folder, "text.txt --out 'my model' --resume");
  EXPECT_EQ(r.status, 0) << r.output;
  EXPECT_EQ(train(folder, run + "--out all").status, 0);
  expect_same_run(folder / "all", folder / "my model");
  std::istringstream csv(read_file(folder / "my model/log.csv"));
  std::string steps;
  for (std::string line; std::getline(csv, line);)
    steps += line.substr(0, line.find(',')) + " ";
  EXPECT_EQ(steps, "step 0 50 100 120 ");
  fs::remove_all(folder);
}

TEST(TrainProgram, AFullDiskLeavesTheOldCheckpoint) {
  const fs::path folder = scratch("train_full");
  Started started(folder, "text.txt --out model --steps 2000 --eval-every 500" + kSmall);
  wait_until([&] { return fs::exists(folder / "model/model.safetensors"); });
  ASSERT_EQ(started.end(SIGINT), 130);
  const std::string before = read_file(folder / "model/checkpoint.safetensors");
  // No file may become larger than 8 kB.
  const Ended r = shell(folder, "ulimit -f 8; exec '" GRADUS_PROGRAM
                                "' train text.txt --out model --resume --eval-every 10");
  EXPECT_EQ(r.status, 1) << r.output;
  EXPECT_TRUE(contains(r.output, "it cannot be written: File too large")) << r.output;
  EXPECT_TRUE(read_file(folder / "model/checkpoint.safetensors") == before);
  const Ended json =
      train(folder, "text.txt --out model --resume --eval-every 10 --json /dev/full");
  EXPECT_EQ(json.status, 1);
  EXPECT_TRUE(contains(json.output, "--json: the file cannot be written")) << json.output;
  // With room on the disk it goes on.
  EXPECT_EQ(train(folder, "text.txt --out model --resume --steps 100").status, 0);
  fs::remove_all(folder);
}

TEST(TrainProgram, NaNStopsAndNamesStepAndOp) {
  const fs::path folder = scratch("train_nan");
  const Ended r =
      train(folder, "text.txt --out model --steps 50 --eval-every 1 --lr 1e30" + kSmall);
  EXPECT_EQ(r.status, 1) << r.output;
  EXPECT_TRUE(std::regex_search(
      r.output,
      std::regex("step [0-9]+: the (validation )?loss is nan.*; detect_anomaly: .*'[a-z_]+'")))
      << r.output;
  EXPECT_TRUE(contains(r.output, "The last checkpoint in model is unchanged")) << r.output;
  for (const auto& [name, x] : load_safetensors((folder / "model/checkpoint.safetensors").string()))
    if (x.is_floating_point()) {
      EXPECT_LT(x.abs().max().item<double>(), INFINITY) << name;
    }
  fs::remove_all(folder);
}

TEST(TrainProgram, BpeGivesAFolderWithMerges) {
  const fs::path folder = scratch("train_bpe");
  // Any bytes can be learned.
  std::string bytes = made_up_text();
  for (size_t i = 0; i < bytes.size(); i += 97)
    bytes[i] = static_cast<char>(i);
  write_file(folder / "bytes.bin", bytes);
  const Ended r =
      train(folder, "bytes.bin --out model --tokenizer bpe:300 --steps 4 --eval-every 2" + kSmall);
  EXPECT_EQ(r.status, 0) << r.output;
  for (const char* name : {"vocab.json", "merges.txt", "config.json", "model.safetensors"})
    EXPECT_TRUE(fs::exists(folder / "model" / name)) << name;
  EXPECT_EQ(gpt::from_pretrained((folder / "model").string()).config.vocab_size, 300);
  fs::remove_all(folder);
}

}  // namespace
}  // namespace train_program_test
