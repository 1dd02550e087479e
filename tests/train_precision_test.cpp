// gradus train --precision: the losses of a training whose products are in bfloat16.
#include "tensor/kernels/gemm.h"
#include "tests/train_support.h"

namespace gradus::gpt::tests {
namespace {

const std::string kOptions =
    "text.txt --tokenizer char --layers 2 --heads 4 --width 64 --block 32 --batch 8 --lr 3e-3 "
    "--eval-every 20 --threads 2 --yes ";

/// The validation losses of a run.
std::vector<double> losses(const fs::path& folder, const std::string& options) {
  const Ended r = train(folder, kOptions + options);
  EXPECT_EQ(r.status, 0) << r.output;
  std::vector<double> values;
  for (const auto& line : json_lines(folder / "log.json"))
    values.push_back(line["val_loss"]);
  return values;
}

TEST(TrainPrecision, MediumLearnsAsFast) {
  const fs::path folder = scratch("train_precision");
  const auto highest = losses(folder, "--steps 120 --out highest --json log.json");
  const auto medium = losses(folder, "--steps 120 --out medium --json log.json --precision medium");
  ASSERT_EQ(medium.size(), highest.size());
  for (size_t i = 0; i < medium.size(); ++i)
    EXPECT_NEAR(medium[i], highest[i], 0.02) << i;
  EXPECT_LT(medium.back(), medium.front() - 2);
  // Off by default, and not without effect.
  EXPECT_EQ(read_file(folder / "highest/model.safetensors") !=
                read_file(folder / "medium/model.safetensors"),
            kernels::has_bfloat16_products());
}

TEST(TrainPrecision, ARunThatContinuesKeepsIt) {
  const fs::path folder = scratch("train_precision_resume");
  losses(folder, "--steps 20 --out parts --json log.json --precision medium");
  const Ended r = train(folder, "text.txt --out parts --resume --steps 40 --yes");
  EXPECT_EQ(r.status, 0) << r.output;
  EXPECT_NE(r.output.find("precision  medium: "), std::string::npos) << r.output;
  const Ended high =
      train(folder, "text.txt --out parts --resume --steps 50 --precision high --yes");
  EXPECT_EQ(high.status, 0) << high.output;
  EXPECT_NE(high.output.find("precision  high: "), std::string::npos) << high.output;
  const Ended other =
      train(folder, "text.txt --out parts --resume --steps 60 --precision highest --yes");
  EXPECT_EQ(other.status, 0) << other.output;
  EXPECT_EQ(other.output.find("precision  medium"), std::string::npos) << other.output;
}

TEST(TrainPrecision, AnUnknownOneIsRefused) {
  const fs::path folder = scratch("train_precision_unknown");
  const Ended r = train(folder, kOptions + "--precision low");
  EXPECT_EQ(r.status, 2) << r.output;
  EXPECT_NE(r.output.find("--precision"), std::string::npos) << r.output;
  EXPECT_NE(r.output.find("medium"), std::string::npos) << r.output;
}

}  // namespace
}  // namespace gradus::gpt::tests
