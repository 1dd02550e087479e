#include "examples.h"

namespace gradus::api {

namespace {

struct Twice : autograd::Function<Twice> {
  static Tensor forward(autograd::AutogradContext* /*ctx*/, const Tensor& x) { return x * 2; }
  static autograd::tensor_list backward(autograd::AutogradContext* /*ctx*/,
                                        const autograd::tensor_list& dy) {
    return {dy[0] * 2};
  }
};

Tensor square_of_first(const std::vector<Tensor>& inputs) { return inputs[0] * inputs[0]; }

std::string names(const std::vector<autograd::GraphNode>& nodes) {
  std::string text;
  for (const autograd::GraphNode& node : nodes)
    text += (text.empty() ? "" : " ") + node.name;
  return text;
}

Group gradients() {
  return {"Gradients",
          {
              EXAMPLE("Tensor::requires_grad_", x.requires_grad_().requires_grad()),
              EXAMPLE("Tensor::set_requires_grad", w.set_requires_grad(false).requires_grad()),
              EXAMPLE("Tensor::requires_grad", (w * 2).requires_grad()),
              EXAMPLE_AFTER("Tensor::backward", w.grad(), (w * w).sum().backward();),
              EXAMPLE_AFTER("Tensor::grad", w.grad(), (w * 3).sum().backward();),
              EXAMPLE_AFTER("Tensor::mutable_grad", w.grad(), w.mutable_grad() = ones({3});),
              EXAMPLE_AFTER("Tensor::retain_grad", y.grad(), const Tensor y = w * 2;
                            y.retain_grad(); y.sum().backward();),
              EXAMPLE_AFTER("Tensor::retains_grad", y.retains_grad(), const Tensor y = w * 2;
                            y.retain_grad();),
              EXAMPLE_AFTER("Tensor::register_hook", w.grad(),
                            w.register_hook([](const Tensor& g) { return g * 10; });
                            w.sum().backward();),
              EXAMPLE_AFTER("Tensor::register_post_accumulate_grad_hook", w.grad().defined(),
                            w.register_post_accumulate_grad_hook(
                                [](const Tensor& leaf) { leaf.mutable_grad() = Tensor(); });
                            w.sum().backward();),
              EXAMPLE_AFTER("Tensor::remove_hook", w.grad(),
                            w.remove_hook(w.register_hook([](const Tensor& g) { return g * 10; }));
                            w.sum().backward();),
              EXAMPLE("Tensor::is_leaf", (w * 2).is_leaf()),
              EXAMPLE("Tensor::detach", (w * 2).detach().requires_grad()),
              EXAMPLE("Tensor::data", (w * 2).data().requires_grad()),
              EXAMPLE_AFTER("Tensor::set_data", w, w.set_data(zeros({3}));),
              EXAMPLE("autograd::grad", autograd::grad({(w * w).sum()}, {w})),
              EXAMPLE_AFTER("autograd::backward", w.grad(),
                            autograd::backward({w.sum(), (w * 2).sum()});),
              EXAMPLE("autograd::vjp", autograd::vjp(square_of_first, {w}, ones({3}))),
              EXAMPLE_AFTER("NoGradGuard", (w * 2).requires_grad(), const NoGradGuard no_grad;),
              EXAMPLE_AFTER("AutoGradMode", (w * 2).requires_grad(),
                            const AutoGradMode grad_mode(false);),
              EXAMPLE("is_grad_enabled", is_grad_enabled()),
              EXAMPLE_AFTER("set_grad_enabled", is_grad_enabled(), set_grad_enabled(true);),
          }};
}

Group own_ops() {
  return {
      "Ops of your own",
      {
          EXAMPLE("autograd::Function", Twice::apply(x)),
          EXAMPLE_AFTER("autograd::AutogradContext", w.grad(), Twice::apply(w).sum().backward();),
          EXAMPLE("autograd::SavedValue", autograd::SavedValue(2).toInt()),
          EXAMPLE("autograd::Variable", autograd::Variable(x).sum()),
          EXAMPLE("autograd::tensor_list", autograd::tensor_list{x, x}.size()),
          EXAMPLE("autograd::variable_list", autograd::variable_list{x, x}.size()),
          EXAMPLE("TensorList", cat(TensorList{x, x})),
          EXAMPLE("number_like", number_like("my_op", 2, x)),
      }};
}

Group checking() {
  return {
      "Checking gradients and layers",
      {
          EXAMPLE("gradcheck", gradcheck(square_of_first, {ones({2}, kFloat64).requires_grad_()})),
          EXAMPLE("gradgradcheck",
                  gradgradcheck(square_of_first, {ones({2}, kFloat64).requires_grad_()})),
          EXAMPLE("GradcheckOptions",
                  gradcheck(square_of_first, {ones({2}, kFloat64)}, {.eps = 1e-5})),
          EXAMPLE_AFTER("NamedInput", gradcheck([&] { return v * v; }, {NamedInput{"v", v}}),
                        const Tensor v = ones({2}, kFloat64).requires_grad_();),
          EXAMPLE_AFTER("TensorFunction", gradcheck(f, {ones({2}, kFloat64)}),
                        const TensorFunction f = square_of_first;),
          EXAMPLE_AFTER(
              "TensorListFunction", gradcheck(f, {ones({2}, kFloat64)}),
              const TensorListFunction f =
                  [](const std::vector<Tensor>& in) { return in[0].split(1); };),
          EXAMPLE_AFTER("expect_gradients", v.sizes(),
                        const Tensor v = ones({2}, kFloat64).requires_grad_();
                        expect_gradients([&] { return v * v; }, {{"v", v}});),
          EXAMPLE_AFTER("compare_gradients",
                        compare_gradients([&] { return v * v; }, {{"v", v}})[0].difference.wrong,
                        const Tensor v = ones({2}, kFloat64).requires_grad_();),
          EXAMPLE("GradientDifference", GradientDifference{"v", {}, 0}.difference.wrong),
          EXAMPLE("Difference", Difference().guess.empty()),
          EXAMPLE_AFTER("expect_causal", m.sizes(),
                        expect_causal([](const Tensor& y) { return y.cumsum(0); }, m);),
          EXAMPLE_AFTER("expect_rows_sum_to_one", m.sizes(),
                        expect_rows_sum_to_one(softmax(m, -1));),
          EXAMPLE_AFTER("expect_permutation_equivariant", m.sizes(),
                        expect_permutation_equivariant(nn::SimplifiedSelfAttention(), m);),
          EXAMPLE_AFTER("expect_depends_on", m.sizes(),
                        expect_depends_on([&] { return m.sum(); }, {{"m", m}});),
          EXAMPLE_AFTER("expect_cache_equal", m.sizes(), expect_cache_equal(exp, exp, m);),
          EXAMPLE("LayerFunction", LayerFunction(exp)(x)),
          EXAMPLE_AFTER(
              "Error", text, std::string text;
              try { x + m; } catch (const Error& error) { text = error.what(); }),
      }};
}

Group looking() {
  return {
      "Looking inside",
      {
          EXAMPLE("autograd::graph", names(autograd::graph((w * w).sum()))),
          EXAMPLE("autograd::GraphNode", autograd::graph(w * 2)[0].shape),
          EXAMPLE("autograd::node_id", autograd::node_id(x)),
          EXAMPLE_AFTER("Scope", autograd::graph(w * 2)[0].scope, const Scope scope("block0");),
          EXAMPLE_AFTER("autograd::Profile", profile.rows()[0].op, const autograd::Profile profile;
                        x.exp();),
          EXAMPLE_AFTER("autograd::OpLog", log.entries()[0].result, const autograd::OpLog log;
                        x.exp();),
          EXAMPLE_AFTER("autograd::DetectAnomalyGuard", (w * 2).sum(),
                        const autograd::DetectAnomalyGuard guard;),
          EXAMPLE("MemoryStats", memory_stats().in_use > 0),
          EXAMPLE("memory_stats", memory_stats().in_use > 0),
          EXAMPLE_AFTER("reset_peak_memory_stats", memory_stats().peak == memory_stats().in_use,
                        reset_peak_memory_stats();),
          EXAMPLE_AFTER("empty_cache", memory_stats().cached >= 0, empty_cache();),
      }};
}

}  // namespace

std::vector<Group> groups_of_gradients() { return {gradients(), own_ops(), checking(), looking()}; }

}  // namespace gradus::api
