// Trainings on tiny Shakespeare that take minutes: they must reach PyTorch's loss.
#include <gtest/gtest.h>

#include "tensor/kernels/gemm.h"
#include "tests/train_support.h"

using namespace gradus;
using namespace gradus::gpt::tests;

namespace {

/// The text, where ./run download or GRADUS_DATA has put it; "" if nowhere.
std::string shakespeare() {
  const char* given = std::getenv("GRADUS_DATA");
  for (const std::string& folder : {std::string(given ? given : GRADUS_SOURCE_DIR "/my/data"),
                                    std::string(GRADUS_SOURCE_DIR "/../shared/data")}) {
    const std::string path = folder + "/tiny-shakespeare/input.txt";
    if (fs::exists(path)) return path;
  }
  return "";
}

/// The loss over the validation split after a training with these options.
double final_loss(const std::string& options) {
  const fs::path folder = scratch("train_nightly");
  const Ended r =
      train(folder, fmt::format("'{}' --out model --json log.json {}", shakespeare(), options));
  EXPECT_EQ(r.status, 0) << r.output;
  const double loss = json_lines(folder / "log.json").back()["val_loss"];
  fs::remove_all(folder);
  return loss;
}

TEST(TrainNightly, NanoGptsSettingsGivePyTorchsLoss) {
  if (shakespeare().empty()) GTEST_SKIP() << "no tiny-shakespeare/input.txt: set GRADUS_DATA";
  // PyTorch 2.15 with the same random numbers: 1.9055.
  EXPECT_NEAR(final_loss("--preset shakespeare-char --lr 1e-3 --seed 1337"), 1.9055, 0.01);
}

TEST(TrainNightly, ThePresetReachesItsLossWithAnySeed) {
  if (shakespeare().empty()) GTEST_SKIP() << "no tiny-shakespeare/input.txt: set GRADUS_DATA";
  for (const int seed : {101, 102, 103})
    EXPECT_LE(final_loss(fmt::format("--preset shakespeare-char --seed {}", seed)), 1.80) << seed;
}

TEST(TrainNightly, ProductsInBfloat16ReachTheSameLoss) {
  if (shakespeare().empty()) GTEST_SKIP() << "no tiny-shakespeare/input.txt: set GRADUS_DATA";
  if (!kernels::has_bfloat16_products())
    GTEST_SKIP() << "this processor has no products in bfloat16";
  double difference = 0;  // of the means over three seeds
  for (const int seed : {101, 102, 103}) {
    const std::string options = fmt::format("--preset shakespeare-char --seed {}", seed);
    difference += (final_loss(options + " --precision medium") - final_loss(options)) / 3;
  }
  EXPECT_NEAR(difference, 0, 0.01);
}

}  // namespace
