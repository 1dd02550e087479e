// Properties of the ops that take indices.
#include "tests/fuzz/properties_support.h"

namespace gradus::fuzz {
namespace {

/// An array with at least one dimension.
Array<double> with_dims() {
  Index sizes = some_sizes();
  if (sizes.empty()) sizes.push_back(pick(1, 4));
  return counted(sizes);
}

/// Indices from 0 to size - 1; rarely one is out of range.
Array<double> some_indices(const Index& sizes, int64_t size, bool& in_range) {
  Array<double> indices = counted(sizes);
  in_range = true;
  for (double& value : indices.values) {
    const int64_t index = size == 0 || pick(0, 60) == 0 ? size + pick(0, 1) : pick(0, size - 1);
    in_range = in_range && index < size;
    value = static_cast<double>(index);
  }
  return indices;
}

Index replaced(Index index, size_t dim, double value) {
  index[dim] = static_cast<int64_t>(value);
  return index;
}

void index_select_takes_these_entries() {
  const Array<double> a = with_dims();
  const Dim dim = some_dim(a.sizes);
  bool in_range = false;
  const Array<double> indices = some_indices({pick(0, 5)}, a.sizes[dim.index], in_range);
  const Tensor x = in_some_layout(tensor_of(a));
  const Tensor ids = in_some_layout(tensor_of(indices, kInt64));
  if (!in_range) {
    RC_ASSERT(throws([&] { index_select(x, dim.given, ids); }));
    return;
  }
  Index sizes = a.sizes;
  sizes[dim.index] = indices.sizes[0];
  require_same(index_select(x, dim.given, ids), Array<double>::make(sizes, [&](const Index& i) {
                 return a.at(replaced(i, dim.index, indices.at({i[dim.index]})));
               }));
}

void gather_takes_one_entry_for_each_index() {
  const Array<double> a = with_dims();
  const Dim dim = some_dim(a.sizes);
  Index sizes = a.sizes;
  for (size_t d = 0; d < sizes.size(); ++d)
    sizes[d] = d == dim.index ? pick(0, 5) : pick(0, sizes[d]);
  bool in_range = false;
  const Array<double> indices = some_indices(sizes, a.sizes[dim.index], in_range);
  const Tensor x = in_some_layout(tensor_of(a)).requires_grad_();
  const Tensor ids = in_some_layout(tensor_of(indices, kInt64));
  if (!in_range) {
    RC_ASSERT(throws([&] { gather(x, dim.given, ids); }));
    return;
  }
  const Tensor y = gather(x, dim.given, ids);
  require_same(y, Array<double>::make(sizes, [&](const Index& index) {
                 return a.at(replaced(index, dim.index, indices.at(index)));
               }));
  const Array<double> directions = counted(sizes);
  y.backward(in_some_layout(tensor_of(directions)));
  Array<double> expected = counted(a.sizes);
  std::fill(expected.values.begin(), expected.values.end(), 0);
  for_each_index(sizes, [&](const Index& index) {
    expected.values[a.position(replaced(index, dim.index, indices.at(index)))] +=
        directions.at(index);
  });
  require_same(x.grad(), expected);
}

void scatter_add_adds_to_one_entry_for_each_index() {
  const Array<double> a = with_dims();
  const Dim dim = some_dim(a.sizes);
  Index sizes = a.sizes;
  for (size_t d = 0; d < sizes.size(); ++d)
    sizes[d] = d == dim.index ? pick(0, 5) : pick(0, sizes[d]);
  bool in_range = false;
  const Array<double> indices = some_indices(sizes, a.sizes[dim.index], in_range);
  const Array<double> source = counted(sizes, 100);
  const Tensor x = in_some_layout(tensor_of(a));
  const auto scattered = [&] {
    return scatter_add(x, dim.given, in_some_layout(tensor_of(indices, kInt64)),
                       in_some_layout(tensor_of(source)));
  };
  if (!in_range) {
    RC_ASSERT(throws(scattered));
    return;
  }
  Array<double> expected = a;
  for_each_index(sizes, [&](const Index& index) {
    expected.values[a.position(replaced(index, dim.index, indices.at(index)))] += source.at(index);
  });
  require_same(scattered(), expected);
}

void embedding_takes_these_rows() {
  const Array<double> weight = counted({pick(1, 5), pick(0, 4)});
  bool in_range = false;
  const Array<double> indices = some_indices(some_sizes(), weight.sizes[0], in_range);
  const Tensor table = in_some_layout(tensor_of(weight));
  const Tensor ids = in_some_layout(tensor_of(indices, kInt64));
  if (!in_range) {
    RC_ASSERT(throws([&] { embedding(table, ids); }));
    return;
  }
  Index sizes = indices.sizes;
  sizes.push_back(weight.sizes[1]);
  require_same(embedding(table, ids), Array<double>::make(sizes, [&](const Index& index) {
                 const Index token(index.begin(), index.end() - 1);
                 return weight.at({static_cast<int64_t>(indices.at(token)), index.back()});
               }));
}

void masked_fill_changes_the_elements_of_the_mask() {
  const Array<double> a = counted(some_sizes());
  Array<double> mask = counted(a.sizes);
  for (double& value : mask.values)
    value = coin() ? 1 : 0;
  const Tensor x = in_some_layout(tensor_of(a));
  const Tensor chosen = in_some_layout(tensor_of(mask, kBool));
  const Array<double> expected =
      Array<double>::make(a.sizes, [&](const Index& i) { return mask.at(i) != 0 ? -7 : a.at(i); });
  require_same(masked_fill(x, chosen, -7), expected);
  x.masked_fill_(chosen, -7);
  require_same(x, expected);
}

void sums_are_loops_over_these_dimensions() {
  const Array<double> a = with_dims();
  std::vector<bool> reduced(a.sizes.size(), false);
  Shape dims;
  for (size_t d = 0; d < reduced.size(); ++d)
    if (coin()) {
      reduced[d] = true;
      dims.push_back(static_cast<int64_t>(d));
    }
  if (dims.empty()) return;
  Index sizes = a.sizes;
  for (size_t d = 0; d < reduced.size(); ++d)
    if (reduced[d]) sizes[d] = 1;
  Array<double> expected = counted(sizes);
  std::fill(expected.values.begin(), expected.values.end(), 0);
  for_each_index(a.sizes, [&](Index index) {
    const double value = a.at(index);
    for (size_t d = 0; d < reduced.size(); ++d)
      if (reduced[d]) index[d] = 0;
    expected.values[expected.position(index)] += value;
  });
  require_same(sum(in_some_layout(tensor_of(a)), dims, true), expected);
}

}  // namespace

bool indexing_holds() {
  bool all = check("index_select takes these entries", index_select_takes_these_entries);
  all =
      check("gather takes one entry for each index", gather_takes_one_entry_for_each_index) && all;
  all = check("scatter_add adds to one entry for each index",
              scatter_add_adds_to_one_entry_for_each_index) &&
        all;
  all = check("embedding takes these rows", embedding_takes_these_rows) && all;
  all = check("masked_fill changes the elements of the mask",
              masked_fill_changes_the_elements_of_the_mask) &&
        all;
  return check("sums are loops over these dimensions", sums_are_loops_over_these_dimensions) && all;
}

}  // namespace gradus::fuzz
