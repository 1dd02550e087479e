// Encoder and decoders, teacher forcing, greedy and beam search.
#include "nn/encoder_decoder.h"

#include "check/gradcheck.h"
#include "nn/optim.h"
#include "tensor/random.h"
#include "tests/golden.h"

namespace gradus::encoder_decoder_test {
namespace {

using testing::error_of;
using testing::near;

const nn::EncoderDecoderConfig kSmall{.source_vocab_size = 7,
                                      .target_vocab_size = 6,
                                      .emb_dim = 4,
                                      .hidden_size = 6,
                                      .bidirectional = true};

/// Each of the three decoders over one encoder, and Luong's local variant.
template <class F>
void for_each_decoder(const F& f) {
  manual_seed(1);
  const nn::Encoder encoder(kSmall);
  f(encoder, nn::Decoder(kSmall));
  f(encoder, nn::BahdanauDecoder(kSmall));
  f(encoder, nn::LuongDecoder(kSmall));
  f(encoder, nn::LuongDecoder(kSmall, {.score = "concat", .window = 2}));
}

Tensor sources() { return tensor({{1, 2, 3, 4, 5}, {6, 5, 4, 0, 0}}); }
Tensor lengths() { return tensor({5, 3}); }
Tensor targets() { return tensor({{0, 2, 3, 4}, {0, 5, 1, 1}}); }

TEST(EncoderDecoder, PaddingChangesNothing) {
  for_each_decoder([](const nn::Encoder& encoder, const auto& decoder) {
    Tensor weights;
    Tensor alone_weights;
    const nn::Encoded encoded = encoder(sources(), lengths());
    const Tensor logits = teacher_forcing(decoder.begin(encoded), targets(), &weights);
    EXPECT_EQ(logits.sizes(), (Shape{2, 4, 6}));
    const nn::Encoded alone = encoder(sources().narrow(0, 1, 1).slice(1, 0, 3));
    const Tensor logits_alone =
        teacher_forcing(decoder.begin(alone), targets().narrow(0, 1, 1), &alone_weights);
    EXPECT_TRUE(near(logits.narrow(0, 1, 1), logits_alone.detach()));
    if (!weights.defined()) return;
    EXPECT_EQ(weights.sizes(), (Shape{2, 4, 5}));
    EXPECT_TRUE(near(weights.narrow(0, 1, 1).slice(2, 0, 3), alone_weights.detach()));
    EXPECT_TRUE(equal(weights[1].slice(1, 3).detach(), zeros({4, 2})));
  });
}

TEST(EncoderDecoder, OnlyAttentionReadsMoreThanTheLastState) {
  int decoders_with_attention = 0;
  for_each_decoder([&](const nn::Encoder& encoder, const auto& decoder) {
    nn::Encoded encoded = encoder(sources());
    const Tensor before = teacher_forcing(decoder.begin(encoded), targets()).detach();
    encoded.states = encoded.states * 2;
    if (!equal(teacher_forcing(decoder.begin(encoded), targets()).detach(), before))
      ++decoders_with_attention;
  });
  EXPECT_EQ(decoders_with_attention, 3);
}

TEST(EncoderDecoder, TeacherForcingIsCausal) {
  for_each_decoder([](const nn::Encoder& encoder, const auto& decoder) {
    const nn::Encoded encoded = encoder(sources(), lengths());
    const Tensor other = targets();
    other.select(1, 3).fill_(5);
    const Tensor a = teacher_forcing(decoder.begin(encoded), targets()).detach();
    const Tensor b = teacher_forcing(decoder.begin(encoded), other).detach();
    EXPECT_TRUE(equal(a.slice(1, 0, 3), b.slice(1, 0, 3)));
    EXPECT_FALSE(equal(a, b));
  });
}

TEST(EncoderDecoder, Gradients) {
  for_each_decoder([](const nn::Encoder& encoder, const auto& decoder) {
    encoder.to(kFloat64);
    decoder.to(kFloat64);
    std::vector<NamedInput> by;
    for (const nn::Module& module : std::vector<nn::Module>{encoder, decoder})
      for (const auto& [name, p] : module.named_parameters())
        by.push_back({name, p});
    const auto loss = [&] {
      const Tensor logits =
          teacher_forcing(decoder.begin(encoder(sources(), lengths())), targets());
      return cross_entropy(logits.flatten(0, 1), targets().flatten());
    };
    EXPECT_TRUE(gradcheck(loss, by));
    encoder.to(kFloat32);
  });
}

TEST(EncoderDecoder, LearnsToReverse) {
  manual_seed(2);
  const nn::EncoderDecoderConfig config{
      .source_vocab_size = 6, .target_vocab_size = 8, .emb_dim = 16, .hidden_size = 24};
  const nn::Encoder encoder(config);
  const nn::LuongDecoder decoder(config);
  std::vector<Tensor> parameters = encoder.parameters();
  for (const Tensor& p : decoder.parameters())
    parameters.push_back(p);
  optim::Adam optimizer(parameters, {.lr = 1e-2});
  const auto reversed = [](const Tensor& x) {
    TensorList columns;
    for (int64_t t = x.size(1); t-- > 0;)
      columns.push_back(x.select(1, t));
    return stack(columns, 1);
  };
  const auto column = [](int64_t B, int64_t word) { return full({B, 1}, word); };
  // The targets are the reversed sources between the words 6 (begin) and 7 (end).
  for (int step = 0; step < 150; ++step) {
    const Tensor x = randint(6, {32, 4});
    const Tensor ids = cat({column(32, 6), reversed(x), column(32, 7)}, 1);
    const Tensor logits = teacher_forcing(decoder.begin(encoder(x)), ids.narrow(1, 0, 5));
    optimizer.zero_grad();
    cross_entropy(logits.flatten(0, 1), ids.narrow(1, 1, 5).flatten()).backward();
    optimizer.step();
  }
  const Tensor x = randint(6, {64, 4});
  const Tensor found =
      greedy_search(decoder.begin(encoder(x)), 64, {.begin = 6, .end = 7, .max_length = 10});
  ASSERT_GE(found.size(1), 5);
  const Tensor expected = cat({reversed(x), column(64, 7)}, 1);
  EXPECT_GT((found.narrow(1, 0, 5) == expected).to(kFloat32).mean().item<float>(), 0.9);
}

TEST(Greedy, StopsAtTheEnd) {
  // A decoder that counts up from a first word of each sentence; its state is the next word.
  const auto counter = [](const Tensor& first) {
    return nn::DecoderStepper{
        {first}, [](const Tensor&, const TensorList& state) -> nn::StepOutput {
          return {one_hot(state[0].clamp(0, 9), 10).to(kFloat32), {state[0] + 1}, {}};
        }};
  };
  EXPECT_TRUE(equal(greedy_search(counter(tensor({3, 5})), 2, {.begin = 0, .end = 6}),
                    tensor({{3, 4, 5, 6}, {5, 6, 6, 6}})));
  EXPECT_TRUE(equal(greedy_search(counter(tensor({3})), 1, {.begin = 0, .end = 6, .max_length = 2}),
                    tensor({{3, 4}})));
  EXPECT_EQ(error_of([&] { greedy_search(counter(tensor({3})), 1, {.max_length = 0}); }),
            "greedy_search: max_length is 0, expected at least 1");
  EXPECT_EQ(error_of([&] {
              greedy_search(counter(tensor({3, 5})), 1, {});
            }),
            "greedy_search: 1 sentences, but 2 rows of logits");
}

TEST(Beam, WidthOneIsGreedy) {
  for_each_decoder([](const nn::Encoder& encoder, const auto& decoder) {
    const nn::SearchOptions options{.begin = 0, .end = 1, .max_length = 12, .width = 1};
    for (int64_t b = 0; b < 2; ++b) {
      const nn::Encoded encoded = encoder(sources().narrow(0, b, 1));
      const nn::Hypothesis found = beam_search(decoder.begin(encoded), options);
      EXPECT_TRUE(equal(tensor(found.ids), greedy_search(decoder.begin(encoded), 1, options)[0]));
      EXPECT_EQ(found.score, found.log_prob);
    }
  });
}

/// All sentences of at most options.max_length words from a vocabulary of V, best score first.
template <class Decoder>
std::vector<nn::Hypothesis> all_sentences(const Decoder& decoder, const nn::Encoded& encoded,
                                          const nn::SearchOptions& options, int64_t V) {
  const NoGradGuard no_grad;
  std::vector<nn::Hypothesis> all;
  const std::function<void(const std::vector<int64_t>&)> grow =
      [&](const std::vector<int64_t>& ids) {
        if (!ids.empty() && (ids.back() == options.end || std::ssize(ids) == options.max_length)) {
          std::vector<int64_t> given(ids);
          given.insert(given.begin(), options.begin);
          given.pop_back();
          const Tensor logits =
              teacher_forcing(decoder.begin(encoded), tensor(given).unsqueeze(0))[0];  // (T, V)
          const double log_prob =
              -cross_entropy(logits.to(kFloat64), tensor(ids), {.reduction = Reduction::Sum})
                   .item<double>();
          all.push_back(
              {ids, log_prob,
               log_prob / std::pow(static_cast<double>(ids.size()), options.length_penalty)});
          return;
        }
        for (int64_t word = 0; word < V; ++word) {
          std::vector<int64_t> longer(ids);
          longer.push_back(word);
          grow(longer);
        }
      };
  grow({});
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
  return all;
}

TEST(Beam, AsWideAsAllSentencesFindsTheLikeliest) {
  int greedy_misses = 0;
  for (uint64_t seed = 1; seed <= 6; ++seed)
    for (const double length_penalty : {0.0, 1.0}) {
      manual_seed(seed);
      const nn::EncoderDecoderConfig config{.source_vocab_size = 3,
                                            .target_vocab_size = 3,
                                            .emb_dim = 4,
                                            .hidden_size = 4,
                                            .bidirectional = true};
      const nn::Encoder encoder(config);
      const nn::LuongDecoder decoder(config);
      const nn::Encoded encoded = encoder(tensor({{0, 2, 1}}));
      nn::SearchOptions options{
          .begin = 0, .end = 1, .max_length = 4, .width = 81, .length_penalty = length_penalty};
      const std::vector<nn::Hypothesis> all = all_sentences(decoder, encoded, options, 3);
      ASSERT_EQ(all.size(), 1u + 2 + 4 + 24);
      const nn::Hypothesis best = beam_search(decoder.begin(encoded), options);
      EXPECT_EQ(best.ids, all[0].ids);
      EXPECT_NEAR(best.log_prob, all[0].log_prob, 1e-5);
      EXPECT_NEAR(best.score, all[0].score, 1e-5);
      options.width = 1;
      if (beam_search(decoder.begin(encoded), options).ids != all[0].ids) ++greedy_misses;
    }
  EXPECT_GT(greedy_misses, 0);  // so a beam is needed to find the best sentence
}

TEST(Beam, LengthPenaltyPrefersLongerSentences) {
  // After word 0, word 1 (the end) has probability 0.5 and word 2 has 0.4; after word 2 the end is
  // certain.
  const nn::DecoderStepper stepper{
      {}, [](const Tensor& words, const TensorList&) -> nn::StepOutput {
        const Tensor after_begin = log(tensor({0.1, 0.5, 0.4}));
        const Tensor after = log(tensor({1e-9, 1., 1e-9}));
        return {where((words == 0).unsqueeze(1), after_begin, after), {}, {}};
      }};
  const auto best = [&](double penalty) {
    return beam_search(
               stepper,
               {.begin = 0, .end = 1, .max_length = 5, .width = 3, .length_penalty = penalty})
        .ids;
  };
  EXPECT_EQ(best(0), (std::vector<int64_t>{1}));
  EXPECT_EQ(best(1), (std::vector<int64_t>{2, 1}));
}

TEST(Beam, Errors) {
  const nn::Encoder encoder(kSmall);
  const nn::Decoder decoder(kSmall);
  EXPECT_EQ(error_of([&] { beam_search(decoder.begin(encoder(sources())), {.max_length = 3}); }),
            "beam_search: 1 hypotheses, but 2 rows of logits; it takes one sentence at a time");
  EXPECT_EQ(
      error_of([&] { beam_search(decoder.begin(encoder(sources())), {.width = 0}); }),
      "beam_search: width is 0, max_length 100 and length_penalty 0, expected positive numbers");
  EXPECT_EQ(error_of([&] {
              teacher_forcing(decoder.begin(encoder(sources())), zeros({2, 0}, kInt64));
            }),
            "teacher_forcing: ids is [2, 0], expected at least one word");
  EXPECT_EQ(error_of([&] {
              encoder(sources(), tensor({5, 0}));
            }),
            "gru: lengths is tensor([5, 0]), expected numbers from 1 to 5");
  EXPECT_EQ(error_of([&] { encoder(tensor({1, 2})); }), "sizes<2>: the tensor is [2]");
}

}  // namespace
}  // namespace gradus::encoder_decoder_test
