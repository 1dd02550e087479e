// Properties of views. The reference of a view is an array of positions in the base tensor.
#include <set>

#include "tests/fuzz/properties_support.h"

namespace gradus::fuzz {
namespace {

/// A tensor that is a view, and which elements of the base its own are.
struct View {
  Tensor tensor;
  Array<int64_t> positions;

  /// Whether several elements are the same one of the base.
  bool repeats() const {
    const std::set<int64_t> distinct(positions.values.begin(), positions.values.end());
    return distinct.size() < positions.values.size();
  }
};

using Step = void (*)(View& view);

/// The positions at f(index) for each index of the new sizes.
void map_positions(View& view, const Index& sizes, const std::function<Index(const Index&)>& f) {
  const Array<int64_t> old = view.positions;
  view.positions =
      Array<int64_t>::make(sizes, [&](const Index& index) { return old.at(f(index)); });
}

void narrow_step(View& view) {
  const Dim dim = some_dim(view.positions.sizes);
  Index sizes = view.positions.sizes;
  const int64_t start = pick(0, sizes[dim.index]);
  const int64_t length = pick(0, sizes[dim.index] - start);
  sizes[dim.index] = length;
  map_positions(view, sizes, [&](Index index) {
    index[dim.index] += start;
    return index;
  });
  view.tensor = view.tensor.narrow(dim.given, start, length);
}

void select_step(View& view) {
  const Dim dim = some_dim(view.positions.sizes);
  Index sizes = view.positions.sizes;
  const int64_t size = sizes[dim.index];
  if (size == 0) return;
  const int64_t chosen = pick(0, size - 1);
  const auto at = static_cast<std::ptrdiff_t>(dim.index);
  sizes.erase(sizes.begin() + at);
  map_positions(view, sizes, [&](Index index) {
    index.insert(index.begin() + at, chosen);
    return index;
  });
  view.tensor = view.tensor.select(dim.given, coin() ? chosen : chosen - size);
}

/// Python's slice start:end:step, with bounds that may be missing, negative or too large.
void slice_step(View& view) {
  const Dim dim = some_dim(view.positions.sizes);
  Index sizes = view.positions.sizes;
  const int64_t size = sizes[dim.index];
  const auto bound = [] { return coin() ? std::optional(pick(-6, 6)) : std::nullopt; };
  const std::optional<int64_t> start = bound();
  const std::optional<int64_t> end = bound();
  const int64_t step = pick(1, 3);
  const auto clipped = [&](int64_t i) {
    return std::clamp<int64_t>(i < 0 ? i + size : i, 0, size);
  };
  std::vector<int64_t> chosen;
  for (int64_t i = clipped(start.value_or(0)); i < clipped(end.value_or(size)); i += step)
    chosen.push_back(i);
  sizes[dim.index] = std::ssize(chosen);
  map_positions(view, sizes, [&](Index index) {
    index[dim.index] = chosen[static_cast<size_t>(index[dim.index])];
    return index;
  });
  view.tensor = view.tensor.slice(dim.given, start, end, step);
}

void transpose_step(View& view) {
  const Dim a = some_dim(view.positions.sizes);
  const Dim b = some_dim(view.positions.sizes);
  Index sizes = view.positions.sizes;
  std::swap(sizes[a.index], sizes[b.index]);
  map_positions(view, sizes, [&](Index index) {
    std::swap(index[a.index], index[b.index]);
    return index;
  });
  view.tensor = view.tensor.transpose(a.given, b.given);
}

void unsqueeze_step(View& view) {
  Index sizes = view.positions.sizes;
  const int64_t n = std::ssize(sizes);
  const int64_t at = pick(0, n);
  sizes.insert(sizes.begin() + at, 1);
  map_positions(view, sizes, [&](Index index) {
    index.erase(index.begin() + at);
    return index;
  });
  view.tensor = view.tensor.unsqueeze(coin() ? at : at - n - 1);
}

void squeeze_step(View& view) {
  const Dim dim = some_dim(view.positions.sizes);
  Index sizes = view.positions.sizes;
  if (sizes[dim.index] == 1) {
    const auto at = static_cast<std::ptrdiff_t>(dim.index);
    sizes.erase(sizes.begin() + at);
    map_positions(view, sizes, [&](Index index) {
      index.insert(index.begin() + at, 0);
      return index;
    });
  }
  view.tensor = view.tensor.squeeze(dim.given);
}

void expand_step(View& view) {
  Index sizes = view.positions.sizes;
  for (int64_t& size : sizes)
    if (size == 1 && coin()) size = pick(0, 3);
  if (sizes.size() < 6 && coin()) sizes.insert(sizes.begin(), pick(1, 2));
  const Array<int64_t> old = view.positions;
  view.positions =
      Array<int64_t>::make(sizes, [&](const Index& index) { return old.broadcast_at(index); });
  view.tensor = view.tensor.expand(sizes);
}

/// Two dimensions merged into one: a view if the strides allow it, else an Error.
void view_step(View& view) {
  Index sizes = view.positions.sizes;
  if (sizes.size() < 2) return;
  const auto at = static_cast<std::ptrdiff_t>(pick(0, std::ssize(sizes) - 2));
  sizes[static_cast<size_t>(at)] *= sizes[static_cast<size_t>(at) + 1];
  sizes.erase(sizes.begin() + at + 1);
  const bool refused = throws([&] { view.tensor.view(sizes); });
  RC_ASSERT(!refused || !view.tensor.is_contiguous());
  require_same(view.tensor.reshape(sizes), Array<double>{sizes, numbers_of(view.tensor)});
  if (refused) return;
  view.positions.sizes = sizes;
  view.tensor = view.tensor.view(sizes);
}

View some_view(const Tensor& base) {
  View view{base, Array<int64_t>{base.sizes().vec()}};
  view.positions.values.resize(static_cast<size_t>(base.numel()));
  std::iota(view.positions.values.begin(), view.positions.values.end(), 0);
  const Step anywhere[] = {unsqueeze_step, expand_step, view_step};
  const Step in_dims[] = {narrow_step, select_step, slice_step, transpose_step, squeeze_step};
  for (int64_t steps = pick(1, 6); steps > 0; --steps) {
    const bool has_dims = !view.positions.sizes.empty() && pick(0, 3) > 0;
    if (has_dims)
      in_dims[pick(0, 4)](view);
    else if (view.positions.sizes.size() < 7)
      anywhere[pick(0, 2)](view);
  }
  return view;
}

void views_have_the_numbers_of_the_base() {
  const Array<double> numbers = counted(some_sizes());
  const View view = some_view(tensor_of(numbers));
  require_same(view.tensor, Array<double>::make(view.positions.sizes, [&](const Index& index) {
                 return numbers.values[static_cast<size_t>(view.positions.at(index))];
               }));
}

void writing_to_a_view_changes_these_elements_of_the_base() {
  Array<double> numbers = counted(some_sizes());
  const Tensor base = tensor_of(numbers);
  const View view = some_view(base);
  const Array<double> written = counted(view.positions.sizes, 1000);
  if (view.repeats()) {
    RC_ASSERT(throws([&] { view.tensor.copy_(tensor_of(written)); }));
    return;
  }
  view.tensor.copy_(in_some_layout(tensor_of(written)));
  for (size_t i = 0; i < written.values.size(); ++i)
    numbers.values[static_cast<size_t>(view.positions.values[i])] = written.values[i];
  require_same(base, numbers);
}

void gradients_of_a_view_reach_these_elements_of_the_base() {
  const Array<double> numbers = counted(some_sizes());
  const Tensor base = tensor_of(numbers).requires_grad_();
  const View view = some_view(base);
  const Array<double> directions = counted(view.positions.sizes);
  if (!view.tensor.requires_grad()) return;
  view.tensor.backward(in_some_layout(tensor_of(directions)));
  Array<double> expected = counted(numbers.sizes);
  std::fill(expected.values.begin(), expected.values.end(), 0);
  for (size_t i = 0; i < directions.values.size(); ++i)
    expected.values[static_cast<size_t>(view.positions.values[i])] += directions.values[i];
  if (view.tensor.is_same(base)) return;
  require_same(base.grad(), expected);
}

void parts_together_are_the_tensor() {
  const Index sizes = some_sizes();
  if (sizes.empty()) return;
  const Array<double> numbers = counted(sizes);
  const Tensor x = in_some_layout(tensor_of(numbers));
  const Dim dim = some_dim(sizes);
  const std::vector<Tensor> parts =
      coin() ? x.chunk(pick(1, 5), dim.given) : x.split(pick(1, 3), dim.given);
  require_same(cat(parts, dim.given), numbers);
}

}  // namespace

bool views_hold() {
  bool all = check("views have the numbers of the base", views_have_the_numbers_of_the_base);
  all = check("writing to a view changes these elements of the base",
              writing_to_a_view_changes_these_elements_of_the_base) &&
        all;
  all = check("gradients of a view reach these elements of the base",
              gradients_of_a_view_reach_these_elements_of_the_base) &&
        all;
  return check("parts together are the tensor", parts_together_are_the_tensor) && all;
}

}  // namespace gradus::fuzz
