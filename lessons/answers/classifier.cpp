#include "lessons/answers/classifier.h"

#include "gpt/fine_tuning.h"
#include "nn/optim.h"

namespace gradus::lessons {
namespace {

/// Some random examples.
std::vector<Example> random_examples(const std::vector<Example>& all, int64_t count) {
  const Tensor chosen = randint(std::ssize(all), {count});
  std::vector<Example> some;
  for (int64_t i = 0; i < count; ++i)
    some.push_back(all[static_cast<size_t>(chosen.data<int64_t>()[i])]);
  return some;
}

}  // namespace

GptClassifier::GptClassifier(const nn::Gpt& model, int64_t classes)
    : gpt(register_module("gpt", nn::Gpt(model))),
      head(register_module("head", nn::Linear(model.config.emb_dim, classes))) {
  gpt::train_last_block_only(model);
}

LabelledBatch labelled_batch(const SplitExamples& split, const std::vector<Example>& examples,
                             const text::Tokenizer& tokenizer, int64_t T, ReadRow row) {
  std::vector<std::vector<int64_t>> texts;
  size_t longest = 0;
  for (const Example& example : examples) {
    texts.push_back(tokenizer.encode(example.text));
    texts.back().resize(std::min(texts.back().size(), static_cast<size_t>(T)));
    longest = std::max(longest, texts.back().size());
  }
  std::vector<int64_t> ids;
  std::vector<int64_t> rows;
  std::vector<int64_t> targets;
  for (size_t i = 0; i < texts.size(); ++i) {
    rows.push_back(row == ReadRow::first ? 0 : std::ssize(texts[i]) - 1);
    targets.push_back(split.class_of(examples[i]));
    texts[i].resize(longest, 0);
    ids.insert(ids.end(), texts[i].begin(), texts[i].end());
  }
  return {.ids = tensor(ids, kInt64).view({std::ssize(texts), static_cast<int64_t>(longest)}),
          .rows = tensor(rows, kInt64),
          .targets = tensor(targets, kInt64)};
}

GptClassifier train_classifier(Lesson& lesson, const nn::Gpt& model,
                               const text::Tokenizer& tokenizer, const SplitExamples& split,
                               ReadRow row, int64_t steps) {
  const GptClassifier classifier(gpt::copy_of(model), std::ssize(split.labels));
  optim::AdamW optimizer(classifier.parameters(), {.lr = 1e-3, .weight_decay = 0.1});
  ProgressBar progress(row == ReadRow::last ? "classifier" : "the first row", steps,
                       lesson.progress());
  while (progress.going()) {
    const LabelledBatch batch = labelled_batch(split, random_examples(split.train, 16), tokenizer,
                                               model.config.context_length, row);
    const Tensor loss = cross_entropy(classifier(batch.ids, batch.rows), batch.targets);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    progress.step(loss.item<double>(), batch.ids.numel());
  }
  if (progress.stopped()) throw Lesson::Leave{130};
  return classifier;
}

Tensor confusion(const GptClassifier& classifier, const text::Tokenizer& tokenizer,
                 const SplitExamples& split, const std::vector<Example>& examples, ReadRow row) {
  const NoGradGuard no_grad;
  const int64_t classes = std::ssize(split.labels);
  const Tensor counts = zeros({classes, classes}, kInt64);
  for (const Example& example : examples) {
    const LabelledBatch one =
        labelled_batch(split, {example}, tokenizer, classifier.gpt.config.context_length, row);
    const auto chosen = classifier(one.ids, one.rows).argmax(-1).item<int64_t>();
    ++counts.data<int64_t>()[split.class_of(example) * classes + chosen];
  }
  return counts;
}

Words printable_labels(const SplitExamples& split) {
  Words labels;
  for (const std::string& label : split.labels)
    labels.push_back(terminal::printable(label));
  return labels;
}

double accuracy_of(const Tensor& confusion) {
  double right = 0;
  for (int64_t i = 0; i < confusion.size(0); ++i)
    right += static_cast<double>(confusion[i][i].item<int64_t>());
  return right / static_cast<double>(confusion.sum().item<int64_t>());
}

}  // namespace gradus::lessons
