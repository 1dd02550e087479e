// The tiny ops with libtorch, because calls from Python would not be fair. The same work as
// tiny_case in cases_op.cpp.
#include <torch/torch.h>
#include <torch/version.h>

#include "tests/bench/protocol.h"

namespace bench {
namespace {

using torch::Tensor;

Case mlp_step() {
  struct State {
    torch::nn::Sequential model{torch::nn::Linear(3, 16), torch::nn::Tanh(),
                                torch::nn::Linear(16, 16), torch::nn::Tanh(),
                                torch::nn::Linear(16, 1)};
    Tensor x = torch::randn({6, 3}), y = torch::randn({6, 1});
    torch::optim::AdamW optimizer{model->parameters(), torch::optim::AdamWOptions(1e-3)};
  };
  const auto s = std::make_shared<State>();
  return {[=] {
    s->optimizer.zero_grad();
    torch::mse_loss(s->model->forward(s->x), s->y).backward();
    s->optimizer.step();
  }};
}

Case tiny_case(const std::string& row) {
  const std::string name = row.substr(row.find('/') + 1);
  if (name == "mlp") return mlp_step();
  const std::string op = name.substr(0, name.find('/')), kind = name.substr(op.size() + 1);
  const Tensor x = torch::randn({6, 3}), b = torch::randn({6, 3}),
               w = torch::randn({3, kind == "backward" ? 3 : 2});
  std::function<Tensor(const Tensor&)> apply;
  if (op == "add") apply = [=](const Tensor& in) { return in + b; };
  if (op == "matmul") apply = [=](const Tensor& in) { return torch::matmul(in, w); };
  if (op == "softmax") apply = [](const Tensor& in) { return torch::softmax(in, -1); };
  if (!apply) throw std::runtime_error("no row " + row);
  if (kind == "plain")
    return {[=] {
      const torch::NoGradGuard no_grad;
      apply(x);
    }};
  for (const Tensor& leaf : {x, b, w})
    leaf.requires_grad_();
  if (kind == "graph") return {[=] { apply(x); }};
  constexpr int length = 1000;
  const auto y = std::make_shared<Tensor>();
  return {[=] {
            y->backward(torch::ones_like(*y));
            *y = Tensor();
          },
          [=] {
            *y = x;
            for (int i = 0; i < length; ++i)
              *y = apply(*y);
          },
          length};
}

}  // namespace
}  // namespace bench

int main() {
  std::string current;
  bench::Case work;
  return bench::serve("libtorch " TORCH_VERSION,
                      [&](const std::string& row, int threads, double seconds) {
                        torch::set_num_threads(threads);
                        if (row != current) {
                          work = bench::tiny_case(row);
                          if (work.prepare) work.prepare();
                          work.run();
                          current = row;
                        }
                        return bench::best_time(work, seconds);
                      });
}
