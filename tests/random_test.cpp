// The generator and its uniform and normal numbers against PyTorch: every value, count and CRC-32
// that lessons/golden has of them.
#include "tensor/random.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <numbers>
#include <random>
#include <thread>
#include <vector>

#include "autograd/ops.h"
#include "tests/emulated.h"
#include "tests/expect_error.h"
#include "tests/random_support.h"

namespace gradus {
namespace {

TEST(Random, EngineIsMt19937) {
  Generator g(5489);
  uint32_t word = 0;
  for (int i = 0; i < 10000; ++i)
    word = g.word();
  EXPECT_EQ(word, 4123659995U);

  Generator seeded(123);
  for (const uint32_t expected : golden_data<uint32_t>("99_generator", "first_words"))
    EXPECT_EQ(seeded.word(), expected);
}

TEST(Random, SeedCountsByItsLow32Bits) {
  EXPECT_EQ(Generator(123).word(), Generator((uint64_t{1} << 32) + 123).word());
  EXPECT_EQ(Generator(static_cast<uint64_t>(-1)).word(), std::mt19937(0xFFFFFFFF)());
  EXPECT_EQ(Generator().word(), std::mt19937(static_cast<uint32_t>(67280421310721 & 0xFFFFFFFF))());
}

/// Draws from each distribution; an odd number of normal numbers leaves one cached.
std::vector<Tensor> draw_some() {
  return {rand({3}), randn({5}), randn({20}), randint(1000, {7}), randperm(9)};
}

TEST(Random, AStateIsRestoredCompletely) {
  for (const int words : {0, 1, 622, 623, 624, 625, 2000}) {
    manual_seed(5);
    rand({words});
    for (const bool cached : {false, true}) {
      if (cached) randn({1});
      const Tensor state = get_rng_state();
      EXPECT_EQ(state.sizes(), (Shape{627}));
      EXPECT_EQ(state[1].item<int64_t>(), cached);
      const std::vector<Tensor> first = draw_some();
      rand({1000});
      set_rng_state(stack({zeros_like(state), state}, 1).select(1, 1));  // strided
      const std::vector<Tensor> again = draw_some();
      for (size_t i = 0; i < first.size(); ++i)
        EXPECT_TRUE(equal(first[i], again[i])) << words << " " << i;
      set_rng_state(state);
      EXPECT_TRUE(equal(get_rng_state(), state));
    }
  }
}

TEST(Random, AWrongStateChangesNothing) {
  manual_seed(1);
  const Tensor state = get_rng_state();
  expect_error([] { set_rng_state(Tensor()); }, "set_rng_state: the state is undefined");
  expect_error([] { set_rng_state(zeros(5056, kInt64)); },
               "set_rng_state: the state is [5056] int64, expected [627] int64, as get_rng_state "
               "returns it");
  expect_error([&] { set_rng_state(state.to(kFloat64)); },
               "set_rng_state: the state is [627] float64, expected [627] int64, as get_rng_state "
               "returns it");
  const int64_t nan = std::bit_cast<int64_t>(static_cast<double>(NAN));
  const std::vector<std::pair<int64_t, int64_t>> wrong{{0, -1},  {0, 625}, {1, 2},
                                                       {2, nan}, {3, -1},  {626, int64_t{1} << 32}};
  for (const auto& [at, value] : wrong) {
    const Tensor changed = state.clone();
    changed[at].fill_(value);
    expect_error([&] { set_rng_state(changed); },
                 "set_rng_state: these numbers are not the state of a generator");
    EXPECT_TRUE(equal(get_rng_state(), state));
  }
}

TEST(Random, WordsComeInOrderWhicheverWayTheyAreTaken) {
  Generator one(7);
  Generator other(7);
  std::vector<uint32_t> taken;
  for (int64_t most = 1; taken.size() < 3000; most = most * 3 % 1009 + 1) {
    const auto words = one.words(most);
    ASSERT_GE(words.size(), 1U);
    ASSERT_LE(words.size(), static_cast<size_t>(most));
    taken.insert(taken.end(), words.begin(), words.end());
    taken.push_back(one.word());
  }
  for (const uint32_t word : taken)
    ASSERT_EQ(word, other.word());
}

TEST(Random, Random64TakesTheHighHalfFirst) {
  EXPECT_EQ(Generator(123).random64(), uint64_t{2991312382} << 32 | 3062119789);
}

TEST(Random, Uniform) {
  const auto uniform = [](int64_t n) { return draw<float>(n, fill_uniform<float>, 0.0, 1.0); };
  EXPECT_EQ(uniform(16), golden_data<float>("99_generator", "rand_16"));
  expect_long("99_generator", "rand_1e6", uniform(1000000));
  expect_long("05_gpt_block", "block_768/input", uniform(2 * 4 * 768));
  EXPECT_EQ(draw<double>(2, fill_uniform<double>, 0.0, 1.0),
            (std::vector{0.368895870664273, 0.013365949855291825}));
}

TEST(Random, UniformBetweenBoundsRoundsOnce) {
  const double bound = 1 / std::sqrt(3.0);
  EXPECT_EQ(draw<float>(6, fill_uniform<float>, -bound, bound),
            (std::vector{-0.235429645f, 0.0191244762f, -0.286745936f, 0.217726618f, -0.49193421f,
                         0.423223078f}));
  expect_long("99_generator", "uniform_pm_0.57735_1e5",
              draw<float>(100000, fill_uniform<float>, -0.57735, 0.57735));
  EXPECT_EQ(draw<double>(1, fill_uniform<double>, -1.0, 2.0)[0],
            std::fma(0.368895870664273, 3.0, -1.0));
}

TEST(Random, NormalsFewerThan16ArePairs) {
  EXPECT_EQ(normals<float>(15), golden_data<float>("99_generator", "randn_15"));
  EXPECT_EQ(normals<float>(5),
            (std::vector{-0.111467116f, 0.120362945f, -0.369634509f, -0.240417972f, -1.19692433f}));
}

TEST(Random, NormalsFrom16OnAreBlocks) {
  EXPECT_EQ(normals<float>(16), golden_data<float>("99_generator", "randn_16"));
  EXPECT_EQ(normals<float>(17), golden_data<float>("99_generator", "randn_17"));
  EXPECT_EQ(normals<float>(18), golden_data<float>("00_embedding", "weight"));
  expect_long("99_generator", "randn_1e6", normals<float>(1000000));
  expect_long("99_generator", "randn_1000003", normals<float>(1000003));
}

TEST(Random, BlocksInFloat64AreBoxMullerOverTheTwoHalves) {
  const auto u = draw<double>(16, fill_uniform<double>, 0.0, 1.0);
  const auto x = draw<double>(16, fill_normal<double>, 1.5, 0.25);
  for (size_t j = 0; j < 8; ++j) {
    const double radius = std::sqrt(-2 * std::log(1 - u[j]));
    const double angle = 2 * std::numbers::pi * u[j + 8];
    EXPECT_EQ(x[j], std::fma(radius * std::cos(angle), 0.25, 1.5));
    EXPECT_EQ(x[j + 8], std::fma(radius * std::sin(angle), 0.25, 1.5));
  }
}

TEST(Random, BlocksInFloat32AreNormalsOfTheUniforms) {
  const auto u = draw<float>(1600, fill_uniform<float>, 0.0, 1.0);
  const auto x = draw<float>(1600, fill_normal<float>, 1.0, 2.0);
  for (size_t i = 0; i < 1600; ++i) {
    const size_t j = i % 16 < 8 ? i : i - 8;
    const double radius = std::sqrt(-2 * std::log(1 - double{u[j]}));
    const double angle = 2 * std::numbers::pi * double{u[j + 8]};
    EXPECT_NEAR(x[i], 1 + 2 * radius * (i == j ? std::cos(angle) : std::sin(angle)), 1e-5);
  }
}

// The embeddings and the head of the book's 124M model, one after the other from one generator.
TEST(Random, WholeModelsWeights) {
  if (emulated()) GTEST_SKIP() << "draws 78 million numbers; the other tests here draw a million";
  Generator g(123);
  std::vector<float> x(50257 * 768);
  fill_normal(g, x.data(), std::ssize(x), 0, 1);
  EXPECT_EQ(crc32(x), 773055587U);
  expect_long("06_gpt_model", "dummy/tok_emb_weight", x);
  x.resize(1024 * 768);
  fill_normal(g, x.data(), std::ssize(x), 0, 1);
  expect_long("06_gpt_model", "dummy/pos_emb_weight", x);
  x.resize(50257 * 768);
  const double bound = 1 / std::sqrt(768.0);
  fill_uniform(g, x.data(), std::ssize(x), -bound, bound);
  expect_long("06_gpt_model", "dummy/out_head_weight", x);
}

TEST(Random, CachedNormalLivesUntilTheNextSeed) {
  const std::vector<float> pairs = normals<float>(15);
  Generator g(123);
  float x[5];
  float y;
  double u[32];
  fill_normal(g, x, 5, 0, 1);
  expect_words_used(g, 12);
  fill_uniform(g, u, 3, 0, 1);
  fill_normal(g, u, 32, 0, 1);  // neither touches the cache
  Generator copy = g;
  fill_normal(g, &y, 1, 0, 1);
  EXPECT_EQ(y, pairs[5]);
  fill_normal(copy, u, 1, 0, 1);  // the cache serves float64 as well
  EXPECT_EQ(static_cast<float>(u[0]), pairs[5]);

  g.manual_seed(123);
  fill_normal(g, x, 1, 0, 1);
  g.manual_seed(123);
  fill_normal(g, &y, 1, 0, 1);
  EXPECT_EQ(y, pairs[0]);
}

TEST(Random, PairsServeManyNumbersToo) {
  const auto many = draw<float>(40, fill_normal_pairs<float>, 0.0, 1.0);
  const auto few = normals<float>(15);
  EXPECT_EQ(std::vector<float>(many.begin(), many.begin() + 15), few);
  const auto moved = draw<float>(15, fill_normal_pairs<float>, 3.0, 0.5);
  for (size_t i = 0; i < 15; ++i)
    EXPECT_NEAR(moved[i], 3 + 0.5 * few[i], 1e-6);
}

TEST(Random, CopiesAreSavedStates) {
  Generator g(99);
  double warm_up[701];
  fill_uniform(g, warm_up, 701, 0, 1);
  fill_normal(g, warm_up, 3, 0, 1);
  const Generator saved = g;
  const auto next = [&g] {
    std::vector<double> x(2000);
    fill_normal(g, x.data(), 7, 0, 1);
    fill_uniform(g, x.data() + 7, 1993, 0, 1);
    return x;
  };
  const auto first = next();
  const auto second = next();
  EXPECT_NE(first, second);
  g = saved;
  EXPECT_EQ(next(), first);
  EXPECT_EQ(next(), second);
}

TEST(Random, WordsUsed) {
  std::vector<float> f(100);
  std::vector<double> d(100);
  std::vector<int64_t> i(100);
  const std::vector<float> p(9, 0.1f);
  const std::pair<unsigned long long, std::function<void(Generator&)>> cases[] = {
      {100, [&](Generator& g) { fill_uniform(g, f.data(), 100, -1, 1); }},
      {200, [&](Generator& g) { fill_uniform(g, d.data(), 100, -1, 1); }},
      {96, [&](Generator& g) { fill_normal(g, f.data(), 96, 0, 1); }},
      {116, [&](Generator& g) { fill_normal(g, f.data(), 100, 0, 1); }},
      {34, [&](Generator& g) { fill_normal(g, f.data(), 18, 0, 1); }},
      {232, [&](Generator& g) { fill_normal(g, d.data(), 100, 0, 1); }},
      {32, [&](Generator& g) { fill_normal(g, f.data(), 15, 0, 1); }},
      {200, [&](Generator& g) { fill_exponential(g, f.data(), 100); }},
      {200, [&](Generator& g) { fill_bernoulli(g, f.data(), 100, 0.5); }},
      {9, [&](Generator& g) { fill_bernoulli_each(g, f.data(), p.data(), 9); }},
      {200, [&](Generator& g) { dropout_mask(g, f.data(), 100, 0.5); }},
      {0, [&](Generator& g) { dropout_mask(g, f.data(), 100, 0.0); }},
      {0, [&](Generator& g) { dropout_mask(g, f.data(), 100, 1.0); }},
      {100, [&](Generator& g) { fill_randint(g, i.data(), 100, 0, int64_t{1} << 31); }},
      {200, [&](Generator& g) { fill_randint(g, i.data(), 100, 0, int64_t{1} << 32); }},
      {200, [&](Generator& g) { fill_random(g, i.data(), 100); }},
      {99, [&](Generator& g) { randperm(g, i.data(), 100); }},
      {18, [&](Generator& g) { multinomial(g, p.data(), 9, 4, false, i.data()); }},
      {18, [&](Generator& g) { multinomial(g, p.data(), 9, 1, true, i.data()); }},
      {8, [&](Generator& g) { multinomial(g, p.data(), 9, 4, true, i.data()); }},
  };
  for (size_t k = 0; k < std::size(cases); ++k) {
    SCOPED_TRACE(k);
    Generator g(123);
    cases[k].second(g);
    expect_words_used(g, cases[k].first);
  }
}

TEST(Random, NoNumbersUseNoWords) {
  Generator g(123);
  float* const f = nullptr;
  double* const d = nullptr;
  int64_t* const i = nullptr;
  fill_uniform(g, f, 0, 0, 1);
  fill_uniform(g, d, 0, 0, 1);
  fill_normal(g, f, 0, 0, 1);
  fill_normal_pairs(g, d, 0, 0, 1);
  fill_exponential(g, f, 0);
  fill_bernoulli(g, f, 0, 0.5);
  fill_bernoulli_each(g, f, f, 0);
  for (const DropoutStyle style : {DropoutStyle::mkl, DropoutStyle::book}) {
    set_dropout_style(style);
    dropout_mask(g, d, 0, 0.5);
  }
  fill_randint(g, i, 0, 0, 10);
  fill_random(g, i, 0);
  randperm(g, i, 0);
  expect_words_used(g, 0);
}

TEST(Random, ThreadsShareTheDefaultGenerator) {
  if (emulated()) GTEST_SKIP() << "qemu-user 7.2 can hang in std::thread::join";
  manual_seed(123);
  std::vector<std::vector<uint32_t>> drawn(4);
  std::vector<std::thread> threads;
  for (auto& words : drawn) {
    threads.emplace_back([&words] {
      for (int i = 0; i < 1000; ++i) {
        const std::lock_guard lock(generator_mutex());
        words.push_back(default_generator().word());
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  std::vector<uint32_t> all;
  std::vector<uint32_t> expected(4000);
  for (const auto& words : drawn)
    all.insert(all.end(), words.begin(), words.end());
  std::mt19937 reference(123);
  std::generate(expected.begin(), expected.end(), std::ref(reference));
  std::sort(all.begin(), all.end());
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(all, expected);
}

}  // namespace
}  // namespace gradus
