// Random numbers after manual_seed, compared bit for bit. The float64 normal distribution uses the
// log, sin and cos of the C library, so it is compared within a tolerance.

#include "record.h"

namespace {

void rand_and_randn() {
  torch::manual_seed(123);
  ROW_EXACT(torch::rand({4}));
  ROW_EXACT(torch::rand({2, 3}));
  ROW_EXACT(torch::rand(std::vector<int64_t>{2, 2}));
  ROW_EXACT(torch::rand({3}, torch::kFloat64));
  ROW_EXACT(torch::rand({}));
  ROW_EXACT(torch::randn({5}));
  ROW_EXACT(torch::randn({2}));
  ROW_EXACT(torch::randn({16}));
  ROW_EXACT(torch::randn({6, 3}));
  ROW_EXACT(torch::randn({37}));
  ROW_EXACT(torch::randn(std::vector<int64_t>{2, 3}));
  ROW_EXACT(torch::randn({}));
  ROW(torch::randn({3}, torch::kFloat64));
  ROW(torch::randn({5, 4}, torch::kFloat64));
  ROW_EXACT(torch::rand_like(torch::zeros({2, 2})));
  ROW_EXACT(torch::rand_like(torch::zeros({3}, torch::kInt64), torch::kFloat32));
  ROW_EXACT(torch::randn_like(torch::zeros({2, 3})));
  ROW(torch::randn_like(torch::zeros({2, 3}), torch::kFloat64));
}

void whole_numbers() {
  torch::manual_seed(123);
  ROW(torch::randint(10, {8}));
  ROW(torch::randint(0, 10, {2, 3}));
  ROW(torch::randint(-5, 5, std::vector<int64_t>{7}));
  ROW(torch::randint(5, 6, {3}));
  ROW(torch::randint(0, 100, {3}, torch::kInt64));
  ROW_EXACT(torch::randint(0, 100, {3}, torch::kFloat32));
  ROW_EXACT(torch::randint(7, {3}, torch::kFloat64));
  ROW(torch::randint(0, int64_t{1} << 40, {3}));
  ROW(torch::randperm(9));
  ROW(torch::randperm(1));
  ROW(torch::randperm(0));
  ROW(torch::randperm(20, torch::kInt64));
  ROW(torch::randint(1000, {2}));
}

void seeds() {
  torch::manual_seed(0);
  ROW_EXACT(torch::rand({2}));
  torch::manual_seed((uint64_t{1} << 32) + 123);
  ROW_EXACT(torch::rand({3}));
  torch::manual_seed(123);
  torch::randn({1});
  torch::manual_seed(123);
  ROW_EXACT(torch::randn({3}));
}

void fill_in_place() {
  torch::manual_seed(123);
  const torch::Tensor x = torch::empty({5});
  const torch::Tensor d = torch::empty({3}, torch::kFloat64);
  const torch::Tensor wide = torch::empty({3, 7});
  ROW_EXACT(x.uniform_());
  ROW_EXACT(x.uniform_(-1, 1));
  ROW_EXACT(x.uniform_(0.25, 0.75));
  ROW_EXACT(d.uniform_(-1.0, 2.0));
  ROW_EXACT(x.normal_());
  ROW_EXACT(x.normal_(2.0, 0.5));
  ROW_EXACT(wide.normal_(0, 0.02));
  ROW(d.normal_(1, 3));
  ROW_EXACT(x.bernoulli_());
  ROW_EXACT(x.bernoulli_(0.9));
  ROW(torch::empty({6}, torch::kInt64).bernoulli_(0.3));
  ROW(torch::empty({6}, torch::kBool).bernoulli_(0.3));
  ROW_EXACT(torch::zeros({2, 3}).t().normal_());
  ROW_EXACT(torch::zeros({4, 4}).select(1, 2).uniform_());
}

void dropout() {
  torch::manual_seed(123);
  const torch::Tensor ones = torch::ones({6, 6});
  const torch::Tensor x = sample({3, 4});
  ROW_EXACT(torch::dropout(ones, 0.5, true));
  ROW_EXACT(torch::dropout(x, 0.1, true));
  ROW_EXACT(torch::dropout(x, 0.1, /*train=*/false));
  ROW_EXACT(torch::dropout(x, 0.0, true));
  ROW_EXACT(torch::dropout(x, 1.0, true));
  ROW_EXACT(torch::nn::functional::dropout(x));
  ROW_EXACT(torch::dropout(x.to(torch::kFloat64), 0.3, true));
  ROW_EXACT(torch::rand({2}));
}

void multinomial() {
  const torch::Tensor p = torch::tensor({0.1, 0.2, 0.05, 0.4, 0.25});
  const torch::Tensor rows = torch::tensor({{1.0, 2.0, 3.0}, {0.0, 5.0, 0.5}});
  torch::manual_seed(123);
  ROW(torch::multinomial(p, 1));
  ROW(torch::multinomial(p, 3));
  ROW(torch::multinomial(p, 2, false));
  ROW(p.multinomial(5));
  ROW(torch::multinomial(rows, 1));
  ROW(torch::multinomial(rows, 2));
  ROW(torch::multinomial(p, 12, true));
  ROW(torch::multinomial(rows, 4, /*replacement=*/true));
  ROW(torch::multinomial(p.to(torch::kFloat64), 2));
  ROW_EXACT(torch::rand({2}));
}

}  // namespace

void calls_random() {
  section("rand", rand_and_randn);
  section("randint", whole_numbers);
  section("manual_seed", seeds);
  section("uniform_", fill_in_place);
  section("dropout", dropout);
  section("multinomial", multinomial);
}
