// Lesson 10: a GPT on one page, which makes up first names. Its numbers are those of A. Karpathy's
// microgpt (February 2026), whose 200 lines of Python also have gradients and the optimiser Adam.
#include "gradus.h"
#include "lessons/kit/python_random.h"
#include "lessons/one_page/explanation.h"
#include "lessons/one_page/names.h"
#include "text/char_tokenizer.h"

using namespace gradus;
using namespace gradus::lessons;
using text::CharTokenizer;

namespace {

const About about{
    .number = 10,
    .title = "A GPT on one page",
    .builds = "a GPT that makes up first names",
    .seconds = 1,
    .goals = {"write a GPT with its training and its sampling from memory",
              "say what a loss of 3.37 means, and what the loss of a model is that knows nothing",
              "follow a token through the model, and say what each part adds to its vector"},
    .question = "lessons 01 to 09 built the parts. How long is a program for a GPT that learns?",
    .options = {"seed", "text"},
    .own_text = "A file to learn from, with one word in each line",
};

constexpr int64_t C = 16;        // the size of an embedding
constexpr int64_t H = 4;         // attention heads
constexpr int64_t T_max = 16;    // the context length: how many tokens the model sees at most
constexpr int64_t steps = 1000;  // training steps

/// x / sqrt(mean(x^2) + 1e-5): like layer norm, but without the mean and without parameters.
Tensor rms_norm(const Tensor& x) { return x * pow((x * x).mean(-1, true) + 1e-5, -0.5); }

/// The model: token ids (T) -> logits of the token after each of them (T, V).
struct MicroGpt : nn::Layer<MicroGpt> {
  const Tensor wte, wpe, lm_head;  // embeddings of tokens and positions, the output layer
  const Tensor wq, wk, wv, wo;     // attention: queries, keys, values, output
  const Tensor fc1, fc2;           // the feed-forward part
  MicroGpt(int64_t V, PythonRandom& random)
      : wte(matrix("wte", V, C, random)),
        wpe(matrix("wpe", T_max, C, random)),
        lm_head(matrix("lm_head", V, C, random)),
        wq(matrix("wq", C, C, random)),
        wk(matrix("wk", C, C, random)),
        wv(matrix("wv", C, C, random)),
        wo(matrix("wo", C, C, random)),
        fc1(matrix("fc1", 4 * C, C, random)),
        fc2(matrix("fc2", C, 4 * C, random)) {}

  Tensor forward(const Tensor& ids) const {
    const auto [x, a, f] = added(ids);
    return linear(x + a + f, lm_head);
  }
  /// What each part adds to the residual stream, (T, C) each. A part reads the sum so far.
  std::array<Tensor, 3> added(const Tensor& ids) const {
    const Tensor x = embed(ids);
    const Tensor a = attention(rms_norm(x));       // tokens take from those to their left
    return {x, a, feed_forward(rms_norm(x + a))};  // then each token by itself
  }
  Tensor embed(const Tensor& ids) const {
    return rms_norm(embedding(wte, ids) + wpe.narrow(0, 0, ids.numel()));
  }
  Tensor attention(const Tensor& x) const {
    const auto heads = [&x](const Tensor& w) {
      return linear(x, w).view({-1, H, C / H}).transpose(0, 1);  // (H, T, D)
    };
    const Tensor context = scaled_dot_product_attention(heads(wq), heads(wk), heads(wv), {},
                                                        /*dropout_p=*/0, /*is_causal=*/true);
    return linear(context.transpose(0, 1).reshape({-1, C}), wo);  // (T, C)
  }
  Tensor feed_forward(const Tensor& x) const { return linear(relu(linear(x, fc1)), fc2); }

 private:
  Tensor matrix(const char* name, int64_t rows, int64_t columns, PythonRandom& random) {
    std::vector<double> values(static_cast<size_t>(rows * columns));
    for (double& value : values)
      value = random.gauss(0, 0.08);
    return register_parameter(name, tensor(values, kFloat64).view({rows, columns}));
  }
};

/// Sampling: draw the next token from the probabilities, again and again, until the name ends.
std::string sample(const MicroGpt& model, const CharTokenizer& letters, PythonRandom& random) {
  constexpr double temperature = 0.5;  // below 1: likely letters become likelier
  const NoGradGuard no_grad;
  const int64_t BOS = letters.vocab_size();
  std::vector<int64_t> ids{BOS};
  while (std::ssize(ids) <= T_max) {
    const Tensor logits = model(tensor(ids))[-1];  // (V)
    const int64_t next = random.choices(values_of(softmax(logits / temperature, -1)));
    if (next == BOS) break;
    ids.push_back(next);
  }
  return letters.decode(std::span(ids).subspan(1));
}

void gpt_on_one_page(Lesson& lesson) {
  // Data: a list of names in random order.
  PythonRandom random(static_cast<int64_t>(lesson.seed(42)));
  Names names = names_of(lesson);
  introduce(lesson, names, T_max);
  random.shuffle(names.words);
  lesson.line("num docs: {}", names.words.size());

  // Tokens: each letter has a number. One more token, BOS, is before and after every name.
  const CharTokenizer letters(fmt::format("{}", fmt::join(names.words, "")));
  const int64_t BOS = letters.vocab_size();
  lesson.line("vocab size: {}", BOS + 1);

  // Model: its matrices are random, so it knows nothing yet.
  const MicroGpt model(BOS + 1, random);
  lesson.line("num params: {}", parameter_count(model));

  // Training: predict every next letter of one name, and change the matrices so that this name
  // would have been predicted a little better.
  optim::Adam optimizer(model.parameters(), {.lr = 0.01, .betas = {0.85, 0.99}});
  Run run{.names = names};
  for (int64_t step = 0; step < steps; ++step) {
    PythonRandom copy = random;
    for (int i = 0; i < 5 && (step == 0 || step == 100); ++i)
      run.made_up[step].push_back(sample(model, letters, copy));
    const std::string& name = names.words[static_cast<size_t>(step) % names.words.size()];
    std::vector<int64_t> ids = letters.encode(name);
    ids.insert(ids.begin(), BOS);
    ids.push_back(BOS);
    const int64_t T = std::min<int64_t>(T_max, std::ssize(ids) - 1);
    const Tensor x = tensor(ids).narrow(0, 0, T);
    const Tensor next = tensor(ids).narrow(0, 1, T);  // the targets: the inputs, moved by one
    const Tensor loss = cross_entropy(model(x), next);
    optimizer.zero_grad();
    loss.backward();
    optimizer.set_lr(0.01 * (1 - static_cast<double>(step) / steps));
    optimizer.step();
    run.losses.push_back(loss.item<double>());
    lesson.redrawn("step {:4} / {:4} | loss {:.4f}", step + 1, steps, run.losses.back());
  }

  lesson.line("\n--- inference (new, hallucinated names) ---");
  for (int64_t i = 1; i <= 20; ++i) {
    run.made_up[steps].push_back(sample(model, letters, random));
    lesson.line("sample {:2}: {}", i, run.made_up[steps].back());
  }
  explain(lesson, run, letters, model.lm_head, [&](const Tensor& ids) { return model.added(ids); });
}

}  // namespace

int main(int argc, char** argv) { return run_lesson(argc, argv, about, gpt_on_one_page); }
