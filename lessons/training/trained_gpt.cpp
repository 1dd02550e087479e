#include "lessons/training/trained_gpt.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "gpt/generate.h"
#include "gpt/sampling.h"
#include "gradus.h"
#include "lessons/training/heads.h"

namespace gradus::lessons {

std::string text_of(const TrainingText& text, const Tensor& ids) {
  const std::vector<double> values = values_of(ids);
  return text.letters.decode(std::vector<int64_t>(values.begin() + 1, values.end()));
}

std::string in_one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', '|');
  const auto both_spaces = [](char a, char b) { return a == ' ' && b == ' '; };
  text.erase(std::unique(text.begin(), text.end(), both_spaces), text.end());
  return terminal::printable(text);
}

void show_attention(Lesson& lesson, const nn::Gpt& model, const Tensor& windows,
                    const TrainingText& text) {
  const HeadsOfGpt heads = measure_heads(model, windows);
  const int64_t H = model.config.n_heads;
  std::string table = "  weight of the letter to the left, and mean distance\n\n         ";
  for (int64_t h = 0; h < H; ++h)
    table += fmt::format("{:>12}", fmt::format("head {}", h));
  for (int64_t l = 0; l < model.config.n_layers; ++l) {
    table += fmt::format("\n  layer {}", l);
    for (int64_t h = 0; h < H; ++h)
      table += fmt::format("  {:.2f} {:>5.1f}", heads.previous[l][h].item<double>(),
                           heads.distance[l][h].item<double>());
  }
  lesson.lines(table);
  lesson.say(
      "A head that gives all letters the same weight would have {:.2f} and {:.1f}. The pictures "
      "show two heads on the first letters of a window: the one with the largest weight on the "
      "letter to the left, and the one that looks farthest.",
      (1 / arange(2, model.config.context_length + 1).to(kFloat32)).mean().item<double>(),
      static_cast<double>(model.config.context_length) / 4);
  const int64_t shown = std::min<int64_t>(10, model.config.context_length);
  const NoGradGuard no_grad;
  const Tensor window = windows.narrow(0, 0, 1);
  std::vector<nn::AttentionTrace> traces;
  model(window, &traces);
  Words letters;
  for (int64_t i = 0; i < shown; ++i)
    letters.push_back(shown_letter(text.letters.decode(std::vector{window[0][i].item<int64_t>()})));
  const Tensor future = triu(ones({shown, shown}), 1).to(kBool);
  for (const Tensor& measure : {heads.previous, heads.distance}) {
    const int64_t best = measure.argmax().item<int64_t>();
    const Tensor weights = traces[static_cast<size_t>(best / H)].weights[0][best % H];
    lesson.heatmap(fmt::format("layer {}, head {}", best / H, best % H),
                   weights.narrow(0, 0, shown).narrow(1, 0, shown).masked_fill(future, -INFINITY),
                   letters, letters);
  }
}

void show_sampling_of_the_book(Lesson& lesson) {
  lesson.say(
      "The book's example (5.3): what comes after 'every effort moves you'? There are nine words, "
      "and a model gives each a logit. The probabilities are softmax(logits / temperature). A "
      "temperature below 1 makes likely words likelier; above 1 the probabilities become more "
      "similar.");
  const Words words{"closer", "every", "effort", "forward", "inches",
                    "moves",  "pizza", "toward", "you"};
  const Tensor logits = tensor({4.51, 0.89, -1.90, 6.75, 1.63, -1.62, -1.89, 6.28, 1.79});
  lesson.show_from_book("logits", logits, {.columns = words});
  for (const auto& [name, temperature] : {std::pair{"1", 1.0}, {"0.1", 0.1}, {"5", 5.0}}) {
    const Tensor p = gpt::next_token_probabilities(logits, temperature, 0, 1);
    lesson.show_from_book(
        fmt::format("probas_T{}", name), p,
        {.name = fmt::format("probabilities at temperature {}", name), .columns = words});
    lesson.bars(fmt::format("temperature {}", name), words, p);
  }
  lesson.say("Top-k keeps the k largest logits and sets the others to -inf. k = 3:");
  const auto [top, positions] = topk(logits, 3);
  lesson.show_from_book("top3_logits", top, {.name = "the 3 largest logits"});
  lesson.show_from_book("top3_positions", positions, {.name = "their positions"});
  const Tensor kept = gpt::keep_top_k(logits, 3);
  lesson.show_from_book("top3_masked_logits", kept,
                        {.name = "logits with the others at -inf", .columns = words});
  lesson.show_from_book("top3_probas", softmax(kept, -1),
                        {.name = "probabilities with top-k = 3", .columns = words});
  lesson.bars("top-k = 3", words, softmax(kept, -1));
  lesson.say(
      "Top-p keeps the likeliest words, as many as are needed for a total probability of p: few if "
      "the model is sure, and many if it is not. For p = 0.9, at temperature 1 and at temperature "
      "5:");
  for (const double temperature : {1.0, 5.0})
    lesson.bars(fmt::format("top-p = 0.9, temperature {:g}", temperature), words,
                gpt::next_token_probabilities(logits, temperature, 0, 0.9));
}

void show_sampling(Lesson& lesson, const nn::Gpt& model, const TrainingText& text) {
  lesson.say("Now the model of this lesson writes 60 letters with each of these choices:");
  const Tensor prompt = tensor(text.letters.encode(text.prompt)).unsqueeze(0);
  std::string table;
  for (const auto& [name, options] : std::vector<std::pair<std::string, gpt::GenerateOptions>>{
           {"always the likeliest", {}},
           {"temperature 0.5", {.do_sample = true, .temperature = 0.5}},
           {"temperature 1", {.do_sample = true}},
           {"temperature 2", {.do_sample = true, .temperature = 2}},
           {"temperature 2, top-k 5", {.do_sample = true, .temperature = 2, .top_k = 5}},
           {"temperature 1, top-p 0.9", {.do_sample = true, .top_p = 0.9}}}) {
    gpt::GenerateOptions sixty = options;
    sixty.max_new_tokens = 60;
    table += fmt::format("  {}:\n    {}\n", name,
                         in_one_line(text_of(text, gpt::generate(model, prompt, sixty))));
  }
  lesson.lines(table);
}

void show_cache(Lesson& lesson, const nn::Gpt& model, const TrainingText& text) {
  lesson.say(
      "To write the next letter, the model needs the keys and values of all letters so far. They "
      "do not change, since a letter sees only those to its left. So they can be kept in a cache, "
      "and each step computes one row instead of all rows.");
  const int64_t T = model.config.context_length;
  const Tensor ids = text.validation.narrow(0, 0, T).unsqueeze(0);  // (1, T)
  const NoGradGuard no_grad;
  std::vector<nn::KVCache> caches;
  std::vector<Tensor> rows;
  for (int64_t t = 0; t < T; ++t)
    rows.push_back(model(ids.narrow(1, t, 1), nullptr, {}, &caches));  // (1, 1, V)
  lesson.equal("letter by letter with the cache: the same logits", cat(rows, 1), model(ids), 1e-4);
  double seconds[2];
  for (const bool use_cache : {false, true}) {
    const auto start = std::chrono::steady_clock::now();
    gpt::generate(model, ids.narrow(1, 0, 1), {.max_new_tokens = T - 1, .use_cache = use_cache});
    seconds[use_cache] =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  lesson.say(
      "{} letters take {:.1f} ms without the cache and {:.1f} ms with it. For longer texts the "
      "difference is larger, since without the cache each step computes all letters so far again.",
      T - 1, 1000 * seconds[0], 1000 * seconds[1]);
}

}  // namespace gradus::lessons
