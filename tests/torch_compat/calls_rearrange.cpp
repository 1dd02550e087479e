// Copies in another order, and padding.

#include "record.h"

namespace {

void copies() {
  const torch::Tensor x = sample({2, 3});
  const torch::Tensor n = torch::tensor({{4, -5}, {0, 7}});
  const torch::Tensor one = torch::tensor(2.5);
  ROW(x.unbind());
  ROW(torch::unbind(x, 1));
  ROW(torch::unbind(torch::ones({2, 0}), -1));
  ROW(n.unbind(-1));
  ROW(x.tile({2}));
  ROW(torch::tile(x, {2, 1, 2}));
  ROW(x.tile({}));
  ROW(x.tile({0, 2}));
  ROW(one.tile({3}));
  ROW(n.t().tile({1, 2}));
  ROW(torch::roll(x, 1));
  ROW(x.roll(-7));
  ROW(x.roll(1, 0));
  ROW(x.roll(4, -1));
  ROW(x.roll({1, 2}, {0, 1}));
  ROW(x.roll({1, 1}, {1, 1}));
  ROW(x.t().roll(1, 0));
  ROW(n.roll({-1, 1}, {0, 1}));
  ROW((n > 0).roll(1));
  ROW(one.roll(1));
  ROW(torch::ones({0, 3}).roll(2, 1));
}

void repeats() {
  const torch::Tensor x = sample({2, 3});
  const torch::Tensor n = torch::tensor({1, 0, 2});
  ROW(torch::repeat_interleave(x, 2));
  ROW(x.repeat_interleave(2, 0));
  ROW(x.repeat_interleave(2, -1));
  ROW(x.repeat_interleave(0, 1));
  ROW(x.repeat_interleave(2, 0, 4));
  ROW(x.t().repeat_interleave(2, 1));
  ROW(torch::repeat_interleave(x, n, 1));
  ROW(x.repeat_interleave(n, 1, 3));
  ROW(x.repeat_interleave(torch::tensor({2}), 0));
  ROW(x.repeat_interleave(torch::tensor(2), 0));
  ROW(x.repeat_interleave(torch::tensor({1, 2, 0, 1, 0, 1})));
  ROW(torch::tensor(2.5).repeat_interleave(3));
  ROW((x > 0).repeat_interleave(n, 1));
  ROW(torch::repeat_interleave(n));
  ROW(torch::repeat_interleave(n, /*output_size=*/std::optional<int64_t>(3)));
  ROW(torch::ones({0, 2}).repeat_interleave(3, 0));
}

void constants() {
  const torch::Tensor x = sample({2, 3});
  const torch::Tensor n = torch::tensor({{4, -5}, {0, 7}});
  ROW(torch::pad(x, {1, 2}));
  ROW(torch::pad(x, {1, 2}, "constant", 0.5));
  ROW(torch::pad(x, {1, 0, 0, 2}, "constant", -infinity));
  ROW(torch::pad(x, {-1, 1}));
  ROW(torch::pad(x, {-1, -1, 1, -1}));
  ROW(torch::pad(x, {-3, 0}));
  ROW(torch::pad(x, {-3, 2}, "constant", 7));
  ROW(torch::pad(x, {}));
  ROW(torch::pad(n, {1, 1}));
  ROW(torch::pad(n, {1, 1}, "constant", 3));
  ROW(torch::pad(n > 0, {1, 1}, "constant", 1));
  ROW(torch::pad(n.t(), {0, 1, 1, 0}));
  ROW(torch::pad(torch::ones({0, 3}), {1, 1, 1, 1}, "constant", 2));
  ROW(torch::pad(torch::tensor(2.5), {}));
  ROW(torch::pad(sample({2, 1, 2, 2}), {1, 0, 0, 1, 1, 0, -1, 1}));
}

void modes() {
  const torch::Tensor x = sample({2, 3});
  const torch::Tensor y = sample({1, 3, 4});
  const torch::Tensor z = sample({1, 2, 2, 3, 2});
  const torch::Tensor n = torch::tensor({{4, -5, 1}, {0, 7, 2}});
  for (const std::string mode : {"reflect", "replicate", "circular"}) {
    ROW(torch::pad(x, {1, 2}, mode));
    ROW(torch::pad(x, {-1, 1}, mode));
    ROW(torch::pad(x, {1, -1}, mode));
    ROW(torch::pad(x, {-1, -1}, mode));
    ROW(torch::pad(x, {2, 0}, mode, 0));
    ROW(torch::pad(x.t(), {1, 0}, mode));
    ROW(torch::pad(n, {1, 1}, mode));
    ROW(torch::pad(y, {1, 2}, mode));
    ROW(torch::pad(y, {3, 2, 1, 2}, mode));
    ROW(torch::pad(y, {-2, 1, 1, -1}, mode));
    ROW(torch::pad(torch::stack({y, y * 2}), {1, 0, 0, 1}, mode));
    ROW(torch::pad(z, {1, 0, 0, 2, 1, 1}, mode));
    ROW(torch::pad(torch::ones({0, 2, 3}), {1, 1}, mode));
  }
  ROW(torch::pad(x, {7, 5}, "replicate"));
  ROW(torch::pad(x, {3, 3}, "circular"));
}

void rearranged_gradients() {
  const torch::Tensor n = torch::tensor({2, 0, 1});
  record_derivatives({
      {"unbind", [](const torch::Tensor& x) { return x.unbind(1)[2].pow(3); }},
      {"tile",
       [](const torch::Tensor& x) {
         return x.tile({2, 2, 1}).pow(3);
       }},
      {"roll",
       [](const torch::Tensor& x) {
         return x.roll({1, -1}, {0, 1}).pow(3) * x;
       }},
      {"repeat_interleave",
       [](const torch::Tensor& x) { return x.repeat_interleave(2, 1).pow(3); }},
      {"repeat_interleave of each",
       [=](const torch::Tensor& x) { return x.repeat_interleave(n, 1).pow(3); }},
      {"pad",
       [](const torch::Tensor& x) {
         return torch::pad(x, {-1, 2, 1, 0}, "constant", 2).pow(3);
       }},
      {"pad reflect",
       [](const torch::Tensor& x) {
         return torch::pad(x, {2, 1}, "reflect").pow(3);
       }},
      {"pad replicate",
       [](const torch::Tensor& x) {
         return torch::pad(x, {2, -1}, "replicate").pow(3);
       }},
      {"pad circular",
       [](const torch::Tensor& x) {
         return torch::pad(x, {2, 1}, "circular").pow(3);
       }},
  });
}

}  // namespace

void calls_rearrange() {
  section("copies in another order", copies);
  section("repeat_interleave", repeats);
  section("padding with constants", constants);
  section("other modes of padding", modes);
  section("gradients of copies", rearranged_gradients);
}
