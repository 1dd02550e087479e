#include <sstream>

#include "examples.h"

namespace gradus::api {

using namespace indexing;

namespace {

Group making() {
  return {"Making tensors",
          {
              EXAMPLE("tensor", tensor({{1., 2.}, {3., 4.}})),
              EXAMPLE("zeros", zeros({2, 2})),
              EXAMPLE("ones", ones(3, kInt64)),
              EXAMPLE("full", full({2}, 7)),
              EXAMPLE("empty", empty({2, 3}).sizes()),
              EXAMPLE("arange", arange(0, 6, 2)),
              EXAMPLE("linspace", linspace(0, 1, 5)),
              EXAMPLE("eye", eye(2)),
              EXAMPLE("from_vector", from_vector(std::vector<float>{1, 2, 3, 4}, {2, 2})),
              EXAMPLE("zeros_like", zeros_like(ids)),
              EXAMPLE("ones_like", ones_like(x)),
              EXAMPLE("full_like", full_like(x, 0.5)),
              EXAMPLE("empty_like", empty_like(m).sizes()),
              EXAMPLE("Tensor", Tensor().defined()),
              EXAMPLE("NestedNumbers", tensor(NestedNumbers{{1, 2}, {3, 4}})),
              EXAMPLE("TensorOptions", zeros({2}, TensorOptions(kFloat64))),
              EXAMPLE("dtype", zeros({2}, dtype(kFloat64).requires_grad(true))),
              EXAMPLE("requires_grad", ones({2}, requires_grad())),
              EXAMPLE("get_default_dtype", get_default_dtype()),
              EXAMPLE_AFTER("set_default_dtype", made.dtype(), set_default_dtype(kFloat64);
                            const Tensor made = zeros(2); set_default_dtype(kFloat32);),
          }};
}

Group random_numbers() {
  return {"Random numbers, the same as PyTorch's for the same seed",
          {
              EXAMPLE_AFTER("manual_seed", rand({2}), manual_seed(123);),
              EXAMPLE("rand", rand({2})),
              EXAMPLE("randn", randn({2})),
              EXAMPLE("randint", randint(0, 10, {4})),
              EXAMPLE("randperm", randperm(4)),
              EXAMPLE("rand_like", rand_like(x)),
              EXAMPLE("randn_like", randn_like(x)),
              EXAMPLE("multinomial", multinomial(tensor({0., 0.5, 0.5}), 2)),
              EXAMPLE("Tensor::uniform_", empty({2}).uniform_(-1, 1)),
              EXAMPLE("Tensor::normal_", empty({2}).normal_(0, 0.02)),
              EXAMPLE("Tensor::bernoulli_", empty({4}).bernoulli_(0.5)),
              EXAMPLE("Tensor::random_", empty({2}, kInt64).random_(0, 10)),
              EXAMPLE_AFTER("get_rng_state", rand({1}), const Tensor state = get_rng_state();
                            rand({5}); set_rng_state(state);),
              EXAMPLE_AFTER("set_rng_state", rand({1}), const Tensor state = get_rng_state();
                            rand({5}); set_rng_state(state);),
              EXAMPLE_AFTER("set_dropout_style", dropout_style() == DropoutStyle::book,
                            set_dropout_style(DropoutStyle::book);),
              EXAMPLE("dropout_style", dropout_style() == DropoutStyle::book),
              EXAMPLE("DropoutStyle", dropout_style() == DropoutStyle::mkl),
          }};
}

Group asking() {
  return {"Asking a tensor",
          {
              EXAMPLE("Tensor::sizes", m.sizes()),
              EXAMPLE("Tensor::size", m.size(-1)),
              EXAMPLE("Tensor::dim", m.dim()),
              EXAMPLE("Tensor::ndimension", m.ndimension()),
              EXAMPLE("Tensor::numel", m.numel()),
              EXAMPLE("Tensor::strides", m.t().strides()),
              EXAMPLE("Tensor::stride", m.stride(0)),
              EXAMPLE("Tensor::storage_offset", m[1].storage_offset()),
              EXAMPLE("Tensor::is_contiguous", m.t().is_contiguous()),
              EXAMPLE("Tensor::dtype", ids.dtype()),
              EXAMPLE("Tensor::scalar_type", ids.scalar_type()),
              EXAMPLE("Tensor::is_floating_point", ids.is_floating_point()),
              EXAMPLE("Tensor::options", zeros({2}, ids.options())),
              EXAMPLE("Tensor::item", x.sum().item<double>()),
              EXAMPLE("Tensor::to_vector", m.to_vector<int>()),
              EXAMPLE("Tensor::data_ptr", *x.data_ptr<float>()),
              EXAMPLE("Tensor::defined", Tensor().defined()),
              EXAMPLE("Tensor::is_same", x.is_same(x.clone())),
              EXAMPLE("equal", equal(x, x.clone())),
              EXAMPLE("allclose", allclose(x, x + 1e-9)),
              EXAMPLE("to_string", to_string(x)),
              EXAMPLE_AFTER("operator<<", out.str(), std::ostringstream out; out << m.sizes();),
          }};
}

Group numbers() {
  return {"Dtypes, numbers and shapes",
          {
              EXAMPLE("kFloat32", zeros({2}).dtype() == kFloat32),
              EXAMPLE("kFloat64", zeros({2}, kFloat64)),
              EXAMPLE("kInt64", tensor({1, 2}).dtype() == kInt64),
              EXAMPLE("kBool", (x > 1).dtype() == kBool),
              EXAMPLE("kBFloat16", tensor({1.0, 0.1}).to(kBFloat16)),
              EXAMPLE("kFloat", kFloat == kFloat32),
              EXAMPLE("kDouble", kDouble == kFloat64),
              EXAMPLE("kLong", kLong == kInt64),
              EXAMPLE("DType", DType::Float32),
              EXAMPLE("ScalarType", ScalarType::Int64),
              EXAMPLE("name", name(kInt64)),
              EXAMPLE("element_size", element_size(kFloat32)),
              EXAMPLE("is_floating_point", is_floating_point(kInt64)),
              EXAMPLE("dtype_of", dtype_of<double>),
              EXAMPLE("Scalar", Scalar(2.5).to<int>()),
              EXAMPLE("Shape", Shape{2, 3}.size()),
              EXAMPLE("IntArrayRef", IntArrayRef({2, 3}).back()),
              EXAMPLE("optional", x.argmax(optional<int64_t>(0))),
          }};
}

Group views() {
  return {"Views, which share memory",
          {
              EXAMPLE("view", m.view({4})),
              EXAMPLE("reshape", m.t().reshape({4})),
              EXAMPLE("transpose", m.transpose(0, 1)),
              EXAMPLE("t", m.t()),
              EXAMPLE("permute", zeros({2, 3, 4}).permute({2, 0, 1}).sizes()),
              EXAMPLE("unsqueeze", x.unsqueeze(0)),
              EXAMPLE("squeeze", zeros({1, 3, 1}).squeeze().sizes()),
              EXAMPLE("expand", x.expand({2, 3})),
              EXAMPLE("flatten", m.flatten()),
              EXAMPLE("select", m.select(1, 0)),
              EXAMPLE("narrow", x.narrow(0, 1, 2)),
              EXAMPLE("slice", arange(6).slice(0, 1, 6, 2)),
              EXAMPLE("chunk", arange(5).chunk(2)),
              EXAMPLE("split", arange(5).split(2)),
              EXAMPLE("Tensor::view_as", arange(4).view_as(m)),
              EXAMPLE("Tensor::reshape_as", arange(4).reshape_as(m)),
              EXAMPLE("Tensor::expand_as", tensor({5., 6.}).expand_as(m)),
              EXAMPLE("Tensor::operator[]", m[1]),
              EXAMPLE("alias", alias(x).is_same(x)),
          }};
}

Group copies() {
  return {"Copies and conversions",
          {
              EXAMPLE("to", x.to(kInt64)),
              EXAMPLE("clone", x.clone()),
              EXAMPLE("contiguous", m.t().contiguous().strides()),
              EXAMPLE("cat", cat({x, x})),
              EXAMPLE("stack", stack({x, x})),
              EXAMPLE("flip", x.flip(0)),
              EXAMPLE("repeat", x.repeat(2)),
              EXAMPLE("tile", m.tile(2)),
              EXAMPLE("roll", x.roll(1)),
              EXAMPLE("repeat_interleave", x.repeat_interleave(2)),
              EXAMPLE("pad", pad(x, {1, 2})),
              EXAMPLE("unbind", m.unbind(1)[0]),
              EXAMPLE("diagonal", m.diagonal()),
              EXAMPLE("diag", x.diag()),
          }};
}

Group index() {
  return {"Indexing",
          {
              EXAMPLE("index", m.index({Slice(), 0})),
              EXAMPLE_AFTER("index_put_", y, Tensor y = x.clone(); y.index_put_({mask}, 0);),
              EXAMPLE("index_put", index_put(x, {ids}, zeros({2}))),
              EXAMPLE("indexing::Slice", arange(6).index({Slice(1, None, 2)})),
              EXAMPLE("indexing::None", x.index({None, Slice()}).sizes()),
              EXAMPLE("indexing::Ellipsis", m.index({Ellipsis, 1})),
              EXAMPLE("indexing::TensorIndex", m.index({TensorIndex(1)})),
              EXAMPLE("indexing::EllipsisIndexType", m.index({EllipsisIndexType()})),
              EXAMPLE("nonzero", nonzero(mask)),
              EXAMPLE("masked_select", masked_select(x, mask)),
              EXAMPLE("index_select", x.index_select(0, ids)),
              EXAMPLE("gather", x.gather(0, ids)),
              EXAMPLE("scatter_add", zeros({3}).scatter_add(0, ids, ones({2}))),
              EXAMPLE("embedding", embedding(m, tensor({1, 0}))),
              EXAMPLE("one_hot", one_hot(ids)),
          }};
}

Group in_place() {
  return {"In place",
          {
              EXAMPLE("Tensor::fill_", x.fill_(2)),
              EXAMPLE("Tensor::zero_", x.zero_()),
              EXAMPLE("Tensor::copy_", zeros({3}).copy_(x)),
              EXAMPLE("Tensor::add_", x.add_(1)),
              EXAMPLE("Tensor::sub_", x.sub_(1)),
              EXAMPLE("Tensor::mul_", x.mul_(2)),
              EXAMPLE("Tensor::div_", x.div_(2)),
              EXAMPLE("Tensor::masked_fill_", x.masked_fill_(mask, 0)),
              EXAMPLE("Tensor::bitwise_and_", mask.bitwise_and_(true)),
              EXAMPLE("Tensor::bitwise_or_", mask.bitwise_or_(true)),
              EXAMPLE("Tensor::bitwise_xor_", mask.bitwise_xor_(true)),
              EXAMPLE_AFTER("Tensor::operator+=", x, x += 1;),
              EXAMPLE_AFTER("Tensor::operator-=", x, x -= 1;),
              EXAMPLE_AFTER("Tensor::operator*=", x, x *= 2;),
              EXAMPLE_AFTER("Tensor::operator/=", x, x /= 2;),
              EXAMPLE_AFTER("Tensor::operator&=", mask, mask &= false;),
              EXAMPLE_AFTER("Tensor::operator|=", mask, mask |= true;),
              EXAMPLE_AFTER("Tensor::operator^=", mask, mask ^= true;),
              EXAMPLE_AFTER("Tensor::operator=", m, m[0] = 0;),
          }};
}

Group files() {
  return {"Files, memory, threads",
          {
              EXAMPLE_AFTER("save_safetensors", load_safetensors("x.safetensors")[0].second,
                            save_safetensors("x.safetensors", {{"x", x}});),
              EXAMPLE_AFTER("load_safetensors", load_safetensors("x.safetensors")[0].first,
                            save_safetensors("x.safetensors", {{"x", x}});),
              EXAMPLE_AFTER("SafetensorsOptions", load_safetensors("x.safetensors", options).size(),
                            save_safetensors("x.safetensors", {{"x", x}});
                            SafetensorsOptions options;),
              EXAMPLE("NamedTensors", NamedTensors{{"x", x}}[0].first),
              EXAMPLE_AFTER("save_npy", load_npy("x.npy"), save_npy("x.npy", x);),
              EXAMPLE_AFTER("load_npy", load_npy("x.npy"), save_npy("x.npy", x);),
              EXAMPLE_AFTER("set_num_threads", get_num_threads(), set_num_threads(1);),
              EXAMPLE_AFTER("get_num_threads", get_num_threads(), set_num_threads(1);),
              EXAMPLE_AFTER("set_float32_matmul_precision", get_float32_matmul_precision(),
                            set_float32_matmul_precision("medium");),
              EXAMPLE_AFTER("get_float32_matmul_precision", get_float32_matmul_precision(),
                            set_float32_matmul_precision("highest");),
          }};
}

}  // namespace

std::vector<Group> groups_of_tensors() {
  return {making(), random_numbers(), asking(),   numbers(), views(),
          copies(), index(),          in_place(), files()};
}

}  // namespace gradus::api
