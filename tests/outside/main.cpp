#include <gradus.h>  // the other name
#include <gradus/distributed/data_parallel.h>
#include <gradus/distributed/gradient_sum.h>
#include <gradus/distributed/sampler.h>
#include <gradus/distributed/zero_redundancy_optimizer.h>
#include <gradus/gradus.h>
#include <gradus/page/show.h>

#include <cstdio>

int main() {
  using namespace gradus;
  const Tensor x = tensor({1.0, 2.0, 3.0}, kFloat64).requires_grad_();
  (x * x).sum().backward();
  std::printf("%g %g %g\n", x.grad()[0].item<double>(), x.grad()[1].item<double>(),
              x.grad()[2].item<double>());
  page::show(x.grad(), "outside.html");
  if (distributed::is_initialized()) return 1;
  const distributed::GradientSum sum({x}, /*micro_batches=*/2);
  return sum.end() == 2 ? 0 : 1;
}
