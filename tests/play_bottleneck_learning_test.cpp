// The sentences of the page "How much fits through one vector?", with the models that it shows.
#include <gtest/gtest.h>

#include "gradus.h"
#include "page/play/bottleneck/report.h"
#include "page/play/bottleneck/writing.h"

using namespace gradus;
using namespace gradus::page::bottleneck;

namespace {

const Trained& trained() {
  static const Trained all = trained_from_json(to_json(train_models()).dump(), "the training");
  return all;
}
const std::vector<std::string> kWithAttention = {"Bahdanau", "Luong", "Transformer"};

const Model& model_named(const std::string& name) {
  for (const Model& model : trained().models)
    if (model.name == name) return model;
  throw Error("there is no such model");
}

void one_vector_holds_few_digits() {
  EXPECT_GT(accuracy_at(trained(), "one vector", 2), 0.95);
  EXPECT_LT(accuracy_at(trained(), "one vector", 12), 0.5);
  for (const std::string& name : kWithAttention)
    EXPECT_GT(accuracy_at(trained(), name, 12), 0.95) << name;
}

void the_alignment_is_a_diagonal() {
  const Tensor source = digits_of("314159265358");
  for (const std::string name : {"Bahdanau", "Luong"}) {
    const Tensor most = alignment(model_named(name), source, source).argmax(-1);  // (T)
    // A decoder may read the state of a neighbour, which knows the digit, too.
    EXPECT_LE(abs(most - arange(12)).amax().item<int64_t>(), 1) << name;
  }
}

void without_attention_the_decoders_forget() {
  const Tensor source = digits_of("314159265358");
  for (const std::string& name : kWithAttention) {
    const Tensor right = written(model_named(name), source, 6) == source;  // (1, T)
    EXPECT_EQ(right.slice(1, 0, 6).sum().item<int64_t>(), 6) << name;
    EXPECT_LE(right.slice(1, 7).sum().item<int64_t>(), 3) << name;
  }
}

void the_gradient_fades_on_the_long_path() {
  manual_seed(1);
  const std::vector<Model> fresh = make_models();
  const Tensor source = digits_of("314159265358");
  for (const Model& model : fresh) {
    const Tensor row = gradients(model, source)[0];  // of the first output step
    const double ratio = row[0].item<double>() / row[11].item<double>();
    if (model.name == "one vector") {
      EXPECT_LT(ratio, 0.01);
    } else {
      EXPECT_GT(ratio, 0.1) << model.name;
    }
  }
}

// One test, because the models are trained once for a process.
TEST(BottleneckLearning, TheSentencesOfThePage) {
  one_vector_holds_few_digits();
  the_alignment_is_a_diagonal();
  without_attention_the_decoders_forget();
  the_gradient_fades_on_the_long_path();
}

}  // namespace
