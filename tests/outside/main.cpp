#include <gradus.h>  // the other name
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
}
