// Every row of the table of ops through every check.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "autograd/engine.h"
#include "autograd/graph.h"
#include "check/gradcheck.h"
#include "tensor/strided.h"
#include "tests/ops_table.h"

namespace gradus::tests {
namespace {

/// Copies of a row's inputs; the floating-point ones need gradients.
Tensors leaves(const Tensors& inputs) {
  Tensors copies;
  for (const Tensor& x : inputs) {
    copies.push_back(x.detach().clone());
    if (x.is_floating_point()) copies.back().requires_grad_();
  }
  return copies;
}
Tensors floating_point(const Tensors& inputs) {
  Tensors list;
  for (const Tensor& x : inputs)
    if (x.is_floating_point()) list.push_back(x);
  return list;
}
bool is_differentiable(const Row& row) { return row.f(leaves(row.inputs)).requires_grad(); }

/// Random numbers for dy: ones would hide that a softmax's gradients add up to zero.
Tensor cotangent(const Row& row, const Tensor& y) {
  if (row.is_kink()) return ones(y.sizes(), y.dtype());
  Generator g(4);
  const Tensor u = empty(y.sizes(), kFloat64);
  for (int64_t i = 0; i < u.numel(); ++i)
    u.data<double>()[i] = g.uniform<double>() - 0.5;
  return u.to(y.dtype());
}
Tensors gradients(const Row& row, const Tensors& inputs, bool create_graph = false) {
  const Tensor y = row.f(inputs);
  return autograd::grad({y}, floating_point(inputs), {cotangent(row, y)}, {}, create_graph,
                        /*allow_unused=*/true);
}

void expect_close(const Tensor& got, const Tensor& expected, double tolerance,
                  const std::string& what) {
  ASSERT_EQ(got.defined(), expected.defined()) << what;
  if (!got.defined()) return;
  ASSERT_EQ(got.sizes(), expected.sizes()) << what;
  ASSERT_EQ(got.dtype(), expected.dtype()) << what;
  EXPECT_TRUE(allclose(got.detach(), expected.detach(), tolerance, tolerance, true))
      << what << "\n"
      << got << expected;
}
void expect_close(const Tensors& got, const Tensors& expected, double tolerance,
                  const std::string& what) {
  ASSERT_EQ(got.size(), expected.size()) << what;
  for (size_t i = 0; i < got.size(); ++i)
    expect_close(got[i], expected[i], tolerance,
                 fmt::format("{}, floating-point input {}", what, i));
}

/// Runs the check on every row, or only on those with gradients; a row that throws fails by itself.
enum class On { all, differentiable, smooth };
template <class Check>
void for_each_row(On which, const Check& check_row) {
  for (const Row& row : op_table()) {
    SCOPED_TRACE(row.name);
    try {
      if (which == On::smooth ? row.is_smooth : which == On::all || is_differentiable(row))
        check_row(row);
    } catch (const std::exception& error) {
      ADD_FAILURE() << error.what();
    }
  }
}

/// y's node and all that it was computed from.
std::vector<Node*> nodes_of(const Tensor& y) {
  std::vector<Node*> list{y.node().get()};
  for (size_t i = 0; i < list.size(); ++i)
    for (const Node::Edge& edge : list[i]->edges)
      if (edge.input && std::find(list.begin(), list.end(), edge.input.get()) == list.end())
        list.push_back(edge.input.get());
  return list;
}

TEST(Ops, NamesAreDistinct) {
  std::set<std::string> names;
  for (const Row& row : op_table())
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
}

TEST(Ops, FirstDerivatives) {
  for_each_row(On::differentiable, [](const Row& row) {
    if (row.is_kink())
      return expect_close(gradients(row, leaves(row.inputs)), row.kink_gradients, 1e-12,
                          "at the kink");
    EXPECT_TRUE(gradcheck(row.f, row.inputs));
  });
}

TEST(Ops, SecondDerivatives) {
  for_each_row(On::differentiable, [](const Row& row) {
    EXPECT_TRUE(row.is_kink() || gradgradcheck(row.f, row.inputs));
  });
}

TEST(Ops, ThirdDerivatives) {
  int rows = 0;
  for_each_row(On::smooth, [&](const Row& row) {
    ++rows;
    const auto gradient = [&row](const Tensors& x) {
      const AutoGradMode recording(true);
      const Tensor y = row.f(x);
      return autograd::grad({y}, {x[0]}, {cotangent(row, y)}, true, true)[0] * x[0];
    };
    EXPECT_TRUE(gradgradcheck(gradient, row.inputs));
  });
  EXPECT_GE(rows, 20);
}

TEST(Ops, RecordingTheGradientDoesNotChangeIt) {
  for_each_row(On::differentiable, [](const Row& row) {
    expect_close(gradients(row, leaves(row.inputs), true), gradients(row, leaves(row.inputs)), 1e-9,
                 "create_graph");
  });
}

/// The same numbers with other strides. Memory between them is NaN, or a large number.
Tensor with_layout(const Tensor& x, const std::string& layout) {
  const NoGradGuard no_grad;
  if (layout == "transposed")
    return x.dim() < 2 ? x.clone() : x.transpose(0, -1).contiguous().transpose(0, -1);
  if (layout == "expanded")
    return x.dim() == 0 || x.numel() == 0 ? x.clone() : x.narrow(0, 0, 1).clone().expand(x.sizes());
  Shape sizes = x.sizes();
  for (int64_t& size : sizes)
    size = 2 * size + 1;
  Tensor wide =
      x.is_floating_point() ? full(sizes, std::nan(""), x.dtype()) : full(sizes, 1, x.dtype());
  if (x.dtype() == kInt64) wide.fill_(1 << 20);
  for (int64_t d = 0; d < x.dim(); ++d)
    wide = wide.slice(d, 1, {}, 2);
  return wide.copy_(x);
}

TEST(Ops, AnyLayoutGivesTheSame) {
  for_each_row(On::all, [](const Row& row) {
    const bool has_gradient = is_differentiable(row);
    for (const std::string layout : {"transposed", "strided", "expanded"}) {
      // One input at a time gets the layout, and then all of them.
      for (size_t changed = 0; changed <= row.inputs.size(); ++changed) {
        Tensors contiguous_inputs;
        Tensors others;
        for (size_t i = 0; i < row.inputs.size(); ++i) {
          const bool here = i == changed || changed == row.inputs.size();
          others.push_back(here ? with_layout(row.inputs[i], layout) : row.inputs[i].clone());
          contiguous_inputs.push_back(others.back().contiguous().clone());
          if (!row.inputs[i].is_floating_point()) continue;
          others.back().requires_grad_();
          contiguous_inputs.back().requires_grad_();
        }
        const std::string what = fmt::format("{}, input {}", layout, changed);
        expect_close(row.f(others), row.f(contiguous_inputs), 1e-12, what);
        if (has_gradient)
          expect_close(gradients(row, others), gradients(row, contiguous_inputs), 1e-11, what);
      }
    }
  });
}

TEST(Ops, Float32IsCloseToFloat64) {
  for_each_row(On::all, [](const Row& row) {
    Tensors narrow_inputs;
    for (const Tensor& x : row.inputs)
      narrow_inputs.push_back(x.is_floating_point() ? x.to(kFloat32) : x);
    narrow_inputs = leaves(narrow_inputs);
    const Tensor y = row.f(leaves(row.inputs));
    const Tensor y32 = row.f(narrow_inputs);
    expect_close(y32.to(y.dtype()), y, 2e-5, "value");
    if (!y.requires_grad()) return;
    Tensors expected = gradients(row, leaves(row.inputs));
    Tensors got = gradients(row, narrow_inputs);
    for (Tensor& dx : got) {
      if (!dx.defined()) continue;
      EXPECT_EQ(dx.dtype(), kFloat32);
      dx = dx.to(kFloat64);
    }
    expect_close(got, expected, 5e-5, "gradient");
  });
}

TEST(Ops, NoNodeIsLeftAlive) {
  for_each_row(On::differentiable, [](const Row& row) {
    const int64_t before = autograd::live_nodes();
    {
      const Tensors inputs = leaves(row.inputs);
      const Tensor unused = row.f(inputs);
      gradients(row, inputs);
      gradients(row, inputs, true);
      const Tensor y = row.f(inputs);
      y.backward(cotangent(row, y), true, /*create_graph=*/true);
      for (const Tensor& x : inputs)
        if (x.requires_grad())
          x.mutable_grad() = Tensor();  // a recorded grad holds on to its leaf, as in PyTorch
    }
    EXPECT_EQ(autograd::live_nodes(), before);
  });
}

TEST(Ops, NothingIsRecordedUnderNoGradGuard) {
  for_each_row(On::all, [](const Row& row) {
    const Tensors inputs = leaves(row.inputs);
    const Tensor recorded = row.f(inputs);
    const int64_t before = autograd::live_nodes();
    const NoGradGuard no_grad;
    const Tensor y = row.f(inputs);
    EXPECT_EQ(autograd::live_nodes(), before);
    EXPECT_FALSE(y.requires_grad());
    expect_close(y, recorded, 0, "value");
  });
}

TEST(Ops, FusedOpsAreTheirDefinition) {
  int compared = 0;
  for_each_row(On::differentiable, [&](const Row& row) {
    const Tensor y = row.f(leaves(row.inputs));
    EXPECT_TRUE(!row.is_fused ||
                (y.node()->fused_backward && y.node()->fused_backward->definition));
    for (const Node* node : nodes_of(y)) {
      if (!node->fused_backward || !node->fused_backward->definition) continue;
      ++compared;
      Tensors inputs;
      for (const Saved& x : node->fused_backward->inputs)
        inputs.push_back(x());
      const Tensor defined = node->fused_backward->definition(inputs);
      ASSERT_EQ(defined.sizes(), node->shape) << node->name;
      if (row.is_fused) expect_close(y, defined, 1e-12, "value");
      std::vector<bool> needed;
      for (const Tensor& x : inputs)
        needed.push_back(needs_grad(x));
      const Tensor dy = cotangent(row, defined);
      const Tensors fast = node->fused_backward->function(dy, needed);
      const Tensors slow = autograd::vjp(node->fused_backward->definition, inputs, dy);
      for (size_t i = 0; i < needed.size(); ++i)
        if (needed[i])
          expect_close(fast[i], slow[i], 1e-11,
                       fmt::format("gradient of input {} of {}", i, node->name));
    }
  });
  EXPECT_GE(compared, 40);
}

TEST(Ops, GradientsAddUp) {
  std::set<std::string> adding;
  for_each_row(On::differentiable, [&](const Row& row) {
    const Tensors once = gradients(row, leaves(row.inputs));
    for (const bool transposed : {false, true}) {  // to an existing grad of a leaf
      const Tensors inputs = leaves(row.inputs);
      for (const Tensor& x : inputs) {
        if (!x.requires_grad()) continue;
        x.mutable_grad() =
            transposed ? with_layout(ones_like(x).detach(), "transposed") : ones_like(x).detach();
      }
      for (int i = 0; i < 2; ++i) {
        const Tensor y = row.f(inputs);
        y.backward(cotangent(row, y));
      }
      const Tensors leaf = floating_point(inputs);
      for (size_t i = 0; i < leaf.size(); ++i)
        expect_close(leaf[i].grad(), once[i].defined() ? once[i] * 2 + 1 : ones_like(leaf[i]),
                     1e-11, "added to the grad of a leaf");
    }
    const Tensors inputs = leaves(row.inputs);
    Tensors between;  // to the gradient of an intermediate tensor that is used twice
    for (const Tensor& x : inputs)
      between.push_back(x.requires_grad() ? x * 1 : x);
    const Tensor a = row.f(between);
    const Tensor b = row.f(between);
    for (const Node* node : nodes_of(a))
      for (const Node::Edge& edge : node->edges)
        if (edge.rule && edge.rule.can_add()) adding.insert(node->name);
    const Tensors twice = autograd::grad({a, b}, floating_point(inputs),
                                         {cotangent(row, a), cotangent(row, b)}, {}, false, true);
    for (size_t i = 0; i < once.size(); ++i)
      expect_close(twice[i], once[i].defined() ? once[i] * 2 : once[i], 1e-11, "added between");
  });
  EXPECT_EQ(adding,
            (std::set<std::string>{"diagonal", "embedding", "index", "index_select", "linear",
                                   "masked_select", "matmul", "select", "slice"}));
}

/// Overwrites a tensor that `choose` picks after the forward. backward must then give the same
/// gradient as before, or throw and name an op of the graph.
void expect_same_or_error(const Row& row, const std::string& what,
                          const std::function<Tensor(const Tensors& inputs, X y)>& choose,
                          const Tensors& expected) {
  for (const bool create_graph : {false, true}) {
    const Tensors inputs = leaves(row.inputs);
    const Tensor y = row.f(inputs);
    const Tensor u = cotangent(row, y);
    std::vector<std::string> names;
    for (const auto& node : autograd::graph(y))
      names.push_back("'" + node.name + "'");
    const Tensor overwritten = choose(inputs, y).detach();
    if (!has_internal_overlap(overwritten))
      overwritten.fill_(overwritten.dtype() == kBool ? Scalar(true) : Scalar(0));
    try {
      const Tensors got = autograd::grad({y}, floating_point(inputs), {u}, {}, create_graph, true);
      expect_close(got, expected, 1e-9,
                   fmt::format("{} overwritten, create_graph {}", what, create_graph));
    } catch (const Error& error) {
      const std::string message = error.what();
      EXPECT_NE(message.find("was changed in place since"), std::string::npos) << message;
      EXPECT_TRUE(std::any_of(names.begin(), names.end(), [&](auto& n) {
        return message.find(n) != std::string::npos;
      })) << message;
    }
  }
}

TEST(Ops, OverwritingIsHarmlessOrNoticed) {
  for_each_row(On::differentiable, [](const Row& row) {
    const Tensors expected = gradients(row, leaves(row.inputs));
    for (size_t i = 0; i < row.inputs.size(); ++i)
      expect_same_or_error(
          row, fmt::format("input {}", i), [i](const Tensors& in, X) { return in[i]; }, expected);
    expect_same_or_error(
        row, "the output", [](const Tensors&, X y) { return y; }, expected);
  });
}

/// What ops.h declares: each op with the number of its forms, and the lines that are not
/// understood.
struct Declarations {
  std::map<std::string, int> ops;
  std::vector<std::string> unknown;
};

/// The line starts with one of the words; they are removed from it.
bool remove_prefix(std::string& line, const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    if (line.rfind(word, 0) != 0) continue;
    line.erase(0, word.size());
    return true;
  }
  return false;
}

/// Reads a header whose declarations start at the first column. Every such line must be an op, an
/// operator's macro, or something of which the header says that it is none, so that no op is
/// missed.
Declarations read_declarations(std::istream& header) {
  const std::vector<std::string> results = {"Tensor ", "std::vector<Tensor> ",
                                            "std::tuple<Tensor, Tensor> "};
  const std::vector<std::string> other = {"//",
                                          "#",
                                          "}",
                                          "using ",
                                          "struct",
                                          "namespace ",
                                          "enum ",
                                          "template ",
                                          "Tensor number_like(",
                                          "inline constexpr Reduction::"};
  Declarations declarations;
  for (std::string line; std::getline(header, line);) {
    if (line.empty() || line[0] == ' ' || remove_prefix(line, other)) continue;
    if (remove_prefix(line, {"GRADUS_OPERATOR(", "GRADUS_COMPARISON("})) {
      ++declarations.ops["operator" + line.substr(0, line.find(','))];
      continue;
    }
    std::string op = line;
    remove_prefix(op, {"inline "});
    if (remove_prefix(op, results) && op.find('(') != op.npos)
      ++declarations.ops[op.substr(0, op.find('('))];
    else
      declarations.unknown.push_back(line);
  }
  return declarations;
}

TEST(Ops, EveryOpHasItsRows) {
  std::ifstream header(GRADUS_SOURCE_DIR "/autograd/ops.h");
  ASSERT_TRUE(header.is_open());
  const Declarations declared = read_declarations(header);
  EXPECT_FALSE(declared.ops.empty());
  for (const std::string& line : declared.unknown)
    ADD_FAILURE() << "this test does not understand a line of ops.h: " << line;
  std::map<std::string, int> rows;
  for (const Row& row : op_table())
    ++rows[row.op];
  for (const auto& [op, forms] : declared.ops)
    EXPECT_GE(rows[op], forms) << op << " is declared " << forms << " times in ops.h";
  for (const auto& [op, count] : rows)
    EXPECT_TRUE(declared.ops.count(op)) << op << " has a row and is not in ops.h";
}

TEST(Ops, NoDeclarationIsMissed) {
  std::istringstream header(
      "// Tensor comment(const Tensor& x);\n"
      "Tensor one(const Tensor& x,\n"
      "           int64_t dim);\n"
      "inline Tensor one(const Tensor& x) { return one(x, 0); }\n"
      "std::tuple<Tensor, Tensor> two(const Tensor& x);\n"
      "GRADUS_OPERATOR(+, add)\n"
      "std::optional<Tensor> three(const Tensor& x);\n"
      "static Tensor four(const Tensor& x);\n");
  const Declarations declared = read_declarations(header);
  EXPECT_EQ(declared.ops, (std::map<std::string, int>{{"one", 2}, {"operator+", 1}, {"two", 1}}));
  EXPECT_EQ(declared.unknown.size(), 2u);
}

}  // namespace
}  // namespace gradus::tests
